"""What is in the templates: every function and nothing by hand, what the page is told, what keeps functions warm, the board, the front."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
import yaml

from infra.aws import language, render
from infra.functions import ROOT, functions
from infra.tests.aws.sets import ACCOUNT, PLAIN, REGION, SETS, SIGNED, filled
from infra.tests.doubles.template import plan

ALL = functions()
PSEUDO = {"AWS::AccountId": ACCOUNT, "AWS::Region": REGION, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com"}


def made(chosen: list, given: dict[str, str]) -> tuple[dict, dict]:
    """Resources and outputs of the functions' stack."""
    return plan(
        render.render_functions(chosen), filled(chosen, given), PSEUDO | {"AWS::StackName": "darkroom-test"}, {}
    )


def tree(folder: Path) -> Path:
    """A copy of what `infra.functions` reads."""
    for path in (*ROOT.glob("functions/*/Cargo.toml"), *ROOT.glob("models/*/*/model.json")):
        copy = folder / path.relative_to(ROOT)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, copy)
    return folder


def test_a_new_function_and_a_new_variant_appear_by_themselves(tmp_path):
    root, model = tree(tmp_path), next(function for function in ALL if function.has_model)
    shutil.copytree(root / f"functions/{model.name}", root / "functions/sepia-tone")
    shutil.copytree(root / f"models/{model.name}/default", root / "models/sepia-tone/default")
    before = functions(root)
    large = json.loads((root / f"models/{model.name}/default/model.json").read_text())
    large["resources"]["memory_mb"] = 6000
    (root / f"models/{model.name}/large").mkdir()
    (root / f"models/{model.name}/large/model.json").write_text(json.dumps(large))

    resources, outputs = made(functions(root, ""), SETS[SIGNED])
    assert resources["CpuSepiaTone"]["Properties"]["FunctionName"] == "darkroom-test-sepia-tone"
    assert resources["GpuSepiaTone"]["Properties"]["FunctionName"] == "darkroom-test-sepia-tone-gpu"
    assert {"UrlSepiaTone", "GpuUrlSepiaTone", "AliasArnSepiaTone"} <= outputs.keys()
    assert resources[f"Cpu{model.logical_id}"]["Properties"]["MemorySize"] == 6000
    foundation, _ = plan(
        render.render_foundation(before), {"Stage": "test"}, PSEUDO | {"AWS::StackName": "darkroom-test"}, {}
    )
    assert foundation["RepositorySepiaTone"]["Properties"]["RepositoryName"] == "darkroom/sepia-tone"


def test_no_function_is_named_by_hand():
    """Comments aside, where one is an example."""
    for path in (ROOT / "infra/aws").glob("*.yaml"):
        words = set(re.findall(r"[a-z]+", json.dumps(language.load(path)).lower()))
        assert not words & {function.name for function in ALL}, path


@pytest.mark.parametrize("name", SETS)
def test_every_function_is_there_with_what_its_manifests_say(name):
    resources, outputs = made(ALL, SETS[name])
    gpu = SETS[name].get("Gpu") == "true"
    for function in ALL:
        properties = resources[f"Cpu{function.logical_id}"]["Properties"]
        assert (properties["MemorySize"], properties["Timeout"]) == (function.memory_mb, function.timeout_s)
        assert outputs[f"Url{function.logical_id}"].startswith("https://")
        assert outputs[f"AliasArn{function.logical_id}"].endswith(f":function:darkroom-test-{function.name}:live")
        assert (f"GpuUrl{function.logical_id}" in outputs) == (gpu and function.has_model)
    assert ("DistributionDomain" in outputs) == (SETS[name].get("Distribution") == "true")
    assert ("KeySecretArn" in outputs) == (SETS[name].get("Keys") != "false")


@pytest.mark.parametrize("name", SETS)
def test_a_page_is_told_of_every_function_the_gpu_first(name):
    resources, outputs = made(ALL, SETS[name])
    distributed, gpu = SETS[name].get("Distribution") == "true", SETS[name].get("Gpu") == "true"
    for page in (function for function in ALL if not function.has_model):
        told = json.loads(resources[f"Cpu{page.logical_id}"]["Properties"]["Environment"]["Variables"]["FUNCTIONS"])
        for function in (function for function in ALL if function.has_model):
            one = [f"/{function.name}/", outputs[f"Url{function.logical_id}"]][not distributed]
            twin = f"/{function.name}-gpu/" if distributed else outputs.get(f"GpuUrl{function.logical_id}")
            assert told.pop(function.name) == ([twin, one] if gpu else [one])
        assert told == {}


@pytest.mark.parametrize("reader", ["plain", "with the accelerator"])
def test_it_is_within_what_cloudformation_takes(reader):
    rendered = render.render_functions(ALL, accelerator=reader != "plain")
    template = yaml.safe_load(rendered)
    assert (
        len(rendered) < 1_000_000
        and len(template["Parameters"]) <= 200
        and len(template["Mappings"]["Functions"]) <= 200
    )
    assert ("AcceleratorConfig" in rendered) == (reader != "plain")
    texts = [each["Description"] for each in template["Parameters"].values()]
    assert all(isinstance(text, str) and len(text) > 10 for text in texts)
    assert all(
        set(each) <= {"Type", "Description", "Default", "AllowedValues", "AllowedPattern", "MinValue", "MaxValue"}
        for each in template["Parameters"].values()
    )
    assert len(render.render_foundation(ALL)) <= 51_200, "it is sent with the request"


