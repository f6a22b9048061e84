"""Rules that what the templates make has to keep. Each gives a sentence for every thing that does not; `resources` are resolved, by logical id."""

import json
import re
from collections.abc import Callable, Iterator

from infra.functions import ROOT

Resources = dict[str, dict]
# CodeDeploy calls the hook by its name.
HOOK = "Hook"
LIVE = re.compile(r":function:[\w-]+:live$")
SETTINGS = (ROOT / "common/src/settings.rs").read_text()


def of(resources: Resources, kind: str) -> Iterator[tuple[str, dict]]:
    return ((name, each["Properties"]) for name, each in resources.items() if each["Type"] == kind)


def listed(value: object) -> list:
    return value if isinstance(value, list) else [value]


def statements(resources: Resources) -> Iterator[tuple[str, dict]]:
    """What roles are allowed."""
    for name, role in of(resources, "AWS::IAM::Role"):
        for policy in role.get("Policies", []):
            for statement in policy["PolicyDocument"]["Statement"]:
                yield name, statement


def a_role_may_nothing_of_everything(resources: Resources) -> Iterator[str]:
    for name, statement in statements(resources):
        for word in listed(statement["Action"]) + listed(statement["Resource"]):
            if word == "*" or (":" in word and word.split(":", 1)[1].startswith("*")):
                yield f"{name} has {word}"


def a_function_reaches_its_own_alone(resources: Resources) -> Iterator[str]:
    for name, function in of(resources, "AWS::Lambda::Function"):
        if name == HOOK:
            continue
        own, folder = (
            function["FunctionName"],
            function["Environment"]["Variables"].get("STORE", "s3://none").removeprefix("s3://"),
        )
        bucket = folder.partition("/")[0]
        role = function["Role"].rpartition("/")[2]
        for holder, statement in statements(resources):
            if resources[holder]["Physical"] != role:
                continue
            for resource in listed(statement["Resource"]):
                kind = resource.split(":")[2]
                fits = {
                    "s3": resource == f"arn:aws:s3:::{folder}/*"
                    or (resource == f"arn:aws:s3:::{bucket}" and "Condition" in statement),
                    "lambda": resource.endswith(f":function:{own}:*"),
                    "secretsmanager": f"secret:{resource}" == function["Environment"]["Variables"].get("API_KEYS"),
                    "logs": function["LoggingConfig"]["LogGroup"] in resource,
                    "sqs": resource == function["DeadLetterConfig"]["TargetArn"],
                }
                if not fits.get(kind, False):
                    yield f"{own} may {statement['Action']} at {resource}"


def buckets_are_closed(resources: Resources) -> Iterator[str]:
    shut = ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets")
    for name, bucket in of(resources, "AWS::S3::Bucket"):
        if not bucket.get("BucketEncryption"):
            yield f"{name} is not encrypted"
        if not all(bucket.get("PublicAccessBlockConfiguration", {}).get(each) is True for each in shut):
            yield f"{name} may be made public"
        policies = [
            each for _, each in of(resources, "AWS::S3::BucketPolicy") if each["Bucket"] == resources[name]["Physical"]
        ]
        refused = {"Effect": "Deny", "Action": "s3:*", "Condition": {"Bool": {"aws:SecureTransport": "false"}}}
        documents = [statement for policy in policies for statement in policy["PolicyDocument"]["Statement"]]
        if not any(refused.items() <= statement.items() for statement in documents):
            yield f"{name} answers without TLS"
        if not bucket.get("LifecycleConfiguration"):
            yield f"{name} keeps everything for ever"


def queues_are_encrypted(resources: Resources) -> Iterator[str]:
    for name, queue in of(resources, "AWS::SQS::Queue"):
        if queue.get("SqsManagedSseEnabled") is not True:
            yield f"{name} is not encrypted"


