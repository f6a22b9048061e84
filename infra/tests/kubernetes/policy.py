"""What must hold of every rendering, whatever the values: each check yields a sentence for what does not.

Sources: Kubernetes' restricted Pod Security Standard; common/src/serve.rs for what a process may take to end.
"""

import json
import re
from collections.abc import Iterator

from infra.tests.kubernetes.check import title
from infra.tests.kubernetes.sets import of_kind

PORT = 8080
# What common::serve adds to the longest deadline: for answers under way, for jobs, for the runtime's end.
AFTER_S = 5 + 5 + 1
BACKEND_KINDS = ("HTTPRoute", "Ingress")


def workloads(objects: list[dict]) -> list[dict]:
    return [each for each in objects if "template" in each.get("spec", {})]


def container(workload: dict) -> dict:
    return workload["spec"]["template"]["spec"]["containers"][0]


def environment(workload: dict) -> dict[str, str]:
    return {each["name"]: each.get("value", "") for each in container(workload)["env"]}


def labels(workload: dict) -> dict[str, str]:
    return workload["spec"]["template"]["metadata"]["labels"]


def selects(selector: dict, of: dict[str, str]) -> bool:
    """Whether a label selector, or a Service's plain one, chooses these labels."""
    plain = selector.get("matchLabels", {} if "matchExpressions" in selector else selector)
    if any(of.get(key) != value for key, value in plain.items()):
        return False
    for each in selector.get("matchExpressions", ()):
        there = each["key"] in of
        if not {"In": there and of.get(each["key"]) in each.get("values", ()), "Exists": there}[each["operator"]]:
            return False
    return True


def is_page(workload: dict) -> bool:
    return "FUNCTIONS" in environment(workload)


def pods_are_restricted(objects: list[dict]) -> Iterator[str]:
    for each in workloads(objects):
        pod, one = each["spec"]["template"]["spec"], container(each)
        held = one.get("securityContext", {})
        wanted = {
            "runAsNonRoot": True,
            "runAsUser": 65532,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
        }
        for name, value in wanted.items():
            if held.get(name) != value:
                yield f"{title(each)}: {name} is not {value}"
        if held.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{title(each)}: keeps capabilities"
        if held.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{title(each)}: has no seccomp profile"
        if pod.get("automountServiceAccountToken") is not False:
            yield f"{title(each)}: gets a token of the cluster"
        for volume in pod["volumes"]:
            size = volume.get("emptyDir", {}).get("sizeLimit", "")
            if "secret" not in volume and not re.fullmatch(r"[0-9]+Mi", size):
                yield f"{title(each)}: volume {volume['name']} may grow without end"
        if "/tmp" not in {mount["mountPath"] for mount in one["volumeMounts"]}:
            yield f"{title(each)}: has no /tmp to write to"


def pods_have_limits_and_probes(objects: list[dict]) -> Iterator[str]:
    for each in workloads(objects):
        one = container(each)
        for name in ("cpu", "memory", "ephemeral-storage"):
            limit = str(one["resources"].get("limits", {}).get(name))
            if not re.fullmatch(r"[0-9.]+(Mi)?", limit) or name not in one["resources"].get("requests", {}):
                yield f"{title(each)}: has no limit of {name}"
        paths = {"readinessProbe": "/readyz", "livenessProbe": "/healthz"}
        if each["kind"] == "Deployment":
            paths["startupProbe"] = "/readyz"
        for probe, path in paths.items():
            if one.get(probe, {}).get("httpGet") != {"path": path, "port": PORT}:
                yield f"{title(each)}: {probe} does not ask {path} on {PORT}"
        if [port["containerPort"] for port in one["ports"]] != [PORT]:
            yield f"{title(each)}: listens elsewhere than on {PORT}"


def images_are_named_by_digest(objects: list[dict]) -> Iterator[str]:
    for each in workloads(objects):
        image = container(each)["image"]
        if not re.fullmatch(r"[a-z0-9.:/-]+/darkroom/[a-z0-9-]+@sha256:[0-9a-f]{64}", image):
            yield f"{title(each)}: image {image} is not named by its digest"


def gpus_are_for_gpu_flavours(objects: list[dict]) -> Iterator[str]:
    for each in workloads(objects):
        wants = any(name.startswith("nvidia.com/") for name in container(each)["resources"]["limits"])
        flavour = labels(each)["darkroom/flavour"]
        if wants != (flavour == "gpu"):
            yield f"{title(each)}: a {flavour} pod that {'takes a' if wants else 'has no'} GPU"
        provider = environment(each).get("PROVIDER")
        if provider != {"gpu": "cuda", "cpu": None if is_page(each) else "cpu"}[flavour]:
            yield f"{title(each)}: a {flavour} pod with PROVIDER {provider}"