def test_it_is_rendered_for_a_person(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(render, "OUT", tmp_path / "aws")
    monkeypatch.setattr(render, "ROOT", tmp_path)
    assert render.main([ALL[0].name]) == 0
    assert f"Image{ALL[0].logical_id}" in (tmp_path / "aws/functions.yaml").read_text()
    assert f"Image{ALL[1].logical_id}" not in (tmp_path / "aws/functions.yaml").read_text()
    assert render.main(["nosuch"]) == 1
    assert capsys.readouterr().err == "aws: there is no function nosuch\n"


def test_the_board_shows_what_the_functions_tell():
    resources, _ = made(ALL, SETS[PLAIN])
    board = json.loads(resources["Board"]["Properties"]["DashboardBody"])
    told = (ROOT / "common/src/telemetry.rs").read_text()
    words = json.dumps(board)
    assert '"Namespace": "Darkroom"' in told and '"Darkroom"' in words
    for metric in ("Refused", "RunSeconds"):
        assert f'"{metric}"' in told and metric in words
    alarms = {
        each["Properties"]["AlarmName"] for each in resources.values() if each["Type"] == "AWS::CloudWatch::Alarm"
    }
    shown = {arn.rpartition(":alarm:")[2] for arn in board["widgets"][0]["properties"]["alarms"]}
    assert shown == {alarm for alarm in alarms if not alarm.endswith("-new-errors")}
    assert all(f"darkroom-test-{function.name}" in words for function in ALL)


@pytest.mark.parametrize(
    ("asked", "comes"),
    [
        ("/any/", "/"),
        ("/any/jobs/1", "/jobs/1"),
        ("/any-gpu/models/a.b", "/models/a.b"),
        ("/any/any/", "/any/"),
        ("/any//x", "//x"),
    ],
)
def test_the_front_takes_the_first_part_of_the_path_away(asked, comes):
    code = language.load(ROOT / "infra/aws/front.yaml")["Resources"]["Strip"]["Properties"]["FunctionCode"]
    event = {"version": "1.0", "request": {"method": "POST", "uri": asked, "headers": {}}}
    program = f"{code}\nconsole.log(JSON.stringify(handler({json.dumps(event)})))"
    run = subprocess.run([ROOT / ".tools/nodejs/bin/node", "-e", program], check=True, capture_output=True, text=True)
    assert json.loads(run.stdout) == event["request"] | {"uri": comes}


def test_the_front_leads_to_every_function():
    resources, outputs = made(ALL, SETS[SIGNED])
    config = resources["Front"]["Properties"]["DistributionConfig"]
    origins = {each["Id"]: each["DomainName"] for each in config["Origins"]}
    paths = {each["PathPattern"]: origins[each["TargetOriginId"]] for each in config["CacheBehaviors"]}
    host = {key: value.split("/")[2] for key, value in outputs.items() if "Url" in key}
    for function in (function for function in ALL if function.has_model):
        assert paths.pop(f"/{function.name}/*") == host[f"Url{function.logical_id}"]
        assert paths.pop(f"/{function.name}-gpu/*") == host[f"GpuUrl{function.logical_id}"]
    assert paths == {}
    page = next(function for function in ALL if not function.has_model)
    assert origins[config["DefaultCacheBehavior"]["TargetOriginId"]] == host[f"Url{page.logical_id}"]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# proves: K05
@pytest.mark.parametrize("modelled", [True, False], ids=["a function", "a page"])
def test_the_scheduled_warm_up_is_a_request_that_functions_understand(modelled):
    function = next(each for each in ALL if each.has_model is modelled)
    resources, _ = made(ALL, SETS["everything that costs"])
    event = resources[f"Cpu{function.logical_id}Warm"]["Properties"]["Targets"][0]["Input"]
    front, back = free_port(), free_port()
    words = [
        ROOT / ".tools/aws-lambda-rie",
        "--log-level",
        "error",
        "--runtime-interface-emulator-address",
        f"127.0.0.1:{front}",
    ]
    words += ["--runtime-api-address", f"127.0.0.1:{back}", ROOT / "target/release" / function.name]
    given = {
        "AWS_LAMBDA_FUNCTION_TIMEOUT": "60",
        "MODELS": str(ROOT / "models"),
        "LOG": "error",
        "PATH": "/usr/bin:/bin",
    }
    given["ORT_DYLIB_PATH"] = str(ROOT / ".tools/onnxruntime/libonnxruntime.so")
    emulator = subprocess.Popen(
        words, env=given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        answer = invoked(f"http://127.0.0.1:{front}/2015-03-31/functions/function/invocations", event.encode())
    finally:
        emulator.terminate()
        emulator.wait()
    prelude, _, body = answer.partition(bytes(8))
    assert json.loads(prelude)["statusCode"] == 200 and json.loads(body)["warm"] is True


def invoked(address: str, event: bytes) -> bytes:
    """Asks until the emulator listens."""
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(urllib.request.Request(address, event), timeout=60) as answer:
                return answer.read()
        except urllib.error.URLError as error:
            if not isinstance(error.reason, ConnectionRefusedError) or time.monotonic() > until:
                raise
            time.sleep(0.05)
