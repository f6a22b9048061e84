"""Ways back: a version that CodeDeploy takes back, `make rollback`, `make destroy`."""

import re

from infra.tests.doubles.scene import Scene


def served(scene: Scene, function) -> str:
    """The digest of the image that serves, after the name of its repository."""
    return scene.state()["functions"][f"darkroom-test-{function.name}"]["live"][0].rpartition("@")[2]


def deployed(scene: Scene, *words: str) -> list[dict[str, str]]:
    """Digests by image of builds that were deployed one after the other."""
    builds = []
    for word in words:
        builds.append(scene.build(word))
        assert scene.say("deploy", "test", "--yes").code == 0
    return builds


# proves: B08
def test_a_version_that_the_hook_refuses_goes_back_with_its_reason(scene: Scene):
    changed = scene.chosen[0]
    [first] = deployed(scene, "first")
    digest = scene.build("bad", changed)[f"darkroom/{changed.name}:cpu"]
    scene.functions.bad = {f"{scene.ecr.registry.address}/darkroom/{changed.name}@{digest}"}
    ended = scene.say("deploy", "test", "--yes")
    assert ended.code == 1 and len(ended.error.splitlines()) == 1
    assert "darkroom-test is UPDATE_ROLLBACK_COMPLETE; what served before serves on: " in ended.error
    assert f"the hook refused it: darkroom-test-{changed.name}:2: its picture is off by up to 90 of 255" in ended.error
    assert re.search(r"DeploymentGroup\S*: Failed.*BeforeAllowTraffic Failed", ended.out)
    assert served(scene, changed) == first[f"darkroom/{changed.name}:cpu"]
    # What was never reached is nothing to go back from: that leads to what serves already.
    assert "test: back to deployment 1" in scene.say("rollback", "test", "--yes").out
    assert served(scene, changed) == first[f"darkroom/{changed.name}:cpu"]


def test_a_version_that_an_alarm_stops_goes_back_with_its_reason(scene: Scene):
    changed = scene.chosen[0]
    [first] = deployed(scene, "first")
    scene.build("slow", changed)
    scene.codedeploy.alarm = f"{changed.name}-new-errors"
    ended = scene.say("deploy", "test", "--yes")
    assert ended.code == 1 and len(ended.error.splitlines()) == 1
    assert f"the alarm darkroom-test-{changed.name}-new-errors rang: Threshold Crossed" in ended.error
    assert served(scene, changed) == first[f"darkroom/{changed.name}:cpu"]


def test_rollback_brings_back_what_stood_before_one_by_one(scene: Scene):
    one, two = scene.chosen
    first, second = deployed(scene, "first", "second")
    third = scene.build("third", two)
    assert scene.say("deploy", "test", "--yes").code == 0

    # One function alone, and nothing else.
    ended = scene.say("rollback", "test", "--yes", "--function", two.name)
    assert (ended.code, ended.error) == (0, "")
    assert [served(scene, each) for each in (one, two)] == [second[f"darkroom/{each.name}:cpu"] for each in (one, two)]
    # All at once, whatever the settings say; and CloudFormation knows of it.
    assert scene.stacks.stacks["darkroom-test"].parameters["Rollout"] == "AllAtOnce"
    assert scene.say("rollback", "test", "--yes", "--function", two.name).code == 0
    assert served(scene, two) == first[f"darkroom/{two.name}:cpu"]

    # Everything: to the deployment before, then to the one before that.
    assert "test: back to deployment 4" in scene.say("rollback", "test", "--yes").out
    assert served(scene, two) == second[f"darkroom/{two.name}:cpu"]
    assert "test: back to deployment 3" in scene.say("rollback", "test", "--yes").out
    assert [served(scene, each) for each in (one, two)] == [
        second[f"darkroom/{one.name}:cpu"],
        third[f"darkroom/{two.name}:cpu"],
    ]

    # The next deployment is of what the tree says, with the settings' own rollout.
    assert scene.say("deploy", "test", "--yes").code == 0
    assert served(scene, two) == third[f"darkroom/{two.name}:cpu"]
    assert scene.stacks.stacks["darkroom-test"].parameters["Rollout"] == "Canary10Percent5Minutes"


def test_rollback_of_what_is_not_there_is_told(scene: Scene):
    deployed(scene, "first")
    name = scene.chosen[0].name
    for words, says in (
        ((), "there is no deployment before this one"),
        (
            ("--function", "nope"),
            f"there is no function nope; there are: {', '.join(sorted(each.name for each in scene.chosen))}",
        ),
        (("--function", name), f"{name} had no other image before"),
    ):
        ended = scene.say("rollback", "test", "--yes", *words)
        assert (ended.code, ended.error) == (1, f"rollback: {says}\n")


def test_destroy_asks_and_takes_everything_out_also_when_cut_off(scene: Scene):
    deployed(scene, "first")
    results = next(name for name in scene.account.s3.buckets if "results" in name)
    for number in range(3):
        scene.account.s3.put_object(results, f"picture-{number}", b"x")
    before = scene.state()
    ended = scene.say("destroy", "test", environment={"CI": "true"})
    assert ended.code == 1 and "Nobody is there to answer" in ended.error and scene.state() == before
    assert f"bucket {results}: 3 objects and versions of them" in ended.out
    for function in scene.chosen:
        assert f"registry darkroom/{function.name}: 1 images" in ended.out

    # Cut off where the functions are gone and the rest is not.
    scene.killed_at(lambda call: call.startswith("ecr DeleteRepository"), "destroy", "test", "--yes")
    assert list(scene.stacks.stacks) == ["darkroom-test-foundation"]
    ended = scene.say("destroy", "test", "--yes")
    assert (ended.code, ended.error) == (0, "")
    gone = scene.state()
    assert (gone["stacks"], gone["functions"], gone["images"], gone["objects"], gone["admitted"]) == (
        {},
        {},
        {},
        {},
        [],
    )
    assert scene.say("destroy", "test", "--yes").out.endswith("test: there is nothing to remove\n")
