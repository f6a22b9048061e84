"""What publishes a version: another image, another setting, another manifest; and nothing else. A version without a change CloudFormation refuses."""

import dataclasses

import pytest

from infra.aws import render
from infra.functions import functions
from infra.tests.aws import translation
from infra.tests.aws.sets import filled, image
from infra.tests.aws.translation import of_type, versions

# Two of those with a network, and one without, do for all.
MODELLED = [function for function in functions() if function.has_model][:2]
ALL = MODELLED + [function for function in functions() if not function.has_model][:1]
GPU = {"Gpu": "true", "GpuSubnets": "subnet-0a1b2c3d", "GpuSecurityGroups": "sg-0a1b2c3d"}
READERS = [translation.by_cfn_lint, translation.by_sam_cli]
TEMPLATE = render.render_functions(ALL)


@pytest.fixture(scope="module", params=READERS, ids=lambda reader: reader.__name__)
def read(request):
    """Translates with parameters, once each."""
    known: dict = {}

    def made(given: dict[str, str], template: str = TEMPLATE) -> dict:
        key = (template, *sorted(given.items()))
        if key not in known:
            known[key] = request.param(template, filled(ALL, given))
        return known[key]

    return made


def changed(before: dict, after: dict) -> set[str]:
    """Functions, by logical id, whose alias comes to another version; each has to be another function in something, too."""
    one, other = versions(before), versions(after)
    names = {name for name in one if one[name] != other.get(name)}
    for name in names:
        assert before["Resources"][name]["Properties"] != after["Resources"][name]["Properties"], name
    return names


def ids(kind: str, chosen: list = ALL) -> set[str]:
    return {f"{kind}{function.logical_id}" for function in chosen}


def test_every_function_and_twin_has_a_version_behind_its_alias(read):
    assert versions(read(GPU)).keys() == ids("Cpu") | ids("Gpu", MODELLED)


def test_the_same_again_changes_nothing(read):
    assert changed(read(GPU), read(dict(reversed(GPU.items())))) == set()


# proves: K06
@pytest.mark.parametrize("function", [ALL[0], ALL[-1]], ids=lambda function: function.name)
def test_another_digest_is_another_version_of_that_function_alone(read, function):
    other = {f"Image{function.logical_id}": image(function, digit="b")}
    assert changed(read(GPU), read(GPU | other)) == {f"Cpu{function.logical_id}"}


def test_another_digest_of_a_twin_is_another_version_of_the_twin(read):
    other = {f"GpuImage{MODELLED[0].logical_id}": image(MODELLED[0], "gpu", "b")}
    assert changed(read(GPU), read(GPU | other)) == {f"Gpu{MODELLED[0].logical_id}"}


@pytest.mark.parametrize(
    ("given", "whose"),
    [
        ({"Origins": "https://page.example"}, ids("Cpu") | ids("Gpu", MODELLED)),
        ({"Keys": "false"}, ids("Cpu", MODELLED) | ids("Gpu", MODELLED)),
        ({"SnapStart": "true"}, ids("Cpu")),
        ({"GpuMemoryGb": "48"}, ids("Gpu", MODELLED)),
        ({"Distribution": "true"}, ids("Cpu") - ids("Cpu", MODELLED)),
        (
            {
                "LogDays": "7",
                "Reserved": "9",
                "Rollout": "AllAtOnce",
                "AlarmEmail": "who@example.com",
                "WarmEveryMinutes": "5",
            },
            set(),
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_what_a_setting_publishes(read, given, whose):
    assert changed(read(GPU), read(GPU | given)) == whose


@pytest.mark.parametrize("what", ["memory_mb", "storage_mb", "timeout_s"])
def test_another_manifest_is_another_version(read, what):
    more = dataclasses.replace(MODELLED[0], **{what: getattr(MODELLED[0], what) + 512})
    other = render.render_functions([more if function.name == more.name else function for function in ALL])
    assert f"Cpu{more.logical_id}" in changed(read(GPU), read(GPU, other))


def test_old_versions_stay_where_one_may_go_back_to_them(read):
    kept = of_type(read(GPU), "AWS::Lambda::Version")
    served = versions(read(GPU))
    assert {name for name, each in kept.items() if each["DeletionPolicy"] == "Retain"} == {
        served[name] for name in ids("Cpu")
    }
