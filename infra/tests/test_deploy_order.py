"""`make deploy` from an empty account on, against doubles: its steps in order, what is said when there is nothing to do, what is refused."""

import hashlib
import io
import json
import re
import zipfile

from infra.tests.doubles.account import NUMBER, REGION
from infra.tests.doubles.scene import Scene

# The steps, by the calls that tell them.
ORDER = (
    r"sts ",
    r"cloudformation CreateChangeSet darkroom-test-foundation",
    r"cloudformation ExecuteChangeSet darkroom-test-foundation",
    r"secretsmanager PutSecretValue .*keys",
    r"ecr GetAuthorizationToken",
    r"s3 PUT .*/hook/[0-9a-f]{64}\.zip",
    r"s3 PUT .*/templates/[0-9a-f]{64}\.yaml",
    r"s3 PUT .*/deployments/000001\.json",
    r"cloudformation CreateChangeSet darkroom-test$",
    r"cloudformation ExecuteChangeSet darkroom-test$",
    r"lambda Invoke darkroom-test-hook",
    r"s3 PUT .*/deployments/000001\.json",
)


def in_order(calls: list[str], wanted: tuple[str, ...]) -> bool:
    rest = iter(calls)
    return all(any(re.match(each, call) for call in rest) for each in wanted)


# proves: K09, K05
def test_from_an_empty_account_to_addresses_and_again_without_a_change(scene: Scene):
    first = scene.say("deploy", "test", "--yes")
    assert (first.code, first.error) == (0, "")
    assert in_order(scene.account.calls, ORDER), scene.account.calls
    stack = scene.stacks.stacks["darkroom-test"]
    for function in scene.chosen:
        assert f"Url{function.logical_id}" in first.out and stack.outputs[f"Url{function.logical_id}"] in first.out
        [digest] = scene.ecr.images(f"darkroom/{function.name}")
        assert (
            stack.parameters[f"Image{function.logical_id}"]
            == f"{scene.ecr.registry.address}/darkroom/{function.name}@{digest}"
        )
        # Nobody else looks at the first version of a function.
        assert f"darkroom-test-{function.name}:live: default@0123456789ab answers as expected" in first.out
    the_hooks_archive_holds_what_is_expected(scene)

    calls, before, executed = len(scene.account.calls), scene.state(), list(scene.stacks.executed)
    second = scene.say("deploy", "test", "--yes")
    assert (second.code, second.error) == (0, "")
    assert "darkroom-test-foundation: no change" in second.out and "darkroom-test: no change" in second.out
    assert second.out.count("is there already") == len(scene.chosen) and " pushed" not in second.out
    assert scene.stacks.executed == executed and scene.state() == before
    assert not [
        call
        for call in scene.account.calls[calls:]
        if re.match(r"s3 PUT|secretsmanager Put|lambda (Update|Publish)", call)
    ]


def the_hooks_archive_holds_what_is_expected(scene: Scene):
    """The program, and the answers of the very weights that are deployed."""
    stack = scene.stacks.stacks["darkroom-test"]
    body = scene.account.s3.get_object(stack.parameters["HookBucket"], stack.parameters["HookKey"]).value
    assert stack.parameters["HookKey"] == f"hook/{hashlib.sha256(body).hexdigest()}.zip"
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        assert sorted(archive.namelist()) == [
            "bootstrap",
            *sorted(f"expected/{each.name}.json" for each in scene.chosen),
        ]
        assert archive.getinfo("bootstrap").external_attr >> 16 == 0o100755
        for function in scene.chosen:
            expected = json.loads(archive.read(f"expected/{function.name}.json"))
            files = function.variants[0].manifest["weights"] if function.has_model else []
            weights = [f"default@{each['sha256'][:12]}" for each in files if each["precision"] == "int8"]
            assert list(expected["answers"]) == (weights or ["page"])


def the_hooks_key_is_admitted_once(scene: Scene):
    secrets = f"arn:aws:secretsmanager:{REGION}:{NUMBER}:secret:darkroom/test/"
    key, hashes = scene.secrets.values[f"{secrets}probe"], scene.secrets.values[f"{secrets}keys"]
    assert hashes.splitlines()[1:] == [f"{hashlib.sha256(key.encode()).hexdigest()} # the hook's"]


def test_a_new_image_is_pushed_alone_and_moves_its_alias_by_codedeploy(scene: Scene):
    assert scene.say("deploy", "test", "--yes").code == 0
    changed, same = scene.chosen
    digest = scene.build("second", changed)[f"darkroom/{changed.name}:cpu"]
    uploads = len(scene.ecr.registry.uploaded())
    ended = scene.say("deploy", "test", "--yes")
    assert (ended.code, ended.error) == (0, "")
    # The layer that changed; its base and the other image's lie there.
    assert len(scene.ecr.registry.uploaded()) - uploads == 1
    name = f"darkroom-test-{changed.name}"
    assert scene.functions.functions[name]["aliases"]["live"]["version"] == "2"
    assert scene.state()["functions"][name]["live"][0].endswith(digest)
    assert re.search(r"DeploymentGroup\S*: InProgress, version 2 has 10%", ended.out)
    assert re.search(r"DeploymentGroup\S*: Succeeded, version 2 has 100%", ended.out)
    assert scene.functions.functions[f"darkroom-test-{same.name}"]["aliases"]["live"]["version"] == "1"
    assert "darkroom-test-foundation: no change" in ended.out


