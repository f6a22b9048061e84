"""CloudFormation: change sets, stacks that move a step at every look, events, and what a change does to the other services."""

import copy
import itertools
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urlparse

import yaml

from infra.tests.doubles.codedeploy import CodeDeploy
from infra.tests.doubles.registry import Ecr
from infra.tests.doubles.secrets import SecretsManager
from infra.tests.doubles.template import Unfit, Untranslatable, plan
from infra.tests.doubles.wire import Refusal, Service

NUMBERS = itertools.count(1)
MOVING = "_IN_PROGRESS"
# How long a stack looks as if it had not been told to move.
LATE_S = 0.1
# The most that a template may have in the call itself, bytes.
MOST_BODY = 51_200


@dataclass
class Stack:
    """A stack; `work` is what is still to be done, a step a look. Until `late` a look sees it as it was before it began to move."""

    name: str
    id: str
    status: str = "REVIEW_IN_PROGRESS"
    reason: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    resources: dict[str, dict] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    events: list[dict] = field(default_factory=list)
    work: Iterator[None] = iter(())
    late: float = 0.0
    made: datetime = field(default_factory=lambda: datetime.now(UTC))


@dataclass
class ChangeSet:
    """What a change would be."""

    name: str
    id: str
    stack: str
    new: bool
    parameters: dict[str, str]
    resources: dict[str, dict] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    changes: list[dict] = field(default_factory=list)
    status: str = "CREATE_IN_PROGRESS"
    becomes: str = "CREATE_COMPLETE"
    reason: str = ""


