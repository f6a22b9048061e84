"""Deployments that are cut off: at every step, by a kill or by a refusal of AWS, and run again; and two of them at once."""

import signal

from infra.tests.doubles.scene import EachChange, Scene

GPU = 'Gpu = true\nGpuSubnets = "subnet-1,subnet-2"\nGpuMemoryGb = 16\n'


# What changes something, as run after run meets it: a bucket's name and more is cut off.
STEPS = [
    "cloudformation CreateChangeSet darkroom-test-foundation",
    "cloudformation ExecuteChangeSet darkroom-test-foundation",
    "cloudformation DeleteChangeSet darkroom-test-foundation",
    "secretsmanager PutSecretValue arn:aws:secretsmanager:eu-central-1:123456789012:secret:darkroom",
    "s3 PUT ",
    "s3 PUT ",
    "s3 PUT ",
    "cloudformation CreateChangeSet darkroom-test",
    "cloudformation ExecuteChangeSet darkroom-test",
    "cloudformation DeleteChangeSet darkroom-test",
]


def twins(scene: Scene) -> list[str]:
    return [f"darkroom-test-{function.name}" for function in scene.chosen if function.has_model]


def whole(scene: Scene) -> dict:
    """What an uninterrupted deployment leaves, in an account of its own that is then emptied for the next one."""
    assert scene.say("deploy", "test", "--yes").code == 0
    state = scene.state()
    assert scene.say("destroy", "test", "--yes").code == 0
    return state


# proves: K09
def test_killed_after_every_change_and_run_again_it_ends_the_same(scene: Scene):
    scene.settings(GPU)
    scene.build("first", gpu=True)
    wanted, each = whole(scene), EachChange()
    while True:
        code = scene.killed_at(each, "deploy", "test", "--yes")
        if not each.again():
            break
        assert code == -signal.SIGKILL, each.met[-1]
    assert code == 0 and scene.state() == wanted
    assert [call.split("/")[0] for call in each.met] == [
        *STEPS,
        *(
            f"lambda {word} {name}-gpu"
            for name in twins(scene)
            for word in ("UpdateFunctionConfiguration", "PublishVersion", "PutFunctionScalingConfig", "UpdateAlias")
        ),
    ]


def test_refused_at_every_change_and_run_again_it_ends_the_same(scene: Scene):
    wanted, each = whole(scene), EachChange()
    while True:
        ended = scene.refused_at(each, "deploy", "test", "--yes")
        if not each.again():
            break
        assert ended.code == 1 and len(ended.error.splitlines()) == 1, ended
        assert "AccessDenied" in ended.error or "Forbidden" in ended.error, ended.error
    assert ended.code == 0 and scene.state() == wanted
    assert {call.split("/")[0] for call in each.met} == {
        step for step in STEPS if step != "cloudformation DeleteChangeSet darkroom-test"
    }


def test_of_two_deployments_at_once_the_second_says_so_and_waits(scene: Scene):
    """The first one is caught while its stack moves: until it is let go, nothing there ends."""
    assert scene.say("deploy", "test", "--yes").code == 0
    scene.build("second")
    scene.killed_at(lambda call: call == "cloudformation ExecuteChangeSet darkroom-test", "deploy", "test", "--yes")
    ended = scene.say("deploy", "test", "--yes")
    assert (ended.code, ended.error) == (0, "")
    assert "darkroom-test: another deployment is at work (UPDATE_IN_PROGRESS); waiting for its end" in ended.out
    assert "darkroom-test: no change" in ended.out


def test_who_was_overtaken_between_plan_and_execution_is_told(scene: Scene):
    assert scene.say("deploy", "test", "--yes").code == 0
    scene.build("second", scene.chosen[0])
    # Another one executes its change set, which takes this one's away, right before this one would execute it.
    scene.account.halt = scene.overtaking("cloudformation ExecuteChangeSet darkroom-test")
    ended = scene.say("deploy", "test", "--yes")
    assert ended.code == 1
    assert (
        ended.error
        == "deploy: darkroom-test: another deployment was quicker and the change set no longer holds; run it again\n"
    )
    assert scene.say("deploy", "test", "--yes").code == 0


def test_a_stack_whose_first_creation_failed_is_made_anew(scene: Scene):
    scene.stacks.breaks = "DeadLetters"
    ended = scene.say("deploy", "test", "--yes")
    assert ended.code == 1
    assert (
        ended.error
        == "deploy: darkroom-test is ROLLBACK_COMPLETE: The following resource(s) failed to create: [DeadLetters].\n"
    )
    scene.stacks.breaks = ""
    ended = scene.say("deploy", "test", "--yes")
    assert (ended.code, ended.error) == (0, "")
    assert "darkroom-test: its first creation failed; removing what is left of that" in ended.out
