"""What may be set: values.py writes the functions from the tree, and what is wrong is refused in a sentence."""

import copy
import json
import re
import shutil

import pytest
import yaml

from infra.functions import ROOT, Wrong, functions
from infra.kubernetes import render
from infra.kubernetes import values as values_of
from infra.kubernetes.render import CHART
from infra.tests.kubernetes import policy
from infra.tests.kubernetes.check import wrong
from infra.tests.kubernetes.sets import GATEWAY, INGRESS, KEYS, ONE, PROMETHEUS, functions_values, rendered

BY_CHART = {"PROVIDER", "STORE", "API_KEYS", "WEBHOOK_SECRET", "FUNCTIONS", "CONNECT", "JOBS", "STORE_BYTES"}
BY_IMAGE = {"HOST", "PORT", "MODELS", "FFMPEG", "ORT_DYLIB_PATH", "ORT_DYLIB_SHA256"}
WHOLE = {"expose": GATEWAY, "keys": KEYS}
FUNCTION = {"page": False, "memoryMb": 2048, "storageMb": 512, "digests": {}}


# What is set, and what must be said of it.
REFUSED = [
    ({"flavour": ["gpu"]}, "additional properties 'flavour' not allowed"),
    ({"flavours": ["tpu"]}, "'/flavours/0'"),
    ({"flavours": []}, "minItems"),
    ({"workload": "statefulset"}, "'/workload'"),
    ({"registry": "https://ghcr.io/me"}, "'/registry'"),
    ({"cpu": {"cores": 0}}, "'/cpu/cores'"),
    ({"cpu": {"core": 4}}, "additional properties 'core' not allowed"),
    ({"gpu": {"targetPercent": 165}}, "'/gpu/targetPercent'"),
    ({"gpu": {"resource": "gpu"}}, "'/gpu/resource'"),
    ({"gpu": {"max": "8"}}, "'/gpu/max'"),
    ({"scaling": {"by": "vpa"}}, "'/scaling/by'"),
    ({"scaling": {"cooldownS": -1}}, "'/scaling/cooldownS'"),
    ({"interceptor": {"on": True}}, "additional properties"),
    ({"prometheus": {"address": "prometheus:9090"}}, "'/prometheus/address'"),
    ({"prometheus": {"key": "secret"}}, "'/prometheus/key'"),
    ({"store": {"url": "/data"}}, "'/store/url'"),
    ({"store": {"url": "s3://bucket", "endpoint": "minio:9000"}}, "'/store/endpoint'"),
    ({"settings": {"DEADLINE": "60"}}, "additional properties 'DEADLINE' not allowed"),
    ({"settings": {"DEADLINE_S": 60}}, "'/settings/DEADLINE_S'"),
    ({"settings": {"QUEUE": "many"}}, "'/settings/QUEUE'"),
    ({"settings": {"STORE": "s3://bucket"}}, "additional properties 'STORE' not allowed"),
    ({"expose": {"host": "Pictures_Example"}}, "'/expose/host'"),
    ({"functions": {"No_Name": FUNCTION}}, "propertyName 'No_Name'"),
    ({"functions": {"some": {**FUNCTION, "digests": {"cpu": "latest"}}}}, "'/functions/some/digests/cpu'"),
    ({"registry": ""}, "registry: say where the images are"),
    ({"functions": {"some": FUNCTION}}, "functions.some.digests has no cpu: build and push its image"),
    ({"flavours": ["gpu"]}, "scaling.by: hpa knows no GPU use"),
    ({"cpu": {"min": 0}}, "min 0 needs scaling.by=keda and interceptor.enabled=true"),
    ({"cpu": {"min": 9}}, "min 9 is more than max 8"),
    ({"functions": {ONE: {"cpu": {"min": 7, "max": 5}}}}, f"{ONE} cpu: min 7 is more than max 5"),
    ({"scaling": {"by": "keda"}}, "prometheus.address: KEDA reads there"),
    ({"expose": {**GATEWAY, "host": ""}, "keys": KEYS}, "expose.host: say under which name"),
    ({"expose": GATEWAY}, "everybody could call the functions: set keys.secret, or expose.public=true"),
    ({"expose": {**GATEWAY, "className": ""}, "keys": KEYS}, "expose.className: say which Gateway class"),
    ({"expose": {**INGRESS, "className": ""}, "keys": KEYS}, "expose.className: say which Ingress class"),
    (
        {"expose": {**GATEWAY, "namespace": ""}, "keys": KEYS},
        "expose.namespace: say where the pods of the controller are",
    ),
    ({"keys": KEYS, "prometheus": {**PROMETHEUS, "key": {"secret": ""}}}, "prometheus.key.secret: with keys.secret"),
    ({"store": {"url": "s3://bucket"}}, "store.region: say in which region"),
    ({"workload": "knative", "keys": KEYS}, "knative.domain: say under which domain"),
    (
        {"workload": "knative", "knative": {"domain": "a.example"}, **WHOLE},
        "expose.by: Knative has addresses of its own",
    ),
    ({"workload": "knative", "knative": {"domain": "a.example"}}, "everybody could call the functions"),
]


@pytest.mark.parametrize(("given", "says"), REFUSED)
def test_what_is_wrong_is_refused_in_a_sentence(given: dict, says: str):
    with pytest.raises(Wrong) as refused:
        rendered(None, given)
    assert says in str(refused.value) and "\n" not in str(refused.value)


