"""What CloudFormation makes of a template: loops unrolled, SAM translated (by SAM's own translator), then every intrinsic resolved."""

import functools
import hashlib
import json
import os
import re

import boto3
import yaml
from samtranslator.model.exceptions import InvalidDocumentException
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

PARTITION = "aws"
NOTHING = "AWS::NoValue"


class Unfit(Exception):
    """What CloudFormation would answer as a validation error."""


class Untranslatable(Exception):
    """What a change set fails of: SAM cannot make anything of the template."""


def plan(
    text: str, given: dict[str, str], pseudo: dict[str, str], old: dict[str, dict]
) -> tuple[dict[str, dict], dict[str, str]]:
    """Resources by logical id, and outputs. `pseudo` has AWS::StackName and the like; `old` is the stack before, whose physical names stay."""
    template = expanded(text, json.dumps(given, sort_keys=True), pseudo["AWS::Region"])
    values = parameters(template, given)
    resolver = Resolver(template, values | pseudo, old)
    resources = {}
    for name, resource in template["Resources"].items():
        if resolver.holds(resource.get("Condition")):
            properties = resolver.resolve(resource.get("Properties", {}))
            entry = {"Type": resource["Type"], "Properties": properties, "Physical": resolver.physical(name)}
            policy = resolver.resolve(resource.get("UpdatePolicy", {}))
            resources[name] = entry | ({"UpdatePolicy": policy} if policy else {})
    outputs = {
        name: resolver.resolve(each["Value"])
        for name, each in template.get("Outputs", {}).items()
        if resolver.holds(each.get("Condition"))
    }
    return resources, outputs


def parameters(template: dict, given: dict[str, str]) -> dict[str, str]:
    """Every parameter's value, checked as CloudFormation checks it."""
    declared = template.get("Parameters", {})
    if unknown := sorted(given.keys() - declared.keys()):
        raise Unfit(f"Parameters: [{', '.join(unknown)}] do not exist in the template")
    values = {name: given.get(name, rule.get("Default")) for name, rule in declared.items()}
    if missing := sorted(name for name, value in values.items() if value is None):
        raise Unfit(f"Parameters: [{', '.join(missing)}] must have values")
    for name, rule in declared.items():
        value = str(values[name])
        if "AllowedValues" in rule and value not in [str(each) for each in rule["AllowedValues"]]:
            raise Unfit(f"Template error: {name} must be one of {rule['AllowedValues']}, not {value}")
        if "AllowedPattern" in rule and not re.fullmatch(rule["AllowedPattern"], value):
            raise Unfit(f"Parameter {name} failed to satisfy constraint: {rule['AllowedPattern']}")
        values[name] = value.split(",") if "List" in rule["Type"] else value
    return values


@functools.cache
def expanded(text: str, given: str, region: str) -> dict:
    """The template without loops and without SAM; `given` is JSON of the parameters."""
    if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text, Loader=yaml.CSafeLoader)):
        raise Unfit("Template format error: YAML aliases are not allowed in CloudFormation templates")
    template = yaml.load(text, Loader=yaml.CSafeLoader)
    for name, value in json.loads(given).items():
        if name in template.get("Parameters", {}):
            template["Parameters"][name]["Default"] = value
    transforms = template.pop("Transform", [])
    transforms = [transforms] if isinstance(transforms, str) else transforms
    if "AWS::LanguageExtensions" in transforms:
        lists = {name: str(rule.get("Default", "")).split(",") for name, rule in template["Parameters"].items()}
        template = {key: unrolled(value, lists) if key != "Parameters" else value for key, value in template.items()}
    if "AWS::Serverless-2016-10-31" in transforms:
        os.environ.setdefault("AWS_DEFAULT_REGION", region)
        values = {name: rule.get("Default", "") for name, rule in template["Parameters"].items()}
        translator = Translator({}, Parser(), boto_session=boto3.Session(region_name=region))
        try:
            template = translator.translate(template, values)
        except InvalidDocumentException as invalid:
            causes = ". ".join(cause.message for cause in invalid.causes)
            raise Untranslatable(
                f"Transform AWS::Serverless-2016-10-31 failed with: {invalid.message} {causes}"
            ) from invalid
    return template