def registries_keep_what_they_have(resources: Resources) -> Iterator[str]:
    for name, registry in of(resources, "AWS::ECR::Repository"):
        if not registry.get("ImageTagMutability", "").startswith("IMMUTABLE"):
            yield f"{name} lets a tag become another image"
        if not registry.get("ImageScanningConfiguration", {}).get("ScanOnPush"):
            yield f"{name} does not scan"
        if not registry.get("EncryptionConfiguration"):
            yield f"{name} is not encrypted"
        rules = json.loads(registry.get("LifecyclePolicy", {}).get("LifecyclePolicyText", '{"rules": []}'))["rules"]
        if not rules or any(rule["selection"]["countType"] != "imageCountMoreThan" for rule in rules):
            yield f"{name} keeps every image, or lets one go that is old and in use"
        pulls = [
            each
            for each in registry.get("RepositoryPolicyText", {}).get("Statement", [])
            if "ecr:BatchGetImage" in each["Action"]
        ]
        if not any(each["Principal"] == {"Service": "lambda.amazonaws.com"} and "Condition" in each for each in pulls):
            yield f"{name} does not let Lambda pull, or lets any account's"


def addresses_are_as_public_as_they_say(resources: Resources) -> Iterator[str]:
    given: dict[str, set[tuple]] = {}
    for name, permission in of(resources, "AWS::Lambda::Permission"):
        if permission["Principal"] == "*":
            way = (permission["Action"], permission.get("FunctionUrlAuthType"), permission.get("InvokedViaFunctionUrl"))
            given.setdefault(permission["FunctionName"], set()).add(way)
            if way[1] is None and way[2] is not True:
                yield f"{name} lets everybody in by any door"
        elif "SourceArn" not in permission:
            yield f"{name} lets all of {permission['Principal']} in"
    both = {("lambda:InvokeFunctionUrl", "NONE", None), ("lambda:InvokeFunction", None, True)}
    for name, url in of(resources, "AWS::Lambda::Url"):
        wanted = both if url["AuthType"] == "NONE" else set()
        if given.get(url["TargetFunctionArn"], set()) != wanted:
            yield f"{name} ({url['AuthType']}) is open to {sorted(map(str, given.get(url['TargetFunctionArn'], [])))}"
        if url["InvokeMode"] != "RESPONSE_STREAM":
            yield f"{name} does not stream"


def callers_go_by_the_alias(resources: Resources) -> Iterator[str]:
    if "$LATEST" in json.dumps(resources):
        yield "something names $LATEST"
    asked = [(name, each["TargetFunctionArn"]) for name, each in of(resources, "AWS::Lambda::Url")]
    asked += [(name, each["FunctionName"]) for name, each in of(resources, "AWS::Lambda::Permission")]
    asked += [(name, target["Arn"]) for name, each in of(resources, "AWS::Events::Rule") for target in each["Targets"]]
    asked += [
        (name, f":function:{each['FunctionName']}:{each['Qualifier']}")
        for name, each in of(resources, "AWS::Lambda::EventInvokeConfig")
    ]
    for name, arn in asked:
        if not LIVE.search(arn):
            yield f"{name} goes to {arn}"


def logs_end(resources: Resources) -> Iterator[str]:
    groups = {resources[name]["Physical"]: each for name, each in of(resources, "AWS::Logs::LogGroup")}
    for name, function in of(resources, "AWS::Lambda::Function"):
        if function.get("LoggingConfig", {}).get("LogGroup") not in groups:
            yield f"{name} writes into a log that nobody made"
    for name, group in groups.items():
        if not group.get("RetentionInDays"):
            yield f"{name} is kept for ever"


def no_secret_stands_in_the_open(resources: Resources) -> Iterator[str]:
    for name, function in of(resources, "AWS::Lambda::Function"):
        for key, value in function.get("Environment", {}).get("Variables", {}).items():
            named = any(word in key for word in ("KEY", "SECRET", "TOKEN", "PASSWORD"))
            if (named and not str(value).startswith("secret:")) or re.search(r"\b[0-9a-f]{40,}\b", str(value)):
                yield f"{name} has {key} in its settings"
    for name, secret in of(resources, "AWS::SecretsManager::Secret"):
        if "SecretString" in secret or "GenerateSecretString" not in secret:
            yield f"{name} has its value in the template"


