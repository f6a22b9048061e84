"""CloudWatch's logs and alarms, as far as somebody who looks for a reason reads them."""

import time

from infra.tests.doubles.codedeploy import CodeDeploy
from infra.tests.doubles.functions import Lambda
from infra.tests.doubles.wire import Refusal, Service


class Logs(Service):
    """The hook's log, and no other."""

    name = "logs"

    def __init__(self, functions: Lambda):
        super().__init__()
        self.functions = functions

    def filter_log_events(self, logGroupName: str, filterPattern: str = "", **_) -> dict:
        if logGroupName != f"/aws/lambda/{self.functions.hook}":
            raise Refusal("ResourceNotFoundException", "The specified log group does not exist.")
        words = filterPattern.strip('"')
        now = int(time.time() * 1000)
        lines = [line for line in self.functions.heard if words in line]
        return {"events": [{"timestamp": now, "message": f"{line}\n"} for line in lines]}


class CloudWatch(Service):
    """The alarm that CodeDeploy was stopped by, if any."""

    name = "cloudwatch"

    def __init__(self, codedeploy: CodeDeploy):
        super().__init__()
        self.codedeploy = codedeploy

    def describe_alarms(self, AlarmNames: list[str] = (), StateValue: str = "", **_) -> dict:
        ringing = [name for name in AlarmNames if self.codedeploy.alarm and self.codedeploy.alarm in name]
        reason = "Threshold Crossed: 1 datapoint [7.0] was greater than the threshold (0.0)."
        return {"MetricAlarms": [{"AlarmName": name, "StateValue": "ALARM", "StateReason": reason} for name in ringing]}