def unrolled(node: object, lists: dict[str, list[str]]) -> object:
    """Without Fn::ForEach, which repeats the entries of a mapping over a list: of texts, or a parameter's."""
    if isinstance(node, list):
        return [unrolled(each, lists) for each in node]
    if not isinstance(node, dict):
        return node
    if isinstance(node.get("Fn::Sub"), str) and "${" not in node["Fn::Sub"]:
        # Plain by now: where AWS wants a plain name (Ref, Fn::GetAtt) it has become one.
        return node["Fn::Sub"]
    made = {}
    for key, value in node.items():
        if not key.startswith("Fn::ForEach::"):
            made[key] = unrolled(value, lists)
            continue
        identifier, over, body = value
        for each in lists[over["Ref"]] if isinstance(over, dict) else over:
            made |= unrolled(put_in(body, identifier, each), lists)
    return made


def put_in(node: object, identifier: str, value: str) -> object:
    """The body with the value for the identifier, in keys too."""
    if node == {"Ref": identifier}:
        return value
    if isinstance(node, dict):
        return {key.replace(f"${{{identifier}}}", value): put_in(each, identifier, value) for key, each in node.items()}
    if isinstance(node, list):
        return [put_in(each, identifier, value) for each in node]
    return node.replace(f"${{{identifier}}}", value) if isinstance(node, str) else node


