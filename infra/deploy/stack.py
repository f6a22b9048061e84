"""One CloudFormation stack: change set made, shown, agreed to, executed; then watched until the stack stands still.

CloudFormation itself keeps two deployments apart: while a stack moves nobody else can move it, and executing one change set takes every other
one away. So there is no lock that an interrupted deployment could leave behind.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.functions import Wrong

CAPABILITIES = ["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"]
# A change set that changes nothing is told as a failure, in one of these ways.
NOTHING = ("didn't contain changes", "No updates are to be performed")
# Nothing of ours but a whole stack comes out of these; anything else needs a person.
STUCK = ("ROLLBACK_FAILED", "UPDATE_ROLLBACK_FAILED", "DELETE_FAILED", "UPDATE_FAILED", "CREATE_FAILED")
# What the second of two deployments at once hears.
OVERTAKEN = ("ChangeSetNotFound", "InvalidChangeSetStatus")


class Refused(Wrong):
    """CloudFormation cannot make a change set of what it was given."""


@dataclass
class Stack:
    """A stack by its name. `poll` is the time between two looks, in seconds; AWS has no event that could be waited for."""

    account: Account
    name: str
    poll: float
    say: Callable[[str], None] = print
    seen: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.client = self.account.client("cloudformation")

    def describe(self) -> dict | None:
        """The stack as CloudFormation tells it; none where there is no stack or only a plan of one."""
        found = self.found()
        return None if found is None or found["StackStatus"] == "REVIEW_IN_PROGRESS" else found

    def found(self) -> dict | None:
        try:
            return self.client.describe_stacks(StackName=self.name)["Stacks"][0]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return None
            raise

    def outputs(self) -> dict[str, str]:
        return {each["OutputKey"]: each["OutputValue"] for each in (self.describe() or {}).get("Outputs", [])}

    def parameters(self) -> dict[str, str]:
        return {each["ParameterKey"]: each["ParameterValue"] for each in (self.describe() or {}).get("Parameters", [])}

    def idle(self) -> dict | None:
        """Waits for the end of what another deployment, or an interrupted one, has begun."""
        stack = self.describe()
        if stack and stack["StackStatus"].endswith("_IN_PROGRESS"):
            self.say(f"{self.name}: another deployment is at work ({stack['StackStatus']}); waiting for its end")
            self.mark()
            stack = self.still(begun=True)
        return stack

    def settle(self) -> None:
        """Brings the stack to where it can be changed: at rest, and without the rest of a creation that failed."""
        stack = self.idle()
        if stack and stack["StackStatus"] == "ROLLBACK_COMPLETE":
            self.say(f"{self.name}: its first creation failed; removing what is left of that")
            self.delete()
        elif stack and stack["StackStatus"] in STUCK:
            raise Wrong(
                f"{self.name} is {stack['StackStatus']} ({stack.get('StackStatusReason', 'no reason told')}); "
                f"`aws cloudformation continue-update-rollback --stack-name {self.name}` brings back one that is stuck"
            )

    def change(self, template: dict, parameters: dict[str, str], agree: Callable[[str], bool]) -> bool:
        """Brings the stack to a template ({"TemplateBody": ..} or {"TemplateURL": ..}); False where it is that already."""
        self.settle()
        new = self.describe() is None
        plan = self.client.create_change_set(
            StackName=self.name,
            ChangeSetName=f"deploy-{time.time_ns()}",
            ChangeSetType="CREATE" if new else "UPDATE",
            Capabilities=CAPABILITIES,
            Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in sorted(parameters.items())],
            **template,
        )["Id"]
        changes = self.planned(plan)
        if not changes:
            self.client.delete_change_set(StackName=self.name, ChangeSetName=plan)
            self.say(f"{self.name}: no change")
            return False
        self.say(f"{self.name}: {'to be created' if new else 'to be changed'}")
        for line in table(changes):
            self.say(line)
        if not agree(f"{'Create' if new else 'Change'} {self.name}?"):
            self.client.delete_change_set(StackName=self.name, ChangeSetName=plan)
            raise Wrong("not agreed to; nothing was changed")
        self.execute(plan)
        return True

    def planned(self, plan: str) -> list[dict]:
        """The changes of a change set, once CloudFormation has worked them out."""
        while True:
            told = self.client.describe_change_set(ChangeSetName=plan)
            if told["Status"] == "FAILED":
                reason = told.get("StatusReason", "")
                if any(words in reason for words in NOTHING):
                    return []
                self.client.delete_change_set(StackName=self.name, ChangeSetName=plan)
                raise Refused(f"{self.name}: CloudFormation refuses the change set: {' '.join(reason.split())}")
            if told["Status"] == "CREATE_COMPLETE":
                pages = self.client.get_paginator("describe_change_set").paginate(ChangeSetName=plan)
                return [each["ResourceChange"] for page in pages for each in page["Changes"]]
            time.sleep(self.poll)

    def execute(self, plan: str) -> None:
        self.mark()
        try:
            self.client.execute_change_set(StackName=self.name, ChangeSetName=plan)
        except ClientError as error:
            if error.response["Error"]["Code"] in OVERTAKEN:
                raise Wrong(
                    f"{self.name}: another deployment was quicker and the change set no longer holds; run it again"
                ) from error
            raise

    def still(self, look: Callable[[], None] = lambda: None, begun: bool = False) -> dict | None:
        """The stack once nothing moves in it; its events are told as they come, and `look` is called between them.

        What was just asked for is not `begun` until an event tells so: for a moment the stack still looks as it did before.
        """
        while True:
            begun = self.tell() or begun
            stack = self.found()
            look()
            if begun and (stack is None or not stack["StackStatus"].endswith("_IN_PROGRESS")):
                self.tell()
                return stack
            time.sleep(self.poll)

    def mark(self) -> None:
        """What has happened until now is nobody's news."""
        self.seen = {event["EventId"] for event in self.events()}

    def events(self) -> list[dict]:
        """The newest page of events, the oldest first; enough between two looks."""
        try:
            return self.client.describe_stack_events(StackName=self.name)["StackEvents"][::-1]
        except ClientError as error:
            if "does not exist" in error.response["Error"]["Message"]:
                return []
            raise

    def tell(self) -> bool:
        """Tells what has happened since the last look, if anything has."""
        fresh = [event for event in self.events() if event["EventId"] not in self.seen]
        self.seen |= {event["EventId"] for event in fresh}
        for event in fresh:
            reason = event.get("ResourceStatusReason")
            if reason or not event["ResourceStatus"].endswith("_IN_PROGRESS"):
                line = f"  {event['Timestamp']:%H:%M:%S} {event['ResourceStatus']} {event['LogicalResourceId']}"
                self.say(f"{line}: {reason}" if reason else line)
        return bool(fresh)

    def physical(self, kind: str) -> list[str]:
        """The names in AWS of the stack's resources of a type."""
        pages = self.client.get_paginator("list_stack_resources").paginate(StackName=self.name)
        rows = [row for page in pages for row in page["StackResourceSummaries"]]
        return [
            row["PhysicalResourceId"] for row in rows if row["ResourceType"] == kind and row.get("PhysicalResourceId")
        ]

    def delete(self) -> None:
        """Removes the stack; nothing to do where there is none."""
        stack = self.found()
        if stack is None:
            return
        # By its id it can still be asked for once it is gone by its name.
        gone = Stack(self.account, stack["StackId"], self.poll, self.say)
        gone.mark()
        self.client.delete_stack(StackName=self.name)
        end = gone.still()
        if end and end["StackStatus"] != "DELETE_COMPLETE":
            raise Wrong(
                f"{self.name} is {end['StackStatus']}: {end.get('StackStatusReason', 'its events above say why')}"
            )


def table(changes: list[dict]) -> list[str]:
    """A line a changed resource: what is done to it, what it is, whether another takes its place."""
    width = max(len(each["LogicalResourceId"]) for each in changes)
    return [
        f"  {each['Action']:<7}{each['LogicalResourceId']:<{width}}  {each['ResourceType']}"
        + {"True": "  (replaced)", "Conditional": "  (perhaps replaced)"}.get(each.get("Replacement", ""), "")
        for each in changes
    ]


def ask(question: str) -> bool:
    """A person's yes; without a terminal there is nobody to ask."""
    if not sys.stdin.isatty():
        raise Wrong(f"{question} Nobody is there to answer; YES=1 agrees beforehand")
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
