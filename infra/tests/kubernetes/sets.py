"""Sets of values that an operator may choose, each rendered once."""

import functools
import hashlib
import tempfile
from pathlib import Path

import yaml

from infra.functions import ROOT, Function, functions
from infra.kubernetes.render import render
from infra.kubernetes.values import FLAVOURS, values

PROFILES = ROOT / "infra/kubernetes/profiles"
GATEWAY = {"by": "gateway", "host": "pictures.example", "className": "envoy", "namespace": "envoy-gateway-system"}
INGRESS = {**GATEWAY, "by": "ingress", "className": "nginx", "namespace": "ingress-nginx"}
KEYS = {"secret": "darkroom-keys"}
PROMETHEUS = {
    "address": "http://prometheus-operated.monitoring:9090",
    "monitor": True,
    "key": {"secret": "prometheus-key"},
}
BUCKET = {"url": "s3://pictures/darkroom", "region": "eu-central-1"}
# Any function with a model.
ONE = next(function.name for function in functions() if function.has_model)
MINIO = {**BUCKET, "endpoint": "http://minio.minio:9000", "namespace": "minio", "secret": "minio-keys"}

# Name -> the profile it begins with, or none, and what goes over it.
SETS: dict[str, tuple[str | None, dict]] = {
    "CPUs alone, as the chart comes": (None, {}),
    "CPUs, scaled by KEDA": (None, {"scaling": {"by": "keda"}, "prometheus": PROMETHEUS}),
    "CPUs, not scaled": (None, {"scaling": {"by": "none"}, "network": {"policies": False}}),
    "GPUs alone": ("gpu", {"flavours": ["gpu"], "gpu": {"runtimeClass": "nvidia", "nodeSelector": {"gpu": "l4"}}}),
    "GPUs and CPUs behind a Gateway, with keys and a bucket": (
        "gpu",
        {
            "expose": {**GATEWAY, "tls": {"issuer": "letsencrypt"}},
            "keys": KEYS,
            "prometheus": PROMETHEUS,
            "store": BUCKET,
        },
    ),
    "GPUs and CPUs behind an Ingress, with a store in the cluster": (
        "gpu",
        {
            "expose": {**INGRESS, "tls": {"issuer": "letsencrypt"}, "public": True},
            "store": MINIO,
            "webhooks": {"secret": "webhooks"},
            "pullSecrets": ["registry"],
        },
    ),
    "behind a Gateway that is there": (
        None,
        {"expose": {**GATEWAY, "className": "", "gateway": {"name": "shared", "namespace": "gateways"}}, "keys": KEYS},
    ),
    "Knative": ("knative", {"knative": {"domain": "functions.example"}, "keys": KEYS, "store": BUCKET}),
    "Knative with GPUs": (
        "knative",
        {"flavours": ["gpu", "cpu"], "knative": {"domain": "functions.example"}, "expose": {"public": True}},
    ),
    "settings, and one function unlike the others": (
        None,
        {
            "settings": {"DEADLINE_S": "120", "JOB_DEADLINE_S": "60", "LOG": "error"},
            "functions": {
                ONE: {
                    "cpu": {"cores": 0.5, "max": 20},
                    "settings": {"JOB_DEADLINE_S": "1800", "QUEUE": "4"},
                    # Numbers that a careless template writes as 1e+06.
                    "memoryMb": 1_000_000,
                    "storageMb": 1_000_000,
                }
            },
            "serviceAccount": {"annotations": {"eks.amazonaws.com/role-arn": "arn:aws:iam::1:role/pictures"}},
            "network": {"egress": [{"to": [{"namespaceSelector": {}}], "ports": [{"port": 4318, "protocol": "TCP"}]}]},
        },
    ),
}


def digest(name: str, flavour: str) -> str:
    return "sha256:" + hashlib.sha256(f"{name}:{flavour}".encode()).hexdigest()


def functions_values(of: list[Function]) -> dict:
    """What values.py writes of these functions, every image of theirs built."""
    built = {(function.name, flavour): digest(function.name, flavour) for function in of for flavour in FLAVOURS}
    return values(of, built, "registry.example/team")


def rendered(profile: str | None, over: dict, of: list[Function] | None = None) -> list[dict]:
    """The objects of a set. Raises Wrong with what Helm says."""
    with tempfile.TemporaryDirectory() as folder:
        files = []
        if profile:
            files.append(PROFILES / f"{profile}.yaml")
        for name, given in (("functions", functions_values(of or functions())), ("over", over)):
            files.append(Path(folder) / f"{name}.yaml")
            files[-1].write_text(yaml.safe_dump(given))
        return [each for each in yaml.safe_load_all(render(files)) if each]


@functools.cache
def objects(name: str) -> list[dict]:
    """The objects of one of SETS."""
    return rendered(*SETS[name])


def of_kind(of: list[dict], *kinds: str) -> list[dict]:
    return [each for each in of if each["kind"] in kinds]
