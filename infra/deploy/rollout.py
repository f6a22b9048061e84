"""CodeDeploy at work on the aliases of a stack: how far it is, and why it went back.

CloudFormation waits for CodeDeploy by itself and tells little of it. What a hook found stands in the hook's log, what an alarm saw in the alarm.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.deploy.account import Account
from infra.deploy.stack import Stack

# CodeDeploy's words for what needs a closer look.
HOOK, ALARM = "HOOK_EXECUTION_FAILURE", "ALARM_ACTIVE"
BAD = ("Failed", "Stopped")


@dataclass
class Rollout:
    """The deployments that CodeDeploy begins in a stack from now on."""

    account: Account
    stack: Stack
    say: Callable[[str], None] = print
    told: dict[str, str] = field(default_factory=dict)
    failed: dict[str, dict] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.client = self.account.client("codedeploy")
        self.groups = self.known() if self.stack.describe() else []
        self.before = set(self.newest())

    def known(self) -> list[tuple[str, str]]:
        """Application and group of every alias; one that is to be made yet has no version to come from, and CodeDeploy no part in it."""
        applications = self.stack.physical("AWS::CodeDeploy::Application")
        groups = self.stack.physical("AWS::CodeDeploy::DeploymentGroup")
        return [(application, group) for application in applications for group in groups]

    def newest(self) -> list[str]:
        """The newest deployments of every group."""
        asked = [{"applicationName": application, "deploymentGroupName": group} for application, group in self.groups]
        return [deployment for names in asked for deployment in self.client.list_deployments(**names)["deployments"]]

    def look(self) -> None:
        """Tells what has changed since the last look."""
        for deployment in self.newest():
            if deployment not in self.before:
                self.follow(deployment)

    def follow(self, deployment: str) -> None:
        info = self.client.get_deployment(deploymentId=deployment)["deploymentInfo"]
        stage = self.stage(deployment) if info["status"] not in ("Created", "Queued") else ""
        line = f"  {info['deploymentGroupName']}: {info['status']}{stage}"
        if self.told.get(deployment) != line:
            self.told[deployment] = line
            self.say(line)
        if info["status"] in BAD:
            self.failed[deployment] = info

    def stage(self, deployment: str) -> str:
        """Which version takes which share of the requests, and the step that runs or failed."""
        target = self.target(deployment)
        function = target.get("lambdaFunctionInfo", {})
        steps = [each for each in target.get("lifecycleEvents", []) if each["status"] in ("InProgress", "Failed")]
        share = (
            f", version {function['targetVersion']} has {function.get('targetVersionWeight', 0):.0f}%"
            if function
            else ""
        )
        return share + (f", {steps[0]['lifecycleEventName']} {steps[0]['status']}" if steps else "")

    def target(self, deployment: str) -> dict:
        names = self.client.list_deployment_targets(deploymentId=deployment)["targetIds"]
        if not names:
            return {}
        found = self.client.batch_get_deployment_targets(deploymentId=deployment, targetIds=names)["deploymentTargets"]
        return found[0].get("lambdaTarget", {})

    def reasons(self) -> list[str]:
        """One line for every deployment that went back."""
        return [
            f"{info['deploymentGroupName']}: {self.reason(deployment, info)}"
            for deployment, info in self.failed.items()
        ]

    def reason(self, deployment: str, info: dict) -> str:
        error = info.get("errorInformation", {})
        code = error.get("code", info["status"])
        said = self.heard(deployment) if code == HOOK else self.rung() if code == ALARM else ""
        return said or f"{code}: {error.get('message', 'no reason told')}"

    def heard(self, deployment: str) -> str:
        """What the hook logged of the version that it refused, the last line of it."""
        function = self.target(deployment).get("lambdaFunctionInfo", {})
        version = f"{function.get('functionName')}:{function.get('targetVersion')}"
        logs = self.account.client("logs")
        group = f"/aws/lambda/{self.stack.name}-hook"
        lines = logs.filter_log_events(logGroupName=group, filterPattern=f'"{version}"')["events"]
        return f"the hook refused it: {json.loads(lines[-1]['message'])['why']}" if lines else ""

    def rung(self) -> str:
        """The alarms of the stack that ring, each with its reason."""
        names = self.stack.physical("AWS::CloudWatch::Alarm")
        found = self.account.client("cloudwatch").describe_alarms(AlarmNames=names[:100], StateValue="ALARM")[
            "MetricAlarms"
        ]
        return "; ".join(f"the alarm {each['AlarmName']} rang: {each['StateReason']}" for each in found)