class CloudFormation(Service):
    """Stacks by name. `breaks` names a logical id that fails; `accelerator` says whether the schema of functions has that setting."""

    name = "cloudformation"

    def __init__(self, place: tuple[str, str], s3: Callable, ecr: Ecr, secrets: SecretsManager, codedeploy: CodeDeploy):
        super().__init__()
        self.region, self.account = place
        self.s3, self.ecr, self.secrets, self.codedeploy = s3, ecr, secrets, codedeploy
        self.functions = codedeploy.functions
        self.stacks: dict[str, Stack] = {}
        self.gone: dict[str, Stack] = {}
        self.plans: dict[str, ChangeSet] = {}
        self.breaks = ""
        self.accelerator = False
        self.executed: list[str] = []

    # -- asked for

    def create_change_set(
        self,
        StackName: str,
        ChangeSetName: str,
        ChangeSetType: str = "UPDATE",
        TemplateBody: str = "",
        TemplateURL: str = "",
        Parameters: list[dict] = (),
        Capabilities: list[str] = (),
        **_,
    ) -> dict:
        stack = self.stacks.get(StackName)
        if stack and stack.status.endswith(MOVING) and stack.status != "REVIEW_IN_PROGRESS":
            raise Refusal("ValidationError", f"Stack:{stack.id} is in {stack.status} state and can not be updated.")
        there = stack is not None and stack.status != "REVIEW_IN_PROGRESS"
        if there and (ChangeSetType == "CREATE" or stack.status == "ROLLBACK_COMPLETE"):
            raise Refusal(
                "ValidationError", f"Stack [{StackName}] already exists and cannot be created again with the changeSet"
            )
        if not there and ChangeSetType == "UPDATE":
            raise Refusal("ValidationError", f"Stack [{StackName}] does not exist")
        if len(TemplateBody) > MOST_BODY:
            raise Refusal("ValidationError", f"'templateBody' failed to satisfy constraint: at most {MOST_BODY}")
        text = TemplateBody or self.fetched(TemplateURL)
        if "Transform:" in text and "CAPABILITY_AUTO_EXPAND" not in Capabilities:
            raise Refusal("InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_AUTO_EXPAND]")
        given = {each["ParameterKey"]: each["ParameterValue"] for each in Parameters}
        stack = stack or self.stacks.setdefault(StackName, Stack(StackName, self.arn("stack", StackName)))
        change = ChangeSet(ChangeSetName, self.arn("changeSet", ChangeSetName), StackName, not there, given)
        try:
            change.resources, change.outputs = plan(text, given, self.pseudo(stack), stack.resources)
        except Unfit as unfit:
            raise Refusal("ValidationError", str(unfit)) from unfit
        except Untranslatable as refused:
            change.becomes, change.reason = "FAILED", str(refused)
            self.plans[change.id] = change
            return {"Id": change.id, "StackId": stack.id}
        declared = yaml.load(text, Loader=yaml.CSafeLoader).get("Parameters", {})
        change.parameters = {name: str(rule.get("Default", "")) for name, rule in declared.items()} | given
        change.changes = differences(stack.resources, change.resources)
        if not change.changes and change.outputs == stack.outputs and there:
            change.becomes = "FAILED"
            change.reason = (
                "The submitted information didn't contain changes. Submit different information to create a change set."
            )
        self.plans[change.id] = change
        return {"Id": change.id, "StackId": stack.id}

    def describe_change_set(self, ChangeSetName: str, **_) -> dict:
        change = self.planned(ChangeSetName)
        seen, change.status = change.status, change.becomes
        available = "AVAILABLE" if seen == "CREATE_COMPLETE" else "UNAVAILABLE"
        answer = {
            "ChangeSetName": change.name,
            "ChangeSetId": change.id,
            "StackName": change.stack,
            "Status": seen,
            "ExecutionStatus": available,
            "Changes": change.changes if seen == "CREATE_COMPLETE" else [],
        }
        return answer | ({"StatusReason": change.reason} if seen == "FAILED" else {})

    def delete_change_set(self, ChangeSetName: str, **_) -> dict:
        self.plans.pop(self.planned(ChangeSetName).id)
        return {}

    def execute_change_set(self, ChangeSetName: str, **_) -> dict:
        change = self.planned(ChangeSetName)
        stack = self.stacks[change.stack]
        if change.status != "CREATE_COMPLETE" or (
            stack.status.endswith(MOVING) and stack.status != "REVIEW_IN_PROGRESS"
        ):
            raise Refusal("InvalidChangeSetStatus", f"ChangeSet [{change.id}] cannot be executed in its current status")
        # All others are of a stack that is no more.
        self.plans = {key: other for key, other in self.plans.items() if other.stack != change.stack}
        self.executed.append(change.stack)
        stack.work, stack.late = self.changing(stack, change), time.monotonic() + LATE_S
        return {}

    def describe_stacks(self, StackName: str, **_) -> dict:
        stack = self.stack(StackName)
        if time.monotonic() > stack.late:
            self.advance(stack)
        told = {
            "StackName": stack.name,
            "StackId": stack.id,
            "CreationTime": stack.made,
            "StackStatus": stack.status,
            "Parameters": [{"ParameterKey": key, "ParameterValue": value} for key, value in stack.parameters.items()],
            "Outputs": [{"OutputKey": key, "OutputValue": value} for key, value in stack.outputs.items()],
        }
        return {"Stacks": [told | ({"StackStatusReason": stack.reason} if stack.reason else {})]}

    def describe_stack_events(self, StackName: str, **_) -> dict:
        return {"StackEvents": self.stack(StackName).events[::-1]}

    def list_stack_resources(self, StackName: str, **_) -> dict:
        stack = self.stack(StackName)
        now = datetime.now(UTC)
        rows = [
            {
                "LogicalResourceId": name,
                "PhysicalResourceId": each["Physical"],
                "ResourceType": each["Type"],
                "LastUpdatedTimestamp": now,
                "ResourceStatus": "CREATE_COMPLETE",
            }
            for name, each in stack.resources.items()
        ]
        return {"StackResourceSummaries": rows}

    def delete_stack(self, StackName: str, **_) -> dict:
        stack = self.stacks.get(StackName)
        if stack:
            self.set(stack, "DELETE_IN_PROGRESS", "User Initiated")
            stack.work = self.deleting(stack)
        return {}

    def describe_type(self, **_) -> dict:
        known = {"AcceleratorConfig": {}} if self.accelerator else {}
        return {"Schema": json.dumps({"properties": {"FunctionName": {}} | known})}

    # -- going on by itself

    def advance(self, stack: Stack) -> None:
        next(stack.work, None)

    def changing(self, stack: Stack, change: ChangeSet) -> Iterator[None]:
        before = copy.deepcopy(stack.resources)
        self.set(stack, "CREATE_IN_PROGRESS" if change.new else "UPDATE_IN_PROGRESS", "User Initiated")
        yield
        try:
            yield from self.applied(stack, change.resources, change.new)
        except Unfit as unfit:
            yield from self.returned(stack, before, change.new, str(unfit))
            return
        for name in before.keys() - change.resources.keys():
            self.took(before[name])
        stack.resources, stack.parameters, stack.outputs = change.resources, change.parameters, change.outputs
        self.set(stack, "CREATE_COMPLETE" if change.new else "UPDATE_COMPLETE")

    def applied(self, stack: Stack, resources: dict[str, dict], new: bool) -> Iterator[None]:
        verb = "CREATE" if new else "UPDATE"
        moves = []
        for name, resource in resources.items():
            if stack.resources.get(name) == resource:
                continue
            if name == self.breaks:
                self.event(stack, name, resource, f"{verb}_FAILED", "Resource handler returned message: as ordered")
                raise Unfit(f"The following resource(s) failed to {verb.lower()}: [{name}].")
            moves += self.put(stack, name, resource, resources)
            self.event(stack, name, resource, f"{verb}_COMPLETE")
        yield
        while moves:
            done = [self.codedeploy.advance(number) for number in moves]
            if any(status in ("Failed", "Stopped") for status in done):
                raise Unfit("CodeDeploy failed: one or more aliases went back")
            moves = [number for number, status in zip(moves, done, strict=True) if status != "Succeeded"]
            yield

    def returned(self, stack: Stack, before: dict[str, dict], new: bool, reason: str) -> Iterator[None]:
        word = "ROLLBACK" if new else "UPDATE_ROLLBACK"
        self.set(stack, f"{word}_IN_PROGRESS", reason)
        for resource in before.values():
            if resource["Type"] == "AWS::Lambda::Function":
                self.functions.put(resource["Physical"], resource["Properties"])
        stack.resources = before
        yield
        self.set(stack, f"{word}_COMPLETE", reason)

    def deleting(self, stack: Stack) -> Iterator[None]:
        yield
        full = [name for name, resource in stack.resources.items() if self.full(resource)]
        if full:
            self.set(stack, "DELETE_FAILED", f"The following resource(s) failed to delete: [{', '.join(full)}].")
            return
        for resource in stack.resources.values():
            self.took(resource)
        self.set(stack, "DELETE_COMPLETE")
        self.gone[stack.id] = self.stacks.pop(stack.name)

    # -- what resources are elsewhere

    def put(self, stack: Stack, name: str, resource: dict, resources: dict[str, dict]) -> list[str]:
        """Makes or changes a resource; the deployments of CodeDeploy that must end before the stack does."""
        kind, physical, properties = resource["Type"], resource["Physical"], resource["Properties"]
        if kind == "AWS::S3::Bucket" and physical not in self.s3().buckets:
            self.s3().create_bucket(physical, self.region)
        elif kind == "AWS::ECR::Repository":
            self.ecr.repositories.add(physical)
        elif kind == "AWS::SecretsManager::Secret":
            self.secrets.make(f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{physical}")
        elif kind == "AWS::Lambda::Function":
            self.functions.put(physical, properties)
            if "hook" in name.lower():
                self.functions.hook = physical
        elif kind == "AWS::Lambda::Version":
            resource["Number"] = self.functions.publish(last(properties["FunctionName"]))
        elif kind == "AWS::Lambda::Alias":
            return self.moved(stack, name, resource, resources)
        return []

    def moved(self, stack: Stack, name: str, resource: dict, resources: dict[str, dict]) -> list[str]:
        properties, function = resource["Properties"], last(resource["Properties"]["FunctionName"])
        version = next(
            each["Number"]
            for each in resources.values()
            if each["Type"] == "AWS::Lambda::Version" and each["Physical"] == properties["FunctionVersion"]
        )
        policy = resource.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate")
        old = self.functions.functions[function]["aliases"].get(properties["Name"], {}).get("version")
        if policy and name in stack.resources and old != version:
            return [self.codedeploy.begin(policy, function, properties["Name"], (old, version))]
        self.functions.point(function, properties["Name"], version)
        return []

    def took(self, resource: dict) -> None:
        kind, physical = resource["Type"], resource["Physical"]
        if kind == "AWS::S3::Bucket":
            if physical in self.s3().buckets:
                self.s3().delete_bucket(physical)
        elif kind == "AWS::ECR::Repository":
            self.ecr.repositories.discard(physical)
        elif kind == "AWS::SecretsManager::Secret":
            self.secrets.values.pop(f"arn:aws:secretsmanager:{self.region}:{self.account}:secret:{physical}", None)
        elif kind == "AWS::Lambda::Function":
            self.functions.remove(physical)

    def full(self, resource: dict) -> bool:
        if resource["Type"] == "AWS::S3::Bucket":
            bucket = self.s3().buckets.get(resource["Physical"])
            return bucket is not None and bool(list(bucket.keys))
        return resource["Type"] == "AWS::ECR::Repository" and bool(self.ecr.images(resource["Physical"]))

    # -- small things

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.account}:{kind}/{name}/{next(NUMBERS):08}"

    def pseudo(self, stack: Stack) -> dict[str, str]:
        return {
            "AWS::AccountId": self.account,
            "AWS::Region": self.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": stack.name,
            "AWS::StackId": stack.id,
            "AWS::NoValue": "AWS::NoValue",
        }

    def fetched(self, address: str) -> str:
        """A template by the only form of address that CloudFormation takes: a bucket's own, in its region."""
        parts = urlparse(address)
        bucket, _, rest = parts.netloc.partition(".")
        if parts.scheme != "https" or rest != f"s3.{self.region}.amazonaws.com":
            raise Refusal("ValidationError", f"TemplateURL must be a supported URL: {address}")
        found = self.s3().get_object(bucket, parts.path.lstrip("/"))
        if found is None:
            raise Refusal("ValidationError", "S3 error: The specified key does not exist.")
        return found.value.decode()

    def planned(self, name: str) -> ChangeSet:
        if name not in self.plans:
            raise Refusal("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)
        return self.plans[name]

    def stack(self, name: str) -> Stack:
        found = self.stacks.get(name) or self.gone.get(name)
        found = found or next((each for each in self.stacks.values() if each.id == name), None)
        if found is None:
            raise Refusal("ValidationError", f"Stack with id {name} does not exist")
        return found

    def set(self, stack: Stack, status: str, reason: str = "") -> None:
        stack.status, stack.reason = status, reason
        self.event(stack, stack.name, {"Type": "AWS::CloudFormation::Stack", "Physical": stack.id}, status, reason)

    def event(self, stack: Stack, name: str, resource: dict, status: str, reason: str = "") -> None:
        entry = {
            "StackId": stack.id,
            "EventId": f"{next(NUMBERS)}",
            "StackName": stack.name,
            "LogicalResourceId": name,
            "PhysicalResourceId": resource["Physical"],
            "ResourceType": resource["Type"],
            "Timestamp": datetime.now(UTC),
            "ResourceStatus": status,
        }
        stack.events.append(entry | ({"ResourceStatusReason": reason} if reason else {}))


def last(arn: str) -> str:
    """A function's name, out of a name or an ARN."""
    return arn.rpartition(":")[2]


def differences(old: dict[str, dict], new: dict[str, dict]) -> list[dict]:
    """What a change set says of two states of a stack."""
    changes = []
    for name in [*new, *(name for name in old if name not in new)]:
        mine, theirs = old.get(name), new.get(name)
        if mine is not None and theirs is not None and {**mine, "Number": 0} == {**theirs, "Number": 0}:
            theirs.update(mine)
            continue
        action = "Add" if mine is None else "Remove" if theirs is None else "Modify"
        change = {"Action": action, "LogicalResourceId": name, "ResourceType": (theirs or mine)["Type"]}
        changes.append(
            {"Type": "Resource", "ResourceChange": change | ({"Replacement": "False"} if action == "Modify" else {})}
        )
    return changes
