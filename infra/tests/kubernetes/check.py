"""Whether objects are such as Kubernetes and its extensions take: types, required members, and no member that does not exist."""

import json
import re
import subprocess
import tempfile
from pathlib import Path

import kubernetes_validate

from infra.functions import ROOT

CRDS = ROOT / "infra/tests/kubernetes/crds"
NODE = ROOT / ".tools/nodejs/bin/node"
# Extensions by the end of their group, and the npm package with the types that were made of their own Go types.
PACKAGES = {
    "gateway.networking.k8s.io": "gateway-api",
    "keda.sh": "keda",
    "monitoring.coreos.com": "prometheus-operator",
    "serving.knative.dev": "knative",
}
OWN = {("http.keda.sh", "InterceptorRoute"): "./interceptor-route.js"}
OPTIONS = {"strict": True, "noEmit": True, "module": "NodeNext", "target": "ES2024", "skipLibCheck": True, "types": []}


def wrong(objects: list[dict], version: str = "1.37") -> list[str]:
    """What is wrong with them, a sentence each."""
    extensions = [each for each in objects if module(each)]
    return [*wrong_natives([each for each in objects if not module(each)], version), *wrong_extensions(extensions)]


def wrong_natives(objects: list[dict], version: str) -> list[str]:
    found = []
    for each in objects:
        try:
            kubernetes_validate.validate(each, version, strict=True)
        except (kubernetes_validate.ValidationError, kubernetes_validate.SchemaNotFoundError) as error:
            found.append(f"{title(each)}: {getattr(error, 'message', error)}")
    return found


def wrong_extensions(objects: list[dict]) -> list[str]:
    """Each object as a literal of its TypeScript type: the compiler refuses members that the type does not have."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "node_modules").symlink_to(CRDS / "node_modules")
        (folder / "interceptor-route.d.ts").write_text((CRDS / "interceptor-route.d.ts").read_text())
        (folder / "package.json").write_text('{"type": "module"}')
        (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": OPTIONS, "files": ["objects.ts"]}))
        lines = [
            f"{number}: {json.dumps(each)} satisfies import({json.dumps(module(each))}).I{each['kind']},"
            for number, each in enumerate(objects)
        ]
        (folder / "objects.ts").write_text("\n".join(["export default {", *lines, "};"]))
        command = [NODE, CRDS / "node_modules/typescript/bin/tsc", "--pretty", "false"]
        run = subprocess.run(command, cwd=folder, check=False, capture_output=True, text=True)
    # The first line opens the list.
    said = re.findall(r"^objects\.ts\((\d+),\d+\): error TS\d+: (.*)", run.stdout, re.MULTILINE)
    if run.returncode and not said:
        raise RuntimeError(f"tsc: {run.stdout}{run.stderr}")
    return [f"{title(objects[int(line) - 2])}: {what}" for line, what in said]


def module(each: dict) -> str | None:
    """Where the type of an extension's object stands; none for Kubernetes' own."""
    group, _, version = each["apiVersion"].rpartition("/")
    if own := OWN.get((group, each["kind"])):
        return own
    package = PACKAGES.get(group)
    return package and f"@kubernetes-models/{package}/{group}/{version}/{each['kind']}"


def title(each: dict) -> str:
    return f"{each['kind']} {each['metadata']['name']}"
