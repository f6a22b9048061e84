"""The accelerator of a GPU function, set by Lambda's API: CloudFormation's schema has no `AcceleratorConfig` everywhere yet.

Where the template sets it, the versions have it already and nothing happens here. Otherwise: the setting on the function, a version published
with it, that version asked for a picture, and only then the alias. What the template says of an alias is not touched by that: CloudFormation moves
it only together with a new version of its own, which inherits the setting.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

from infra.deploy.account import Account
from infra.functions import Wrong

ALIAS = "live"
ACCELERATOR = "AcceleratorConfig"


def in_schema(account: Account) -> bool:
    """Whether CloudFormation knows the setting in this region."""
    told = account.client("cloudformation").describe_type(Type="RESOURCE", TypeName="AWS::Lambda::Function")
    return ACCELERATOR in json.loads(told["Schema"])["properties"]


@dataclass(frozen=True)
class Accelerated:
    """One GPU function by its name in AWS; `gigabytes` of accelerator memory for each of its environments, and the most of these."""

    account: Account
    name: str
    gigabytes: int
    environments: int
    poll: float
    say: Callable[[str], None] = print

    def bring(self, check: Callable[[str], None]) -> bool:
        """Puts a version with the accelerator and the newest image behind the alias, once `check` passes it; False where it is there."""
        client = self.account.client("lambda")
        alias = client.get_alias(FunctionName=self.name, Name=ALIAS)
        served = client.get_function_configuration(FunctionName=self.name, Qualifier=ALIAS)
        newest = client.get_function_configuration(FunctionName=self.name)
        if self.has(served) and served["CodeSha256"] == newest["CodeSha256"]:
            return False
        if not self.has(newest):
            self.say(f"{self.name}: accelerator of {self.gigabytes} GB")
            client.update_function_configuration(
                FunctionName=self.name, AcceleratorConfig={"AcceleratorMemorySize": self.gigabytes}
            )
        newest = self.settled(client, None)
        version = client.publish_version(FunctionName=self.name, CodeSha256=newest["CodeSha256"])["Version"]
        self.settled(client, version)
        # As the template asks of its own versions. Without it Lambda would keep three environments of each, paid for day and night.
        client.put_function_scaling_config(
            FunctionName=self.name,
            Qualifier=version,
            FunctionScalingConfig={"MinExecutionEnvironments": 0, "MaxExecutionEnvironments": self.environments},
        )
        check(version)
        client.update_alias(
            FunctionName=self.name,
            Name=ALIAS,
            FunctionVersion=version,
            RoutingConfig={},
            RevisionId=alias["RevisionId"],
        )
        self.say(f"{self.name}: {ALIAS} is version {version}")
        return True

    def has(self, configuration: dict) -> bool:
        return configuration.get(ACCELERATOR, {}).get("AcceleratorMemorySize") == self.gigabytes

    def settled(self, client, version: str | None) -> dict:
        """The configuration once Lambda is done with it; instances with a GPU take minutes to start."""
        which = {"Qualifier": version} if version else {}
        while True:
            told = client.get_function_configuration(FunctionName=self.name, **which)
            if told.get("LastUpdateStatus") == "Failed" or told["State"] == "Failed":
                reason = told.get("LastUpdateStatusReason") or told.get("StateReason", "no reason told")
                raise Wrong(f"{self.name}: Lambda refuses the accelerator: {reason}")
            if told["State"] != "Pending" and told.get("LastUpdateStatus") != "InProgress":
                return told
            time.sleep(self.poll)
