"""The doubles themselves: what AWS would not take or say, they do not let pass."""

import boto3
import pytest
from botocore.exceptions import ClientError

from infra.tests.doubles.account import REGION, Account
from infra.tests.doubles.functions import Lambda
from infra.tests.doubles.template import Unfit, plan
from infra.tests.doubles.wire import Refusal

PSEUDO = {"AWS::Region": REGION, "AWS::StackName": "s", "AWS::AccountId": "1" * 12}


class Wrong(Lambda):
    """Answers that Lambda's model does not know."""

    def get_alias(self, **_):
        return {"AliasArn": "none", "FunctionVersion": 3, "Colour": "red"}

    def update_alias(self, **_):
        raise Refusal("NoSuchException", "as ordered")


@pytest.fixture
def wrong():
    service = Wrong(REGION, "1" * 12)
    account = Account(service)
    keys = {"aws_access_key_id": "a", "aws_secret_access_key": "b"}
    yield account, boto3.client("lambda", endpoint_url=account.address, region_name=REGION, **keys)
    account.close()


def test_an_answer_that_is_not_in_the_model_is_a_fault(wrong):
    account, client = wrong
    client.get_alias(FunctionName="f", Name="live")
    faults = "\n".join(account.faults())
    assert "GetAlias answered" in faults and "Colour" in faults and "FunctionVersion" in faults


def test_an_error_that_is_not_in_the_model_is_a_fault(wrong):
    account, client = wrong
    with pytest.raises(ClientError, match="NoSuchException"):
        client.update_alias(FunctionName="f", Name="live", FunctionVersion="1")
    assert account.faults() == ["lambda UpdateAlias has no error NoSuchException"]


def test_a_value_outside_its_list_is_a_fault(wrong):
    account, client = wrong
    account.services["lambda"].functions["f"] = {"latest": {"FunctionName": "f", "PackageType": "Box", "image": ""}}
    client.get_function_configuration(FunctionName="f")
    assert ["PackageType is 'Box', none of" in fault for fault in account.faults()] == [True]


@pytest.mark.parametrize(
    ("text", "given", "says"),
    [
        ("Parameters: {A: {Type: String}}\nResources: {}", {}, "A] must have values"),
        ("Parameters: {}\nResources: {}", {"B": "1"}, "B] do not exist"),
        ("Parameters: {A: {Type: String, AllowedPattern: x}}\nResources: {}", {"A": "y"}, "failed to satisfy"),
        ("Parameters: {}\nResources: {R: {Type: T, Properties: {a: &b 1, c: *b}}}", {}, "aliases are not allowed"),
        (
            "Parameters: {}\nResources: {R: {Type: T, Properties: {a: {Ref: Nobody}}}}",
            {},
            "Unresolved resource dependencies",
        ),
    ],
)
def test_a_template_that_cloudformation_would_refuse_is_refused(text, given, says):
    with pytest.raises(Unfit, match=says):
        plan(text, given, PSEUDO, {})