class Resolver:
    """Intrinsic functions, with the values that they refer to."""

    def __init__(self, template: dict, values: dict, old: dict[str, dict]):
        self.template, self.values, self.old = template, values, old
        self.names: dict[str, str] = {}

    def holds(self, condition: str | None) -> bool:
        return condition is None or self.resolve(self.template["Conditions"][condition]) is True

    def physical(self, name: str) -> str:
        """What AWS calls the resource: its own name where the template gives one, as before where there is a before, else one made up."""
        if name not in self.names:
            resource = self.template["Resources"][name]
            kind, properties = resource["Type"], resource.get("Properties", {})
            own = {
                "AWS::S3::Bucket": "BucketName",
                "AWS::ECR::Repository": "RepositoryName",
                "AWS::Lambda::Function": "FunctionName",
                "AWS::CloudWatch::Alarm": "AlarmName",
            }
            given = (
                self.resolve(properties.get(own.get(kind, "Name"), None))
                if own.get(kind, "Name") in properties
                else None
            )
            drawn = hashlib.sha256(f"{self.values['AWS::StackName']}/{name}".encode()).hexdigest()[:12].upper()
            self.names[name] = (
                given or self.old.get(name, {}).get("Physical") or f"{self.values['AWS::StackName']}-{name}-{drawn}"
            )
        return self.names[name]

    def reference(self, name: str) -> object:
        if name in self.values:
            return self.values[name]
        if name not in self.template["Resources"]:
            raise Unfit(f"Template format error: Unresolved resource dependencies [{name}]")
        kind, physical = self.template["Resources"][name]["Type"], self.physical(name)
        if kind in ("AWS::Lambda::Version", "AWS::Lambda::Alias"):
            return self.attribute(name, "Arn")
        return (
            f"arn:{PARTITION}:{self.arn(kind, physical)}"
            if kind in ("AWS::SNS::Topic", "AWS::SecretsManager::Secret")
            else physical
        )

    def arn(self, kind: str, physical: str) -> str:
        service = kind.split("::")[1].lower()
        kinds = {
            "AWS::Lambda::Function": "function:",
            "AWS::SecretsManager::Secret": "secret:",
            "AWS::IAM::Role": "role/",
        }
        if kind == "AWS::S3::Bucket":
            return f"s3:::{physical}"
        return f"{service}:{self.values['AWS::Region']}:{self.values['AWS::AccountId']}:{kinds.get(kind, '')}{physical}"

    def attribute(self, name: str, attribute: str) -> str:
        if name not in self.template["Resources"]:
            raise Unfit(f"Template error: instance of Fn::GetAtt references undefined resource {name}")
        resource = self.template["Resources"][name]
        kind, physical, properties = resource["Type"], self.physical(name), resource.get("Properties", {})
        if kind == "AWS::Lambda::Version":
            return physical if attribute == "Version" else f"{self.of_function(properties)}:{physical}"
        if kind == "AWS::Lambda::Alias":
            return f"{self.of_function(properties)}:{self.resolve(properties['Name'])}"
        if kind == "AWS::Lambda::Url":
            return f"https://{physical.lower()[-20:]}.lambda-url.{self.values['AWS::Region']}.on.aws/"
        return f"arn:{PARTITION}:{self.arn(kind, physical)}" if attribute.endswith("Arn") else f"{physical}.{attribute}"

    def of_function(self, properties: dict) -> str:
        name = self.resolve(properties["FunctionName"]).rpartition(":")[2]
        return f"arn:{PARTITION}:{self.arn('AWS::Lambda::Function', name)}"

    def resolve(self, node: object) -> object:
        if isinstance(node, list):
            return [each for each in map(self.resolve, node) if each != NOTHING]
        if not isinstance(node, dict):
            return node
        if len(node) == 1:
            word, argument = next(iter(node.items()))
            if word in ("Ref", "Condition"):
                return self.referred(word, argument)
            if word.startswith("Fn::"):
                return getattr(self, word[4:].lower())(argument)
        return {
            key: value for key, value in ((key, self.resolve(each)) for key, each in node.items()) if value != NOTHING
        }

    def referred(self, word: str, argument: object) -> object:
        if word == "Condition":
            return (
                self.holds(argument)
                if argument in self.template.get("Conditions", {})
                else {"Condition": self.resolve(argument)}
            )
        return NOTHING if argument == NOTHING else self.reference(self.resolve(argument))

    def getatt(self, argument: object) -> str:
        name, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self.attribute(self.resolve(name), attribute)

    def sub(self, argument: object) -> str:
        text, more = argument if isinstance(argument, list) else (argument, {})

        def put(match: re.Match) -> str:
            name = match[1]
            if name.startswith("!"):
                return f"${{{name[1:]}}}"
            if name in more:
                return str(self.resolve(more[name]))
            return str(self.getatt(name) if "." in name else self.reference(name))

        return re.sub(r"\$\{([^}]+)\}", put, text)

    def join(self, argument: list) -> str:
        return argument[0].join(map(str, self.resolve(argument[1])))

    def split(self, argument: list) -> list[str]:
        return self.resolve(argument[1]).split(argument[0])

    def select(self, argument: list) -> object:
        return self.resolve(argument[1])[int(self.resolve(argument[0]))]

    def length(self, argument: object) -> int:
        return len(self.resolve(argument))

    def tojsonstring(self, argument: object) -> str:
        return json.dumps(self.resolve(argument))

    def findinmap(self, argument: list) -> object:
        table, row, column = (self.resolve(each) for each in argument[:3])
        try:
            return self.template["Mappings"][table][row][column]
        except KeyError:
            if len(argument) > 3:
                return self.resolve(argument[3]["DefaultValue"])
            raise Unfit(f"Template error: Unable to get mapping for {table}::{row}::{column}") from None

    def equals(self, argument: list) -> bool:
        one, other = self.resolve(argument)
        return str(one) == str(other)

    def not_(self, argument: list) -> bool:
        return not self.resolve(argument[0])

    def and_(self, argument: list) -> bool:
        return all(self.resolve(each) for each in argument)

    def or_(self, argument: list) -> bool:
        return any(self.resolve(each) for each in argument)

    def if_(self, argument: list) -> object:
        return self.resolve(argument[1] if self.holds(argument[0]) else argument[2])


# Words of Python that are names of functions there.
for _word in ("not", "and", "or", "if"):
    setattr(Resolver, _word, getattr(Resolver, f"{_word}_"))
