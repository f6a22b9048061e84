"""The role that GitHub deploys a stage with: whom it trusts, and what it may do."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
from samtranslator.yaml_helper import yaml_parse

from infra.functions import ROOT

TEMPLATE = ROOT / "infra" / "aws" / "github.yaml"
CLAIM = "token.actions.githubusercontent.com"


def lint(path: Path) -> subprocess.CompletedProcess:
    command = [Path(sys.executable).with_name("cfn-lint"), "--non-zero-exit-code", "informational", path]
    return subprocess.run(command, check=False, capture_output=True, text=True)


def deployer() -> dict:
    return yaml_parse(TEMPLATE.read_text())["Resources"]["Deployer"]["Properties"]


def pattern(parameter: str) -> str:
    return yaml_parse(TEMPLATE.read_text())["Parameters"][parameter]["AllowedPattern"]


# proves: K09, B14
def test_cfn_lint_finds_nothing():
    done = lint(TEMPLATE)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [("MaxSessionDuration: 3600", "MaxSessionDuration: 36", "E3034"), ("!Ref Provider]", "!Ref Providr]", "E1020")],
)
def test_cfn_lint_finds_what_is_planted(tmp_path, right, wrong, says):
    text = TEMPLATE.read_text()
    assert right in text
    (tmp_path / "github.yaml").write_text(text.replace(right, wrong))
    assert says in lint(tmp_path / "github.yaml").stdout


# proves: B14
def test_it_trusts_one_environment_of_one_repository_and_nobody_else():
    (statement,) = deployer()["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    subject = {"Fn::Sub": "${Subject}:environment:${Stage}"}
    assert statement["Condition"] == {"StringEquals": {f"{CLAIM}:aud": "sts.amazonaws.com", f"{CLAIM}:sub": subject}}


@pytest.mark.parametrize(
    ("subject", "good"),
    [
        ("repo:octo/darkroom", True),
        ("repo:octo@12/darkroom@34", True),
        ("repo:octo/*", False),
        ("repo:octo", False),
        ("repo:octo/darkroom:ref:refs/heads/main", False),
    ],
)
def test_a_subject_names_one_repository(subject, good):
    assert bool(re.fullmatch(pattern("Subject"), subject)) is good


# proves: B14
def test_it_makes_no_role_beyond_its_stage_and_no_user_or_key():
    (policy,) = deployer()["Policies"]
    (statement,) = policy["PolicyDocument"]["Statement"]
    assert all(re.fullmatch(r"iam:[A-Za-z]*Role[A-Za-z]*", action) for action in statement["Action"])
    assert statement["Resource"] == {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/darkroom-${Stage}-*"}