def pods_may_end_in_peace(objects: list[dict]) -> Iterator[str]:
    for each in of_kind(objects, "Deployment"):
        set_, pod = environment(each), each["spec"]["template"]["spec"]
        pause = container(each)["lifecycle"]["preStop"]["sleep"]["seconds"]
        deadlines = [int(set_.get("DEADLINE_S", 60)), int(set_.get("JOB_DEADLINE_S", 900))]
        least = pause + AFTER_S + (0 if is_page(each) else max(deadlines))
        if pod["terminationGracePeriodSeconds"] < least:
            yield f"{title(each)}: is killed after {pod['terminationGracePeriodSeconds']} s and may need {least}"


def each_pod_has_its_service_and_budget(objects: list[dict]) -> Iterator[str]:
    deployments = of_kind(objects, "Deployment")
    chosen = [(each, each["spec"].get("selector")) for each in of_kind(objects, "Service", "PodDisruptionBudget")]
    own = [(each, selector) for each, selector in chosen if selector and each["apiVersion"] != "serving.knative.dev/v1"]
    for each, selector in own:
        found = [one["metadata"]["name"] for one in deployments if selects(selector, labels(one))]
        if found != [each["metadata"]["name"]]:
            yield f"{title(each)}: chooses the pods of {found or 'nobody'}"
        for port in each["spec"].get("ports", ()):
            if port["targetPort"] != PORT:
                yield f"{title(each)}: leads to port {port['targetPort']}, where nobody listens"
    for one in deployments:
        for kind in ("Service", "PodDisruptionBudget"):
            if one["metadata"]["name"] not in {each["metadata"]["name"] for each in of_kind(objects, kind)}:
                yield f"{title(one)}: has no {kind}"


def each_pod_is_scaled_once(objects: list[dict]) -> Iterator[str]:
    deployments = {each["metadata"]["name"]: each for each in of_kind(objects, "Deployment")}
    targets = [
        each["spec"]["scaleTargetRef"]["name"] for each in of_kind(objects, "ScaledObject", "HorizontalPodAutoscaler")
    ]
    for name in targets:
        if name not in deployments:
            yield f"a scaler's target {name} does not exist"
    for name, each in deployments.items():
        if targets.count(name) + ("replicas" in each["spec"]) != 1:
            yield f"{title(each)}: is scaled by {targets.count(name)}, replicas {each['spec'].get('replicas')}"


def who_sleeps_can_be_woken(objects: list[dict]) -> Iterator[str]:
    routes = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "InterceptorRoute")}
    for each in of_kind(objects, "ScaledObject"):
        named = [trigger["metadata"].get("interceptorRoute") for trigger in each["spec"]["triggers"]]
        wakers = [name for name in named if name]
        if each["spec"]["minReplicaCount"] == 0 and not wakers:
            yield f"{title(each)}: sleeps for ever"
        for name in wakers:
            if routes.get(name, {}).get("target") != {"service": each["spec"]["scaleTargetRef"]["name"], "port": 80}:
                yield f"{title(each)}: is woken by requests of others"


def routes_lead_somewhere(objects: list[dict]) -> Iterator[str]:
    """Every pod that is exposed has its path, without its prefix; by the interceptor where that knows the host."""
    services = {each["metadata"]["name"]: each for each in of_kind(objects, "Service")}
    hosts = {rule["hosts"][0] for each in of_kind(objects, "InterceptorRoute") for rule in each["spec"]["rules"]}
    exposed = [each for each in of_kind(objects, *BACKEND_KINDS) if "darkroom/function" in each["metadata"]["labels"]]
    for each in exposed:
        backend, host, stripped = leads(each)
        if not stripped:
            yield f"{title(each)}: the function would see its prefix"
        if host:
            if host not in hosts:
                yield f"{title(each)}: the interceptor knows no host {host}"
            granted = {to["name"] for one in of_kind(objects, "ReferenceGrant") for to in one["spec"]["to"]}
            outside = services.get(backend, {}).get("spec", {}).get("type") == "ExternalName"
            if backend not in granted and not outside:
                yield f"{title(each)}: may not lead to {backend}"
        elif backend not in services:
            yield f"{title(each)}: leads to no Service {backend}"
    if exposed and {each["metadata"]["name"] for each in exposed} != {
        each["metadata"]["name"] for each in of_kind(objects, "Deployment")
    }:
        yield "not every Deployment has its route"


def leads(route: dict) -> tuple[str, str | None, bool]:
    """The Service that a route leads to, the host that it writes for the interceptor, and whether it takes the prefix off."""
    if route["kind"] == "HTTPRoute":
        rule = route["spec"]["rules"][-1]
        rewrite = rule["filters"][0]["urlRewrite"]
        return rule["backendRefs"][0]["name"], rewrite.get("hostname"), rewrite["path"].get("replacePrefixMatch") == "/"
    notes = {key.rpartition("/")[2]: value for key, value in route["metadata"]["annotations"].items()}
    path = route["spec"]["rules"][0]["http"]["paths"][0]
    stripped = notes.get("rewrite-target") == "/$2" and path["path"].endswith("(/|$)(.*)")
    return path["backend"]["service"]["name"], notes.get("upstream-vhost"), stripped


