"""The chart under many values: what it renders to is what Kubernetes takes and what our own rules ask; each check fails on a planted mistake."""

import copy
import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from infra.functions import ROOT, functions
from infra.kubernetes.render import CHART, HELM
from infra.tests.kubernetes import policy
from infra.tests.kubernetes.check import wrong
from infra.tests.kubernetes.sets import ONE, SETS, functions_values, objects, of_kind, rendered

WHOLE = "GPUs and CPUs behind a Gateway, with keys and a bucket"
INGRESS = "GPUs and CPUs behind an Ingress, with a store in the cluster"
CPUS = "CPUs alone, as the chart comes"
KNATIVE = "Knative"


# proves: B05, B16
@pytest.mark.parametrize("name", SETS)
def test_what_is_rendered_is_what_kubernetes_takes(name: str):
    assert wrong(objects(name)) == []


def test_the_oldest_kubernetes_that_the_chart_names_takes_it_too():
    oldest = yaml.safe_load((CHART / "Chart.yaml").read_text())["kubeVersion"].removeprefix(">=").rpartition(".")[0]
    assert wrong(objects(CPUS), oldest) == []


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("check", policy.CHECKS, ids=lambda check: check.__name__)
def test_what_is_rendered_keeps_the_rules(name: str, check):
    assert list(check(objects(name))) == []


def test_every_kind_that_the_chart_has_is_rendered_by_some_set():
    kinds = {each["kind"] for name in SETS for each in objects(name)}
    written = set()
    for path in CHART.glob("templates/*.yaml"):
        written |= {line.split()[1] for line in path.read_text().splitlines() if line.startswith("kind: ")}
    assert kinds == written


def lint(chart, folder) -> tuple[int, str]:
    (folder / "functions.yaml").write_text(yaml.safe_dump(functions_values(functions())))
    command = [HELM, "lint", "--strict", chart, "--values", folder / "functions.yaml"]
    run = subprocess.run(command, check=False, capture_output=True, text=True)
    return run.returncode, run.stdout + run.stderr


def test_helm_lints_it_and_says_what_is_wrong(tmp_path):
    code, said = lint(CHART, tmp_path)
    assert code == 0, said
    broken = shutil.copytree(CHART, tmp_path / "darkroom")
    with (broken / "templates/service.yaml").open("a") as file:
        file.write("\n---\nkind: Service\n  name: [\n")
    code, said = lint(broken, tmp_path)
    assert code != 0 and "service.yaml" in said, said


# What Trivy finds and we keep, with the reason.
EXPLAINED = {
    "KSV-0125": "the registry is the operator's own, and images are named by digest",
    "KSV-0108": "an Ingress leads to its own namespace alone; the name is that of KEDA's interceptor in the same cluster",
}


def trivy(folder: Path) -> dict[str, dict[str, str]]:
    """What it finds in each file of a folder: ids, and one message of each."""
    command = [
        ROOT / ".tools/trivy",
        "config",
        "--quiet",
        "--skip-version-check",
        "--skip-check-update",
        "--format=json",
    ]
    run = subprocess.run([*command, folder], check=True, capture_output=True, text=True)
    results = json.loads(run.stdout)["Results"]
    assert sum(each["MisconfSummary"]["Successes"] for each in results) > 100
    found = {}
    for each in results:
        found[each["Target"]] = {one["ID"]: one["Message"] for one in each.get("Misconfigurations", ())}
    return found


def test_trivy_finds_nothing_that_is_not_explained(tmp_path):
    few = [function for function in functions() if function.name == ONE or not function.has_model]
    for number, (profile, over) in enumerate(SETS.values()):
        (tmp_path / f"{number}.yaml").write_text(yaml.safe_dump_all(rendered(profile, over, few)))
    planted = rendered(None, {}, few)
    one(planted)["securityContext"].update(privileged=True)
    (tmp_path / "planted.yaml").write_text(yaml.safe_dump_all(planted))
    found = trivy(tmp_path)
    assert "KSV-0017" in found.pop("planted.yaml")
    assert len(found) == len(SETS) and {one for each in found.values() for one in each} == EXPLAINED.keys(), found