def settings_are_settings(resources: Resources) -> Iterator[str]:
    for name, function in of(resources, "AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        for key in variables.keys() - {"RELEASE"} if name != HOOK else ():
            if f'"{key}",' not in SETTINGS:
                yield f"{name} has the setting {key}, which the functions don't know"
        if sum(len(key) + len(str(value)) for key, value in variables.items()) > 4096:
            yield f"{name} has more than 4 KB of settings"


def failed_jobs_are_kept(resources: Resources) -> Iterator[str]:
    told = {each["FunctionName"]: each for _, each in of(resources, "AWS::Lambda::EventInvokeConfig")}
    for name, function in of(resources, "AWS::Lambda::Function"):
        if name == HOOK:
            continue
        target = function.get("DeadLetterConfig", {}).get("TargetArn")
        failure = (
            told.get(function["FunctionName"], {}).get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        )
        if target is None or target != failure:
            yield f"{name} loses what failed"


def alarms_are_heard(resources: Resources) -> Iterator[str]:
    watched = {
        each["Name"]
        for _, group in of(resources, "AWS::CodeDeploy::DeploymentGroup")
        for each in group["AlarmConfiguration"]["Alarms"]
    }
    for name, alarm in of(resources, "AWS::CloudWatch::Alarm"):
        if not alarm.get("AlarmActions") and resources[name]["Physical"] not in watched:
            yield f"nobody hears {name}"
    functions = [each["FunctionName"] for name, each in of(resources, "AWS::Lambda::Function") if name != HOOK]
    names = {each["AlarmName"] for _, each in of(resources, "AWS::CloudWatch::Alarm")}
    for function in functions:
        for kind in ("errors", "slow", "throttled"):
            if f"{function}-{kind}" not in names:
                yield f"{function} has no alarm {kind}"


def new_versions_come_gradually(resources: Resources) -> Iterator[str]:
    groups = {resources[name]["Physical"]: each for name, each in of(resources, "AWS::CodeDeploy::DeploymentGroup")}
    for name, each in resources.items():
        if each["Type"] != "AWS::Lambda::Alias" or "-gpu" in each["Properties"]["FunctionName"]:
            continue
        policy = each.get("UpdatePolicy", {}).get("CodeDeployLambdaAliasUpdate", {})
        group = groups.get(policy.get("DeploymentGroupName"), {})
        if policy.get("BeforeAllowTrafficHook") != resources[HOOK]["Physical"]:
            yield f"{name} moves without the hook"
        if not group.get("AutoRollbackConfiguration", {}).get("Enabled") or not group.get("AlarmConfiguration", {}).get(
            "Enabled"
        ):
            yield f"{name} does not come back by itself"


def gpus_cost_nothing_at_rest(resources: Resources) -> Iterator[str]:
    for kind in ("AWS::Lambda::Function", "AWS::Lambda::Version"):
        for name, each in of(resources, kind):
            if not name.startswith("Gpu"):
                continue
            if each.get("FunctionScalingConfig", {}).get("MinExecutionEnvironments") != 0:
                yield f"{name} keeps environments while nobody calls"
            own = each.get("CapacityProviderConfig", {}).get("LambdaManagedInstancesCapacityProviderConfig", {})
            if kind == "AWS::Lambda::Function" and not own.get("PerExecutionEnvironmentMaxConcurrency"):
                yield f"{name} takes any number of requests at a time"


def limits_are_kept(resources: Resources) -> Iterator[str]:
    if len(resources) > 500:
        yield f"{len(resources)} resources are more than a stack may have"
    for name, function in of(resources, "AWS::Lambda::Function"):
        if len(function["FunctionName"]) > 64:
            yield f"{name} has too long a name"
        if (
            function.get("SnapStart", {}).get("ApplyOn") == "PublishedVersions"
            and function["EphemeralStorage"]["Size"] > 512
        ):
            yield f"{name} has more /tmp than a snapshot takes"


CHECKS: list[Callable[[Resources], Iterator[str]]] = [
    a_role_may_nothing_of_everything,
    a_function_reaches_its_own_alone,
    buckets_are_closed,
    queues_are_encrypted,
    registries_keep_what_they_have,
    addresses_are_as_public_as_they_say,
    callers_go_by_the_alias,
    logs_end,
    no_secret_stands_in_the_open,
    settings_are_settings,
    failed_jobs_are_kept,
    alarms_are_heard,
    new_versions_come_gradually,
    gpus_cost_nothing_at_rest,
    limits_are_kept,
]
