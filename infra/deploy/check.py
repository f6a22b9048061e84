"""A function asked for the reference picture by the pre-traffic hook itself, outside of any deployment.

CodeDeploy asks the hook where it moves an alias from one version to another. The first version of a function, and what stands when nothing
changed, nobody else looks at.
"""

import json

from infra.deploy.account import Account
from infra.deploy.stack import Stack
from infra.functions import Wrong

# The hook's own limit is shorter; a cold function behind it takes seconds, a GPU minutes.
PATIENCE_S = 900


class Hook:
    """The stage's pre-traffic hook."""

    def __init__(self, account: Account, stack: Stack):
        # Asked once: a second asking beside the first would only make the function slower.
        self.client = account.client("lambda", read_timeout=PATIENCE_S, retries={"total_max_attempts": 1})
        self.name = f"{stack.name}-hook"

    def passes(self, function: str, version: str) -> None:
        """Refuses a version (a number or an alias) that does not answer as expected."""
        event = json.dumps({"function": function, "version": version}).encode()
        told = self.client.invoke(FunctionName=self.name, Payload=event)
        answer = json.loads(told["Payload"].read())
        if told.get("FunctionError") or answer.get("verdict") != "Succeeded":
            raise Wrong(answer.get("why") or f"{self.name} failed: {answer.get('errorMessage', answer)}")
        print(f"  {answer['why']}")