def exposed_means_tls(objects: list[dict]) -> Iterator[str]:
    for each in of_kind(objects, "Ingress"):
        hosts = {rule["host"] for rule in each["spec"]["rules"]}
        if hosts != {host for tls in each["spec"].get("tls", ()) for host in tls["hosts"]}:
            yield f"{title(each)}: is not served by TLS"
    for each in of_kind(objects, "Gateway"):
        if not any(one["protocol"] == "HTTPS" and one["tls"]["certificateRefs"] for one in each["spec"]["listeners"]):
            yield f"{title(each)}: has no TLS"
    own = {each["metadata"]["name"] for each in of_kind(objects, "Gateway")}
    for each in of_kind(objects, "HTTPRoute"):
        for parent in each["spec"]["parentRefs"]:
            plain = parent["name"] in own and parent.get("sectionName") != "https"
            if plain and any("backendRefs" in rule for rule in each["spec"]["rules"]):
                yield f"{title(each)}: answers without TLS"


def pages_know_every_function(objects: list[dict]) -> Iterator[str]:
    modelled = [each for each in workloads(objects) if not is_page(each)]
    functions = {labels(each)["darkroom/function"] for each in modelled}
    names = {each["metadata"]["name"] for each in modelled}
    for page in [each for each in workloads(objects) if is_page(each)]:
        told = json.loads(environment(page)["FUNCTIONS"])
        if told.keys() != functions:
            yield f"{title(page)}: knows {sorted(told)}, there are {sorted(functions)}"
        for name, given in told.items():
            places = [given] if isinstance(given, str) else given
            flavours = [
                labels(each)["darkroom/flavour"] for each in modelled if labels(each)["darkroom/function"] == name
            ]
            if len(places) != len(flavours):
                yield f"{title(page)}: knows {places} of {name}, which runs on {flavours}"
            for place, flavour in zip(places, flavours, strict=False):
                relative = f"../{name}/" if place == places[0] else f"../{name}-{flavour}/"
                if place != relative and place.removeprefix("https://").split(".")[0] not in names:
                    yield f"{title(page)}: {place} leads nowhere"


def networks_are_shut(objects: list[dict]) -> Iterator[str]:
    """One policy chooses every pod for both directions; the store's chooses those with a store and no other."""
    policies = {each["metadata"]["name"]: each["spec"] for each in of_kind(objects, "NetworkPolicy")}
    if not policies:
        return
    for each in workloads(objects):
        chosen = {name for name, policy in policies.items() if selects(policy["podSelector"], labels(each))}
        shut = [name for name in chosen if set(policies[name]["policyTypes"]) == {"Ingress", "Egress"}]
        if not shut:
            yield f"{title(each)}: no policy shuts its network"
        if ("STORE" in environment(each)) != any(name.endswith("-store") for name in chosen):
            yield f"{title(each)}: its way to the store is not what it should be"
    for name, policy in policies.items():
        for rule in (*policy.get("ingress", ()), *policy["egress"]):
            if not rule.get("from", rule.get("to")):
                yield f"NetworkPolicy {name}: lets everybody through"


def prometheus_finds_the_pods(objects: list[dict]) -> Iterator[str]:
    services = [
        each for each in of_kind(objects, "Service") if "darkroom/function" in each["metadata"].get("labels", {})
    ]
    for monitor in of_kind(objects, "ServiceMonitor"):
        for each in services:
            ports = {port["name"] for port in each["spec"]["ports"]}
            named = {endpoint["port"] for endpoint in monitor["spec"]["endpoints"]}
            if not selects(monitor["spec"]["selector"], each["metadata"]["labels"]) or not named <= ports:
                yield f"{title(monitor)}: does not find {title(each)}"
    keyed = any("API_KEYS" in environment(each) for each in workloads(objects))
    for monitor in of_kind(objects, "ServiceMonitor"):
        if keyed and any("authorization" not in endpoint for endpoint in monitor["spec"]["endpoints"]):
            yield f"{title(monitor)}: has no key, and the functions ask for one"


CHECKS = [
    pods_are_restricted,
    pods_have_limits_and_probes,
    images_are_named_by_digest,
    gpus_are_for_gpu_flavours,
    pods_may_end_in_peace,
    each_pod_has_its_service_and_budget,
    each_pod_is_scaled_once,
    who_sleeps_can_be_woken,
    routes_lead_somewhere,
    exposed_means_tls,
    pages_know_every_function,
    networks_are_shut,
    prometheus_finds_the_pods,
]