def test_images_are_built_where_a_source_is_younger(scene: Scene):
    source = scene.tree / "functions" / scene.chosen[0].name / "Cargo.toml"
    source.write_text(source.read_text() + "\n")
    # What builds is the images' part: here the command alone, which then is told of.
    (scene.tree / "infra/images/__main__.py").write_text("import sys\nsys.exit(' '.join(sys.argv[1:]))\n")
    ended = scene.say("deploy", "test", "--yes")
    assert ended.code == 1
    names = " ".join(function.name for function in scene.chosen)
    assert ended.error.splitlines() == [
        f"build --flavours cpu {names}",
        "deploy: `python -m infra.images build` failed; its lines above say why",
    ]


def test_a_person_is_asked_and_may_say_no(scene: Scene):
    ended = scene.say("deploy", "test")
    assert ended.code == 1 and scene.stacks.executed == []
    assert (
        ended.error == "deploy: Create darkroom-test-foundation? Nobody is there to answer; YES=1 agrees beforehand\n"
    )
    assert scene.say("deploy", "test", environment={"CI": "true"}).code == 0


def test_a_function_whose_first_version_answers_wrong_fails_the_deployment(scene: Scene):
    digest = scene.build("first")[f"darkroom/{scene.chosen[0].name}:cpu"]
    scene.functions.bad = {f"{scene.ecr.registry.address}/darkroom/{scene.chosen[0].name}@{digest}"}
    ended = scene.say("deploy", "test", "--yes")
    assert ended.code == 1
    assert ended.error == f"deploy: darkroom-test-{scene.chosen[0].name}:live: its picture is off by up to 90 of 255\n"
    assert not any("True" in each for names in scene.state()["objects"].values() for each in names)


def test_what_is_wrong_is_told_in_a_line_before_anything_is_done(scene: Scene):
    for words, environment, says in (
        (["deploy", "nope", "--yes"], {}, "there is no stage 'nope'; there are: test"),
        (["deploy", "../test", "--yes"], {}, "there is no stage '../test'"),
        (
            ["deploy", "test", "--yes"],
            {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""},
            "AWS does not take the credentials",
        ),
        (["deploy", "test", "--yes"], {"AWS_REGION": ""}, "no region: set Region in test.toml, or AWS_REGION"),
        (["rollback", "test", "--yes"], {}, "nothing is deployed at test"),
    ):
        ended = scene.say(*words, environment=environment)
        assert ended.code == 1 and says in ended.error and len(ended.error.splitlines()) == 1, ended
    scene.settings('Account = "999999999999"\n')
    ended = scene.say("deploy", "test", "--yes")
    assert (ended.code, ended.error) == (
        1,
        f"deploy: these credentials open account {NUMBER}; test belongs to 999999999999\n",
    )
    assert scene.stacks.stacks == {}


def test_open_doors_are_refused_unless_told_so(scene: Scene):
    scene.settings('Auth = "NONE"\nKeys = false\n')
    ended = scene.say("deploy", "test", "--yes")
    assert ended.code == 1 and "test would let anybody call its functions" in ended.error and "PUBLIC=1" in ended.error
    assert scene.account.calls == []
    ended = scene.say("deploy", "test", "--yes", "--public")
    assert (ended.code, ended.error) == (0, "")
    assert not scene.stacks.stacks["darkroom-test"].parameters["ProbeKey"]


# proves: K03
def test_where_the_schema_knows_the_accelerator_and_sam_does_not_lambda_sets_it(scene: Scene):
    scene.settings('Gpu = true\nGpuSubnets = "subnet-1,subnet-2"\nGpuMemoryGb = 16\n')
    scene.build("first", gpu=True)
    scene.stacks.accelerator = True
    ended = scene.say("deploy", "test", "--yes")
    assert (ended.code, ended.error) == (0, "")
    assert "darkroom-test: SAM does not know AcceleratorConfig yet; Lambda's API sets it" in ended.out
    twins = {name: served["live"][1:] for name, served in scene.state()["functions"].items() if name.endswith("-gpu")}
    wanted = [{"AcceleratorMemorySize": 16}, {"MinExecutionEnvironments": 0, "MaxExecutionEnvironments": 2}]
    assert len(twins) == sum(function.has_model for function in scene.chosen)
    assert all(served == wanted for served in twins.values()), twins
