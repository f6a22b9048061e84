"""Lambda: functions with versions and aliases, and the hook's verdict on them."""

import copy
import hashlib
import io
import json
import re

from infra.tests.doubles.wire import Refusal, Service

ARN = "arn:aws:lambda:{region}:{account}:function:{name}"


class Lambda(Service):
    """Functions by name. `bad` holds images (and GPU sizes) whose answers are wrong; who asks the hook hears so."""

    name = "lambda"

    def __init__(self, region: str, account: str):
        super().__init__()
        self.place = {"region": region, "account": account}
        self.functions: dict[str, dict] = {}
        self.bad: set[str] = set()
        self.hook = ""
        self.heard: list[str] = []

    def put(self, name: str, properties: dict) -> None:
        """What CloudFormation makes of AWS::Lambda::Function."""
        image = properties.get("Code", {}).get("ImageUri", properties.get("Code", {}).get("S3Key", ""))
        function = self.functions.setdefault(name, {"latest": {}, "versions": {}, "aliases": {}})
        kept = {key: function["latest"][key] for key in ("AcceleratorConfig",) if key in function["latest"]}
        function["latest"] = kept | {
            "FunctionName": name,
            "FunctionArn": ARN.format(name=name, **self.place),
            "PackageType": properties.get("PackageType", "Zip"),
            "CodeSha256": hashlib.sha256(image.encode()).hexdigest(),
            "State": "Active",
            "LastUpdateStatus": "Successful",
            "image": image,
        }

    def publish(self, name: str) -> str:
        """A version of what is newest; the last one where nothing has changed since."""
        function = self.functions[name]
        newest = copy.deepcopy(function["latest"])
        if function["versions"]:
            last = max(function["versions"], key=int)
            if self.told(function["versions"][last]) == self.told(newest):
                return last
        number = str(len(function["versions"]) + 1)
        function["versions"][number] = newest
        return number

    def point(self, name: str, alias: str, version: str) -> None:
        entry = self.functions[name]["aliases"].setdefault(alias, {"revision": 0})
        entry |= {"version": version, "revision": entry["revision"] + 1}

    def remove(self, name: str) -> None:
        self.functions.pop(name, None)

    def verdict(self, name: str, version: str) -> tuple[bool, str]:
        """What the hook says of a version or an alias, and logs."""
        function = self.functions[name]
        number = function["aliases"][version]["version"] if version in function["aliases"] else version
        held = function["versions"][number]
        good = held["image"] not in self.bad
        why = f"{name}:{version}: " + (
            "default@0123456789ab answers as expected" if good else "its picture is off by up to 90 of 255"
        )
        self.heard.append(json.dumps({"msg": "verdict", "verdict": "Succeeded" if good else "Failed", "why": why}))
        return good, why

    def found(self, name: str, qualifier: str | None) -> dict:
        name = re.split(r":function:", name)[-1]
        if name not in self.functions:
            raise Refusal(
                "ResourceNotFoundException", f"Function not found: {ARN.format(name=name, **self.place)}", 404
            )
        function = self.functions[name]
        if qualifier in (None, "$LATEST"):
            return function["latest"]
        number = function["aliases"].get(qualifier, {}).get("version", qualifier)
        if number not in function["versions"]:
            raise Refusal("ResourceNotFoundException", f"Function not found: {name}:{qualifier}", 404)
        return function["versions"][number] | {"Version": number}

    def told(self, configuration: dict) -> dict:
        return {key: value for key, value in configuration.items() if key not in ("image", "scaling")}

    def get_function_configuration(self, FunctionName: str, Qualifier: str | None = None) -> dict:
        found = self.found(FunctionName, Qualifier)
        answer = self.told(found)
        # A change is seen in progress once.
        if found.get("LastUpdateStatus") == "InProgress":
            found["LastUpdateStatus"] = "Successful"
        return answer

    def update_function_configuration(self, FunctionName: str, **changes) -> dict:
        latest = self.found(FunctionName, None)
        if "AcceleratorConfig" in changes and latest["PackageType"] != "Image":
            raise Refusal("InvalidParameterValueException", "AcceleratorConfig needs PackageType Image")
        latest |= changes | {"LastUpdateStatus": "InProgress"}
        return self.told(latest)

    def publish_version(self, FunctionName: str, CodeSha256: str = "", **_) -> dict:
        latest = self.found(FunctionName, None)
        if latest["LastUpdateStatus"] == "InProgress":
            raise Refusal(
                "ResourceConflictException",
                "The operation cannot be performed at this time. An update is in progress",
                409,
            )
        if CodeSha256 and CodeSha256 != latest["CodeSha256"]:
            raise Refusal(
                "InvalidParameterValueException", "CodeSHA256 is different from current CodeSHA256 in $LATEST"
            )
        number = self.publish(latest["FunctionName"])
        return self.told(self.functions[latest["FunctionName"]]["versions"][number]) | {"Version": number}

    def put_function_scaling_config(self, FunctionName: str, Qualifier: str, FunctionScalingConfig: dict) -> dict:
        self.found(FunctionName, Qualifier)
        self.functions[FunctionName]["versions"][Qualifier]["scaling"] = FunctionScalingConfig
        return {"FunctionState": "Active"}

    def alias(self, name: str, alias: str) -> dict:
        entry = self.functions[name]["aliases"][alias]
        arn = ARN.format(name=name, **self.place)
        return {
            "AliasArn": f"{arn}:{alias}",
            "Name": alias,
            "FunctionVersion": entry["version"],
            "RevisionId": str(entry["revision"]),
        }

    def get_alias(self, FunctionName: str, Name: str) -> dict:
        function = self.functions.get(FunctionName)
        if function is None or Name not in function["aliases"]:
            raise Refusal("ResourceNotFoundException", f"Cannot find alias {Name}", 404)
        return self.alias(FunctionName, Name)

    def update_alias(self, FunctionName: str, Name: str, FunctionVersion: str, RevisionId: str = "", **_) -> dict:
        if RevisionId and RevisionId != self.get_alias(FunctionName, Name)["RevisionId"]:
            raise Refusal(
                "PreconditionFailedException", "The Revision Id provided does not match the latest Revision Id", 412
            )
        self.found(FunctionName, FunctionVersion)
        self.point(FunctionName, Name, FunctionVersion)
        return self.alias(FunctionName, Name)

    def invoke(self, FunctionName: str, Payload: bytes = b"{}", **_) -> dict:
        self.found(FunctionName, None)
        if FunctionName != self.hook:
            raise Refusal("InvalidRequestContentException", "only the hook is invoked here")
        event = json.loads(Payload.read() if isinstance(Payload, io.IOBase) else Payload)
        good, why = self.verdict(event["function"], event["version"])
        return {
            "StatusCode": 200,
            "Payload": json.dumps({"verdict": "Succeeded" if good else "Failed", "why": why}).encode(),
        }