def first(of: list[dict], kind: str) -> dict:
    return of_kind(of, kind)[0]["spec"]


# A mistake in an object, and what the types say of it.
MISTYPED = [
    (CPUS, "Deployment", lambda spec: spec.update(replica=1), "replica"),
    (CPUS, "Deployment", lambda spec: spec["template"]["spec"].update(terminationGracePeriodSeconds="920"), "920"),
    (CPUS, "HorizontalPodAutoscaler", lambda spec: spec.pop("maxReplicas"), "maxReplicas"),
    (CPUS, "NetworkPolicy", lambda spec: spec.update(policyType=["Egress"]), "policyType"),
    (WHOLE, "ScaledObject", lambda spec: spec.update(minReplicas=1), "minReplicas"),
    (WHOLE, "ScaledObject", lambda spec: spec.update(cooldownPeriod="300"), "'string' is not assignable"),
    (
        WHOLE,
        "ScaledObject",
        lambda spec: spec["triggers"][0]["metadata"].update(threshold=70),
        "'number' is not assignable",
    ),
    (WHOLE, "ScaledObject", lambda spec: spec["fallback"].update(behavior="keep"), "keep"),
    (WHOLE, "InterceptorRoute", lambda spec: spec["target"].pop("port"), "port"),
    (WHOLE, "HTTPRoute", lambda spec: spec["rules"][0].update(filter=[]), "filter"),
    (WHOLE, "Gateway", lambda spec: spec.pop("gatewayClassName"), "gatewayClassName"),
    (WHOLE, "ReferenceGrant", lambda spec: spec["to"][0].update(kinds="Service"), "kinds"),
    (WHOLE, "ServiceMonitor", lambda spec: spec["endpoints"][0].update(paths="/metrics"), "paths"),
    (KNATIVE, "Service", lambda spec: spec["template"]["spec"].update(timeout=600), "timeout"),
    (INGRESS, "Ingress", lambda spec: spec["tls"][0].update(secret="x"), "secret"),
]


@pytest.mark.parametrize(("name", "kind", "mistake", "says"), MISTYPED)
def test_a_wrong_type_is_found(name: str, kind: str, mistake, says: str):
    planted = copy.deepcopy(of_kind(objects(name), kind)[0])
    assert wrong([planted]) == []
    mistake(planted["spec"])
    found = wrong([planted])
    assert len(found) == 1 and found[0].startswith(f"{kind} ") and says in found[0], found


def pod(of: list[dict]) -> dict:
    return policy.workloads(of)[0]["spec"]["template"]["spec"]


def one(of: list[dict]) -> dict:
    return pod(of)["containers"][0]


def page(of: list[dict]) -> dict:
    return next(
        each
        for each in policy.container(next(filter(policy.is_page, policy.workloads(of))))["env"]
        if each["name"] == "FUNCTIONS"
    )


