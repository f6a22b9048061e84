"""The templates under AWS's linters: cfn-lint, `sam validate`, Trivy; and each linter under a planted mistake."""

import json
import os
import subprocess
from pathlib import Path

import botocore.session
import pytest
import yaml

from infra.aws import render
from infra.functions import ROOT, functions
from infra.tests.aws import translation
from infra.tests.aws.sets import REGION, SETS, filled

ALL = functions()
FEW = [next(function for function in ALL if function.has_model is modelled) for modelled in (True, False)]
HERE = Path(translation.__file__).parent
CFN_LINT = ROOT / ".tools/infra/bin/cfn-lint"
TRIVY = ROOT / ".tools/trivy"
SAM = translation.SAM / "sam"
NEW = ["--override-spec", str(HERE / "overlay.json")]


def cfn_lint(folder: Path, template: str, *more: str) -> str:
    path = folder / "template.yaml"
    path.write_text(template)
    run = subprocess.run(
        [CFN_LINT, *more, "--regions", REGION, "--", path], check=False, capture_output=True, text=True
    )
    assert (run.returncode == 0) == (run.stdout == ""), run.stderr
    return run.stdout


def planted(template: str, mistake: str, instead: str) -> str:
    assert mistake in template
    return template.replace(mistake, instead, 1)


def translated() -> str:
    """As SAM leaves it; the language extensions' one function that is left, Fn::ToJsonString, is still theirs to read."""
    template = translation.by_cfn_lint(render.render_functions(FEW), filled(FEW, {}))
    return json.dumps(template | {"Transform": "AWS::LanguageExtensions"})


@pytest.mark.parametrize(
    ("template", "more"),
    [
        pytest.param(lambda: render.render_foundation(ALL), [], id="foundation"),
        pytest.param(lambda: render.render_functions(ALL), [], id="functions"),
        pytest.param(lambda: render.render_functions(FEW, accelerator=True), NEW, id="functions with the accelerator"),
        pytest.param(lambda: render.render_functions(FEW[:1]), [], id="no page"),
        # What is said here is instead of what the template says of W1030. Conditions of what is not there are not used;
        pytest.param(lambda: render.render_functions(FEW[1:]), ["-i", "W8001", "W1030"], id="a page alone"),
        # nor are the lists of the loops, when these are written out.
        pytest.param(translated, ["-i", "W2001", "W1030"], id="translated"),
    ],
)
def test_cfn_lint_minds_nothing(tmp_path, template, more):
    assert cfn_lint(tmp_path, template(), *more) == ""


def test_cfn_lint_finds_every_planted_mistake(tmp_path):
    template = render.render_functions(FEW, accelerator=True)
    mistakes = {
        "'STREAM' is not one of": ("InvokeMode: RESPONSE_STREAM", "InvokeMode: STREAM"),
        "'RetentionDays' was unexpected": ("RetentionInDays", "RetentionDays"),
        "'HookRoll' is not one of": ("Fn::GetAtt: [HookRole, Arn]", "Fn::GetAtt: [HookRoll, Arn]"),
        "25 is not one of": ("AcceleratorMemorySize: {Ref: GpuMemoryGb}", "AcceleratorMemorySize: 25"),
    }
    for mistake, instead in mistakes.values():
        template = planted(template, mistake, instead)
    found = cfn_lint(tmp_path, template, *NEW)
    assert [says for says in mistakes if says not in found] == []


def test_the_schema_that_is_out_does_not_know_the_accelerator_yet(tmp_path):
    """Where it does, the overlay has had its day, and so has the call by which `make deploy` sets it."""
    assert "AcceleratorConfig" in cfn_lint(tmp_path, render.render_functions(FEW, accelerator=True))


