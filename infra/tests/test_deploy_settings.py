"""A stage's file: what may stand in it, and the one line that is said of anything else."""

from pathlib import Path

import pytest

from infra.aws import render
from infra.deploy import settings
from infra.functions import Wrong, functions


@pytest.fixture(scope="module")
def everything():
    return functions(variants="")


def read(folder: Path, text: str, everything) -> settings.Settings:
    (folder / "test.toml").write_text(text)
    return settings.read("test", everything, folder)


def test_every_parameter_that_has_no_other_source_can_be_set(tmp_path, everything):
    known = settings.declared(render.render_functions(everything)) | settings.declared(
        render.render_foundation(everything)
    )
    open_ones = {
        name: rule
        for name, rule in known.items()
        if not name.startswith(("Image", "GpuImage"))
        and name not in settings.FOUND | {"ArtefactBucket", "ResultBucket", "KeySecret", "ProbeKey"}
    }
    lines = []
    for name, rule in open_ones.items():
        value = rule.get("AllowedValues", [rule.get("Default")])[-1]
        lines.append(f"{name} = {value if rule['Type'] == 'Number' else repr(settings.text(value))}\n")
    chosen = read(tmp_path, "".join(lines), everything)
    assert chosen.chosen.keys() == open_ones.keys() and len(open_ones) > 15


def test_values_are_taken_as_toml_has_them(tmp_path, everything):
    text = 'Account = "111122223333"\nRegion = "eu-north-1"\nSnapStart = true\nProvisioned = 2\nOrigins = ["https://a.example", "https://b.example"]\n'
    chosen = read(tmp_path, text, everything)
    assert (chosen.account, chosen.region, chosen.stack, chosen.foundation) == (
        "111122223333",
        "eu-north-1",
        "darkroom-test",
        "darkroom-test-foundation",
    )
    assert chosen.chosen == {"SnapStart": "true", "Provisioned": "2", "Origins": "https://a.example,https://b.example"}
    assert chosen.on("SnapStart") and not chosen.on("Gpu") and chosen.value("LogDays") == "30"
    assert chosen.of(chosen.foundation_template) == {"Stage": "test", "Origins": "https://a.example,https://b.example"}


def test_some_of_the_functions_are_deployed_alone(tmp_path, everything):
    first = everything[0]
    chosen = read(tmp_path, f'Functions = ["{first.name}"]\n', everything)
    assert chosen.functions == [first]
    names = [name for name in settings.declared(chosen.functions_template) if name.startswith("Image")]
    assert names == [f"Image{first.logical_id}"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("Snapstart = true\n", "test.toml: there is no setting Snapstart; there are: Account, AlarmEmail, Auth,"),
        ('HookKey = "x"\n', "test.toml: HookKey is found by make deploy itself"),
        ('KeySecret = "x"\n', "test.toml: KeySecret is found by make deploy itself"),
        ('Rollout = "Slowly"\n', "test.toml: Rollout is 'Slowly'; it is one of AllAtOnce, "),
        ('Provisioned = "two"\n', "test.toml: Provisioned is 'two', which is no number"),
        ("Provisioned = -1\n", "test.toml: Provisioned is -1; the least is 0, the most inf"),
        ('Functions = ["nope"]\n', "test.toml: Functions names nope; there are: "),
        ("Account = 1\n", 'test.toml: Account is twelve digits in quotes, as in "111122223333"'),
        ("Auth = \n", "test.toml: Invalid value"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, everything, text, says):
    with pytest.raises(Wrong) as wrong:
        read(tmp_path, text, everything)
    assert str(wrong.value).startswith(says) and "\n" not in str(wrong.value)


def test_the_stages_that_come_with_it_are_right(everything):
    for path in settings.STAGES.glob("*.toml"):
        settings.refuse_open_doors(settings.read(path.stem, everything), public=False)