# A mistake in what is rendered, and the one check that must find it.
BROKEN = [
    (policy.pods_are_restricted, CPUS, lambda of: one(of)["securityContext"].update(runAsUser=0)),
    (policy.pods_are_restricted, CPUS, lambda of: one(of)["securityContext"].update(readOnlyRootFilesystem=False)),
    (policy.pods_are_restricted, CPUS, lambda of: one(of)["securityContext"].pop("capabilities")),
    (policy.pods_are_restricted, CPUS, lambda of: one(of)["securityContext"].pop("seccompProfile")),
    (policy.pods_are_restricted, KNATIVE, lambda of: pod(of).pop("automountServiceAccountToken")),
    (policy.pods_are_restricted, CPUS, lambda of: pod(of)["volumes"][0]["emptyDir"].pop("sizeLimit")),
    (policy.pods_have_limits_and_probes, CPUS, lambda of: one(of)["resources"]["limits"].pop("memory")),
    (policy.pods_have_limits_and_probes, CPUS, lambda of: one(of).pop("startupProbe")),
    (policy.pods_have_limits_and_probes, CPUS, lambda of: one(of)["livenessProbe"]["httpGet"].update(path="/readyz")),
    (policy.images_are_named_by_digest, CPUS, lambda of: one(of).update(image="registry.example/darkroom/a:latest")),
    (policy.gpus_are_for_gpu_flavours, WHOLE, lambda of: one(of)["resources"]["limits"].pop("nvidia.com/gpu")),
    (policy.gpus_are_for_gpu_flavours, WHOLE, lambda of: one(of)["env"][0].update(value="auto")),
    (policy.pods_may_end_in_peace, CPUS, lambda of: pod(of).update(terminationGracePeriodSeconds=30)),
    (
        policy.each_pod_has_its_service_and_budget,
        WHOLE,
        lambda of: first(of, "PodDisruptionBudget")["selector"]["matchLabels"].popitem(),
    ),
    (
        policy.each_pod_has_its_service_and_budget,
        WHOLE,
        lambda of: first(of, "Service")["selector"].update({"darkroom/flavour": "tpu"}),
    ),
    (
        policy.each_pod_has_its_service_and_budget,
        CPUS,
        lambda of: first(of, "Service")["ports"][0].update(targetPort=80),
    ),
    (
        policy.each_pod_is_scaled_once,
        WHOLE,
        lambda of: first(of, "ScaledObject")["scaleTargetRef"].update(name="nobody"),
    ),
    (policy.each_pod_is_scaled_once, CPUS, lambda of: first(of, "Deployment").update(replicas=2)),
    (policy.who_sleeps_can_be_woken, WHOLE, lambda of: first(of, "ScaledObject")["triggers"].pop()),
    (
        policy.who_sleeps_can_be_woken,
        WHOLE,
        lambda of: first(of, "InterceptorRoute")["target"].update(service="another"),
    ),
    (
        policy.routes_lead_somewhere,
        WHOLE,
        lambda of: first(of, "InterceptorRoute")["rules"][0].update(hosts=["another"]),
    ),
    (policy.routes_lead_somewhere, WHOLE, lambda of: of.remove(of_kind(of, "ReferenceGrant")[0])),
    (
        policy.routes_lead_somewhere,
        INGRESS,
        lambda of: of_kind(of, "Ingress")[0]["metadata"]["annotations"].pop(
            "nginx.ingress.kubernetes.io/rewrite-target"
        ),
    ),
    (policy.exposed_means_tls, INGRESS, lambda of: first(of, "Ingress").pop("tls")),
    (
        policy.exposed_means_tls,
        WHOLE,
        lambda of: of_kind(of, "HTTPRoute")[1]["spec"]["parentRefs"][0].update(sectionName="http"),
    ),
    (policy.pages_know_every_function, CPUS, lambda of: page(of).update(value='{"another": "../another/"}')),
    (
        policy.networks_are_shut,
        WHOLE,
        lambda of: first(of, "NetworkPolicy")["podSelector"]["matchLabels"].update(another="one"),
    ),
    (
        policy.networks_are_shut,
        WHOLE,
        lambda of: of_kind(of, "NetworkPolicy")[1]["spec"]["podSelector"].pop("matchExpressions"),
    ),
    (policy.networks_are_shut, WHOLE, lambda of: first(of, "NetworkPolicy")["ingress"][0].pop("from")),
    (
        policy.prometheus_finds_the_pods,
        WHOLE,
        lambda of: first(of, "ServiceMonitor")["endpoints"][0].update(port="metrics"),
    ),
    (
        policy.prometheus_finds_the_pods,
        WHOLE,
        lambda of: first(of, "ServiceMonitor")["endpoints"][0].pop("authorization"),
    ),
]


@pytest.mark.parametrize(("check", "name", "mistake"), BROKEN, ids=lambda each: getattr(each, "__name__", None))
def test_a_broken_rule_is_found(check, name: str, mistake):
    planted = copy.deepcopy(objects(name))
    mistake(planted)
    assert list(check(planted)), "the mistake was not found"


def test_every_rule_is_shown_to_fail():
    assert {check for check, *_ in BROKEN} == set(policy.CHECKS)
