"""CodeDeploy: what it does to an alias when CloudFormation hands one over, a step at every `advance`."""

from datetime import UTC, datetime

from infra.tests.doubles.functions import Lambda
from infra.tests.doubles.wire import Refusal, Service

HOOK = "BeforeAllowTraffic"


class CodeDeploy(Service):
    """Deployments by id. `alarm` rings where it is set, at the canary."""

    name = "codedeploy"

    def __init__(self, functions: Lambda):
        super().__init__()
        self.functions = functions
        self.deployments: dict[str, dict] = {}
        self.alarm = ""

    def begin(self, policy: dict, function: str, alias: str, versions: tuple[str, str]) -> str:
        number = f"d-{len(self.deployments) + 1:09}"
        self.deployments[number] = {
            "application": policy["ApplicationName"],
            "group": policy["DeploymentGroupName"],
            "hooked": "BeforeAllowTrafficHook" in policy,
            "function": function,
            "alias": alias,
            "versions": versions,
            "status": "Created",
            "event": "Pending",
            "weight": 0.0,
            "error": None,
        }
        return number

    def advance(self, number: str) -> str:
        """One step further; the status then."""
        one = self.deployments[number]
        old, new = one["versions"]
        if one["status"] == "Created":
            one |= {"status": "InProgress", "event": "InProgress"}
        elif one["event"] == "InProgress":
            good = not one["hooked"] or self.functions.verdict(one["function"], new)[0]
            if good:
                one |= {"event": "Succeeded", "weight": 10.0}
            else:
                one |= {"status": "Failed", "event": "Failed"}
                message = "The overall deployment failed because one or more validation hooks reported failure"
                one["error"] = {"code": "HOOK_EXECUTION_FAILURE", "message": message}
        elif one["status"] == "InProgress" and self.alarm:
            one |= {"status": "Stopped", "weight": 0.0}
            one["error"] = {"code": "ALARM_ACTIVE", "message": "One or more alarms have been activated"}
        elif one["status"] == "InProgress":
            one |= {"status": "Succeeded", "weight": 100.0}
            self.functions.point(one["function"], one["alias"], new)
        return one["status"]

    def list_deployments(self, applicationName: str | None = None, deploymentGroupName: str | None = None, **_) -> dict:
        if applicationName and not deploymentGroupName:
            raise Refusal("DeploymentGroupNameRequiredException", "a group is named with its application")
        here = (applicationName, deploymentGroupName)
        found = [number for number, one in self.deployments.items() if (one["application"], one["group"]) == here]
        return {"deployments": found[::-1]}

    def one(self, number: str) -> dict:
        if number not in self.deployments:
            raise Refusal("DeploymentDoesNotExistException", f"The deployment {number} does not exist")
        return self.deployments[number]

    def get_deployment(self, deploymentId: str) -> dict:
        one = self.one(deploymentId)
        info = {
            "applicationName": one["application"],
            "deploymentGroupName": one["group"],
            "deploymentId": deploymentId,
            "status": one["status"],
            "createTime": datetime.now(UTC),
            "computePlatform": "Lambda",
        }
        return {"deploymentInfo": info | ({"errorInformation": one["error"]} if one["error"] else {})}

    def list_deployment_targets(self, deploymentId: str, **_) -> dict:
        one = self.one(deploymentId)
        if one["status"] == "Created":
            raise Refusal("DeploymentNotStartedException", "The specified deployment has not started")
        return {"targetIds": [f"{one['function']}:{one['alias']}"]}

    def batch_get_deployment_targets(self, deploymentId: str, targetIds: list[str]) -> dict:
        one = self.one(deploymentId)
        old, new = one["versions"]
        function = {"functionName": one["function"], "functionAlias": one["alias"], "currentVersion": old}
        target = {
            "deploymentId": deploymentId,
            "targetId": targetIds[0],
            "lifecycleEvents": [{"lifecycleEventName": HOOK, "status": one["event"]}],
            "lambdaFunctionInfo": function | {"targetVersion": new, "targetVersionWeight": one["weight"]},
        }
        return {"deploymentTargets": [{"deploymentTargetType": "LambdaTarget", "lambdaTarget": target}]}
