"""The templates, resolved as CloudFormation would, keep every rule under every way to fill their parameters; each rule finds a planted mistake."""

import copy

import pytest

from infra.aws import render
from infra.functions import functions
from infra.tests.aws import policy
from infra.tests.aws.sets import ACCOUNT, PLAIN, REGION, SETS, SIGNED, SNAPPED, filled
from infra.tests.doubles.template import plan

ALL = functions()
FUNCTION = next(function for function in ALL if function.has_model)
ONE, TWIN = f"Cpu{FUNCTION.logical_id}", f"Gpu{FUNCTION.logical_id}"
FOUNDATION = "the foundation"
KNOWN: dict[str, dict] = {}


def resources(name: str) -> dict:
    """What a set of parameters makes; both stacks keep the same rules."""
    if name not in KNOWN:
        foundation = name == FOUNDATION
        stack = "darkroom-test-foundation" if foundation else "darkroom-test"
        pseudo = {
            "AWS::AccountId": ACCOUNT,
            "AWS::Region": REGION,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
        }
        template = render.render_foundation(ALL) if foundation else render.render_functions(ALL)
        given = {"Stage": "test"} if foundation else filled(ALL, SETS[name])
        KNOWN[name] = plan(template, given, {**pseudo, "AWS::StackName": stack}, {})[0]
    return KNOWN[name]


# proves: K06, K08, B08
@pytest.mark.parametrize("check", policy.CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("name", [FOUNDATION, *SETS])
def test_every_rule_is_kept(name, check):
    assert list(check(resources(name))) == []


def put(path: str, value: object):
    """A mistake: something else at a place, `Name.Properties...`; None takes it away."""

    def plant(broken: dict) -> None:
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        node = broken
        for step in way:
            node = node[step]
        if value is None:
            del node[last]
        else:
            node[last] = value

    return plant


STATEMENT = "Properties/Policies/{}/PolicyDocument/Statement/{}"
PLANTED = [
    (policy.a_role_may_nothing_of_everything, PLAIN, put(f"{ONE}Role/{STATEMENT.format(1, 0)}/Action", "s3:*")),
    (policy.a_role_may_nothing_of_everything, PLAIN, put(f"HookRole/{STATEMENT.format(0, 1)}/Resource", "*")),
    (
        policy.a_function_reaches_its_own_alone,
        PLAIN,
        put(f"{ONE}Role/{STATEMENT.format(1, 0)}/Resource", "arn:aws:s3:::results/*"),
    ),
    (policy.a_function_reaches_its_own_alone, PLAIN, put(f"{ONE}Role/{STATEMENT.format(1, 1)}/Condition", None)),
    (
        policy.a_function_reaches_its_own_alone,
        SIGNED,
        put(f"{TWIN}Role/{STATEMENT.format(1, 2)}/Resource", "arn:aws:lambda:x:y:function:darkroom-test-*"),
    ),
    (policy.buckets_are_closed, FOUNDATION, put("ResultBucket/Properties/BucketEncryption", None)),
    (
        policy.buckets_are_closed,
        FOUNDATION,
        put("ResultBucket/Properties/PublicAccessBlockConfiguration/BlockPublicPolicy", False),
    ),
    (policy.buckets_are_closed, FOUNDATION, put("ArtefactBucketPolicy", None)),
    (policy.buckets_are_closed, FOUNDATION, put("ResultBucket/Properties/LifecycleConfiguration", None)),
    (policy.queues_are_encrypted, PLAIN, put("DeadLetters/Properties/SqsManagedSseEnabled", False)),
    (
        policy.registries_keep_what_they_have,
        FOUNDATION,
        put(f"Repository{FUNCTION.logical_id}/Properties/ImageTagMutability", "MUTABLE"),
    ),
    (
        policy.registries_keep_what_they_have,
        FOUNDATION,
        put(f"Repository{FUNCTION.logical_id}/Properties/LifecyclePolicy", None),
    ),
    (
        policy.registries_keep_what_they_have,
        FOUNDATION,
        put(f"Repository{FUNCTION.logical_id}/Properties/RepositoryPolicyText/Statement/0/Condition", None),
    ),
    (policy.addresses_are_as_public_as_they_say, PLAIN, put(f"{ONE}PublicInvoke", None)),
    (
        policy.addresses_are_as_public_as_they_say,
        PLAIN,
        put(f"{ONE}PublicInvoke/Properties/InvokedViaFunctionUrl", None),
    ),
    (policy.addresses_are_as_public_as_they_say, PLAIN, put(f"{ONE}Url/Properties/AuthType", "AWS_IAM")),
    (policy.addresses_are_as_public_as_they_say, SIGNED, put(f"{ONE}Signed/Properties/SourceArn", None)),
    (
        policy.callers_go_by_the_alias,
        PLAIN,
        put(f"{ONE}Url/Properties/TargetFunctionArn", "arn:aws:lambda:x:y:function:any"),
    ),
    (policy.callers_go_by_the_alias, PLAIN, put(f"{ONE}EventInvokeConfig/Properties/Qualifier", "$LATEST")),
    (policy.logs_end, PLAIN, put(f"{ONE}Logs/Properties/RetentionInDays", None)),
    (policy.logs_end, PLAIN, put("HookLogs", None)),
    (policy.no_secret_stands_in_the_open, PLAIN, put(f"{ONE}/Properties/Environment/Variables/API_KEYS", "0" * 64)),
    (policy.no_secret_stands_in_the_open, FOUNDATION, put("KeySecret/Properties/SecretString", "a")),
    (policy.settings_are_settings, PLAIN, put(f"{ONE}/Properties/Environment/Variables/STOER", "s3://results")),
    (policy.settings_are_settings, PLAIN, put(f"{ONE}/Properties/Environment/Variables/ORIGINS", "x" * 5000)),
    (policy.failed_jobs_are_kept, PLAIN, put(f"{ONE}/Properties/DeadLetterConfig", None)),
    (policy.failed_jobs_are_kept, SIGNED, put(f"{TWIN}EventInvokeConfig/Properties/DestinationConfig", {})),
    (policy.alarms_are_heard, PLAIN, put("DeadLettersAlarm/Properties/AlarmActions", [])),
    (policy.alarms_are_heard, SIGNED, put(f"{TWIN}Slow", None)),
    (policy.new_versions_come_gradually, PLAIN, put(f"{ONE}Aliaslive/UpdatePolicy", None)),
    (
        policy.new_versions_come_gradually,
        PLAIN,
        put(f"{ONE}DeploymentGroup/Properties/AutoRollbackConfiguration/Enabled", False),
    ),
    (policy.gpus_cost_nothing_at_rest, SIGNED, put(f"{TWIN}/Properties/FunctionScalingConfig", None)),
    (policy.limits_are_kept, SNAPPED, put(f"{ONE}/Properties/EphemeralStorage/Size", 1024)),
]


@pytest.mark.parametrize(
    ("check", "name", "plant"),
    PLANTED,
    ids=[f"{check.__name__} {number}" for number, (check, *_) in enumerate(PLANTED)],
)
def test_a_rule_finds_a_planted_mistake(check, name, plant):
    broken = copy.deepcopy(resources(name))
    plant(broken)
    assert list(check(broken)) != []


def test_every_rule_has_a_planted_mistake():
    assert {check for check, *_ in PLANTED} == set(policy.CHECKS)
