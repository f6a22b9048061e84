"""What AWS makes of the functions' template before CloudFormation creates anything, by two readers of its language extensions.

cfn-lint's writes out the loops and leaves parameters where they are. SAM CLI's, a port of AWS's own, puts parameters and mappings in as well.
Which of the two SAM sees in the cloud can't be known here; what matters holds under both. After either comes SAM's own translator.
"""

import json
import subprocess
from pathlib import Path

import boto3
from cfnlint.decode import decode_str
from cfnlint.template import Template
from cfnlint.template.transforms._language_extensions import language_extension
from samtranslator.parser.parser import Parser
from samtranslator.translator.translator import Translator

from infra.functions import ROOT
from infra.tests.aws.sets import REGION

SAM = ROOT / ".tools" / "sam" / "bin"
READER = Path(__file__).with_name("sam_reader.py")


def written_out(text: str) -> dict:
    """A template without its loops."""
    template, wrong = decode_str(text)
    assert not wrong, wrong
    wrong, expanded = language_extension(Template(None, template, [REGION]))
    assert not wrong, wrong
    return json.loads(json.dumps(expanded))


def by_cfn_lint(text: str, parameters: dict[str, str]) -> dict:
    return translated(written_out(text), parameters)


def by_sam_cli(text: str, parameters: dict[str, str]) -> dict:
    given = json.dumps({"template": text, "parameters": parameters, "region": REGION})
    run = subprocess.run([SAM / "python", READER], input=given, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr[-2000:]
    return translated(json.loads(run.stdout), parameters)


def translated(template: dict, parameters: dict[str, str]) -> dict:
    return Translator({}, Parser(), boto_session=boto3.Session(region_name=REGION)).translate(template, parameters)


def of_type(template: dict, kind: str) -> dict[str, dict]:
    return {name: each for name, each in template["Resources"].items() if each["Type"] == kind}


def versions(template: dict) -> dict[str, str]:
    """The version that each function's alias points at, by the function's logical id."""
    aliases = of_type(template, "AWS::Lambda::Alias").values()
    return {
        alias["Properties"]["FunctionName"]["Ref"]: alias["Properties"]["FunctionVersion"]["Fn::GetAtt"][0]
        for alias in aliases
    }