def test_the_schema_knows_every_value_and_no_other():
    """Each value in values.yaml is one that the schema names, and the other way round; the functions' own come from elsewhere."""
    schema = json.loads((CHART / "values.schema.json").read_text())
    given = yaml.safe_load((CHART / "values.yaml").read_text())
    assert set(schema["properties"]) - {"global"} == set(given)
    for name, value in given.items():
        known = schema["properties"][name].get("properties")
        if known:
            assert set(known) == set(value), name
    units = set(schema["$defs"]["unit"]["properties"])
    assert set().union(*(given[each] for each in ("cpu", "gpu", "page"))) == units


def test_the_schema_names_the_settings_that_there_are():
    """Of the functions' settings the chart takes all but those that it or the image sets itself."""
    table = (ROOT / "common/src/settings.rs").read_text().split("TABLE", 1)[1].split("];", 1)[0]
    there = set(re.findall(r'\(\s*"([A-Z][A-Z0-9_]+)"', table))
    schema = json.loads((CHART / "values.schema.json").read_text())
    patterns = schema["$defs"]["settings"]["patternProperties"]
    taken = {name for pattern in patterns for name in pattern.strip("^()$").split("|")}
    assert taken == there - BY_CHART - BY_IMAGE
    assert there >= BY_CHART | BY_IMAGE


def test_the_charts_version_is_the_programs():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    version = re.search(r'^version = "(.+)"', (ROOT / "Cargo.toml").read_text(), re.MULTILINE)[1]
    assert (chart["version"], chart["appVersion"]) == (version, version)


def test_values_come_from_the_tree_and_from_the_images(tmp_path, capsys):
    images, out = tmp_path / "images.txt", tmp_path / "out/values.yaml"
    digest = "sha256:" + "5" * 64
    images.write_text(f"darkroom/{ONE}:cpu {digest} 41234567\ndarkroom/{ONE}:cpu-arm64 {digest} 41234567\n")
    assert values_of.main(["--registry", "ghcr.io/me", "--images", str(images), "--out", str(out)]) == 0
    written = yaml.safe_load(out.read_text())
    assert written["registry"] == "ghcr.io/me"
    assert written["functions"].keys() == {function.name for function in functions()}
    assert written["functions"][ONE]["digests"] == {"cpu": digest}
    images.write_text("darkroom/derain:cpu latest 1\n")
    assert values_of.main(["--images", str(images), "--out", str(out)]) == 1
    assert "line 1 of the images is not NAME DIGEST BYTES" in capsys.readouterr().err


def test_the_command_renders_what_the_values_say(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(render, "OUT", tmp_path)
    assert render.main([]) == 1
    assert "`make kubernetes-values` writes the functions' own" in capsys.readouterr().err
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(functions_values(functions())))
    more = tmp_path / "more.yaml"
    more.write_text("cpu: {max: 3}\n")
    assert render.main([str(more)]) == 0
    objects = [each for each in yaml.safe_load_all((tmp_path / "manifests.yaml").read_text()) if each]
    assert f"({len(objects)} objects)" in capsys.readouterr().out
    assert {each["spec"]["maxReplicas"] for each in objects if each["kind"] == "HorizontalPodAutoscaler"} == {3}


def new_function(tree, name: str, memory_mb: int) -> None:
    """A made-up function with a model, made of one that there is."""
    shutil.copytree(tree / "functions" / ONE, tree / "functions" / name)
    new_variant(tree, ONE, name, "default", memory_mb)


def new_variant(tree, of: str, function: str, name: str, memory_mb: int) -> None:
    folder = tree / "models" / function / name
    shutil.copytree(tree / "models" / of / "default", folder)
    manifest = json.loads((folder / "model.json").read_text())
    manifest["resources"]["memory_mb"] = memory_mb
    (folder / "model.json").write_text(json.dumps(manifest))


# proves: B16
def test_a_new_function_and_a_new_variant_appear_without_a_change_here(tmp_path):
    for path in [*ROOT.glob("functions/*/Cargo.toml"), *ROOT.glob("models/*/*/model.json")]:
        there = tmp_path / path.relative_to(ROOT)
        there.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, there)
    new_function(tmp_path, "deblur", 3072)
    new_variant(tmp_path, ONE, ONE, "greedy", 6144)
    given = {"expose": GATEWAY, "keys": KEYS, "prometheus": PROMETHEUS}
    objects = rendered("gpu", given, functions(tmp_path, variants=""))
    assert wrong(objects) == [] and [found for check in policy.CHECKS for found in check(objects)] == []
    memory = {
        tuple(policy.labels(each)[f"darkroom/{label}"] for label in ("function", "flavour")): memory_of(each)
        for each in policy.workloads(objects)
    }
    assert (
        memory["deblur", "cpu"] == "3072Mi" and memory["deblur", "gpu"] == "8192Mi" and memory[ONE, "cpu"] == "6144Mi"
    )
    told = [policy.environment(each)["FUNCTIONS"] for each in policy.workloads(objects) if policy.is_page(each)]
    assert all(json.loads(each)["deblur"] == ["../deblur/", "../deblur-cpu/"] for each in told) and told
    before = rendered("gpu", given)
    assert len(objects) - len(before) == 2 * len(
        {"Deployment", "Service", "Budget", "Route", "InterceptorRoute", "ScaledObject"}
    )


def memory_of(workload: dict) -> str:
    return copy.deepcopy(policy.container(workload))["resources"]["limits"]["memory"]