def test_the_overlay_says_what_lambdas_own_interface_says():
    shape = botocore.session.get_session().get_service_model("lambda").shape_for("AcceleratorConfig")
    for kind, patches in json.loads((HERE / "overlay.json").read_text())["Patches"].items():
        (patch,) = patches
        assert patch["path"] == "/properties/AcceleratorConfig" and kind.endswith("::Function")
        members = {name: member.type_name for name, member in shape.members.items()}
        assert {name: rule["type"] for name, rule in patch["value"]["properties"].items()} == members
        assert patch["value"]["required"] == shape.required_members


def sam_validate(folder: Path, template: str) -> tuple[int, str]:
    (folder / "template.yaml").write_text(template)
    words = [
        SAM,
        "validate",
        "--lint",
        "--language-extensions",
        "--region",
        REGION,
        "--template-file",
        folder / "template.yaml",
    ]
    given = {**os.environ, "SAM_CLI_TELEMETRY": "0", "HOME": str(folder)}
    run = subprocess.run(words, check=False, capture_output=True, text=True, env=given, cwd=folder)
    return run.returncode, run.stdout + run.stderr


@pytest.mark.parametrize(
    "template", [render.render_foundation(ALL), render.render_functions(FEW)], ids=["foundation", "functions"]
)
def test_sam_takes_them(tmp_path, template):
    code, said = sam_validate(tmp_path, template)
    assert code == 0 and "is a valid SAM Template" in said, said


def test_sam_finds_a_planted_mistake(tmp_path):
    code, said = sam_validate(
        tmp_path, planted(render.render_functions(FEW), "Handler: bootstrap", "Handlers: bootstrap")
    )
    assert code == 1 and "Handlers" in said


def trivy(folder: Path, templates: dict[str, dict], ignore: Path | None) -> dict[str, set[str]]:
    """What Trivy minds, by the template's name; it is told of an ignored finding only by the ignore file."""
    for name, template in templates.items():
        (folder / f"{name}.json").write_text(json.dumps(template))
    words = [
        TRIVY,
        "config",
        "--cache-dir",
        folder / "cache",
        "--skip-version-check",
        "--skip-check-update",
        "--disable-telemetry",
    ]
    words += ["--quiet", "--format", "json", "--misconfig-scanners", "cloudformation"]
    words += ["--ignorefile", ignore] if ignore else []
    run = subprocess.run([*words, folder], check=False, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    found = {
        Path(each["Target"]).stem: {it["ID"] for it in each.get("Misconfigurations", [])}
        for each in json.loads(run.stdout)["Results"]
    }
    return {name: found[name] for name in templates}


@pytest.fixture(scope="module")
def templates() -> dict[str, dict]:
    functions_template = translation.by_cfn_lint(
        render.render_functions(FEW), filled(FEW, SETS["everything that costs"])
    )
    return {"foundation": translation.written_out(render.render_foundation(FEW)), "functions": functions_template}


IGNORED = HERE / "trivyignore.yaml"


def test_trivy_minds_nothing_that_is_not_explained(tmp_path, templates):
    assert trivy(tmp_path, templates, IGNORED) == {"foundation": set(), "functions": set()}


def test_every_explanation_is_of_something_that_trivy_minds(tmp_path, templates):
    minded = set().union(*trivy(tmp_path, templates, None).values())
    explained = {each["id"]: each["statement"] for each in yaml.safe_load(IGNORED.read_text())["misconfigurations"]}
    assert explained.keys() == minded and all(len(why) > 30 for why in explained.values())


def test_trivy_finds_planted_mistakes(tmp_path, templates):
    broken = json.loads(json.dumps(templates))
    del broken["foundation"]["Resources"]["ResultBucket"]["Properties"]["PublicAccessBlockConfiguration"]
    distribution = broken["functions"]["Resources"]["Front"]["Properties"]["DistributionConfig"]
    distribution["DefaultCacheBehavior"]["ViewerProtocolPolicy"] = "allow-all"
    found = trivy(tmp_path, broken, IGNORED)
    assert "AWS-0086" in found["foundation"] and "AWS-0012" in found["functions"]
