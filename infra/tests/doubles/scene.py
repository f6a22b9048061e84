"""A stage to deploy: an account of doubles, a registry, and a small tree of this repository's own files with two of its functions."""

import hashlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from infra.functions import ROOT, Function, functions
from infra.tests.doubles.account import NUMBER, REGION, Account, Halt
from infra.tests.doubles.cloudformation import CloudFormation
from infra.tests.doubles.codedeploy import CodeDeploy
from infra.tests.doubles.functions import Lambda
from infra.tests.doubles.registry import Ecr
from infra.tests.doubles.secrets import SecretsManager
from infra.tests.doubles.watching import CloudWatch, Logs
from infra.tests.doubles.wire import Refusal

SETTINGS = 'Rollout = "Canary10Percent5Minutes"\n'
# Calls that change something in the account.
CHANGE = re.compile(r"\w+ (Create|Execute|Delete|Put|Update|Publish|PUT|DELETE)")


@dataclass(frozen=True)
class Ended:
    """A command that has ended."""

    code: int
    out: str
    error: str


def deny() -> None:
    raise Refusal("AccessDenied", "User is not authorized to perform this", 403)


class EachChange:
    """Holds for the first call that changes something and was not met before: of runs one after the other, each is met a step later."""

    def __init__(self):
        self.met: list[str] = []
        self.hit = False

    def __call__(self, call: str) -> bool:
        if self.hit or not CHANGE.match(call) or call in self.met:
            return False
        self.met.append(call)
        self.hit = True
        return True

    def again(self) -> bool:
        """Whether the last run was met; the next one may be."""
        met, self.hit = self.hit, False
        return met


class Scene:
    """Everything of one test; `say` runs a command of infra.deploy in the tree."""

    def __init__(self, folder: Path):
        self.tree = folder / "tree"
        self.ecr = Ecr(folder / "registry")
        self.functions = Lambda(REGION, NUMBER)
        self.codedeploy = CodeDeploy(self.functions)
        self.secrets = SecretsManager()
        self.stacks = CloudFormation((REGION, NUMBER), lambda: self.account.s3, self.ecr, self.secrets, self.codedeploy)
        watching = (Logs(self.functions), CloudWatch(self.codedeploy))
        self.account = Account(self.stacks, self.functions, self.codedeploy, self.ecr, self.secrets, *watching)
        self.chosen = plant(self.tree)
        self.settings(SETTINGS)
        self.build("first")

    def close(self) -> None:
        self.account.close()
        self.ecr.close()

    # -- what is deployed

    def settings(self, text: str, stage: str = "test") -> None:
        stages = self.tree / "infra/deploy/stages"
        (stages / f"{stage}.toml").write_text(text)

    def build(self, word: str, only: Function | None = None, gpu: bool = False) -> dict[str, str]:
        """Made-up images of this build into out/images, of all functions or one, as `make images` leaves them; digest by name."""
        layout = Layout(self.tree / "out")
        for function in [only] if only else self.chosen:
            layout.add(f"darkroom/{function.name}:cpu", word)
            if gpu and function.has_model:
                layout.add(f"darkroom/{function.name}:gpu", word)
        return layout.write()

    # -- what is done

    def say(self, *words: str, environment: dict[str, str] | None = None, **more) -> Ended:
        process = self.start(*words, environment=environment)
        out, error = process.communicate(timeout=120, **more)
        return Ended(process.returncode, out, error)

    def start(self, *words: str, environment: dict[str, str] | None = None) -> subprocess.Popen:
        """`python -m infra.deploy WORDS`, its standard input a pipe and so no terminal."""
        command = [sys.executable, "-m", "infra.deploy", *words, "--poll", "0.01"]
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.tree),
            **self.account.environment(),
            **(environment or {}),
        }
        return subprocess.Popen(
            command,
            cwd=self.tree,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def killed_at(self, at: Callable[[str], bool], *words: str) -> int:
        """Runs a command whose whole session is killed at the first call like this, which has its effect; the exit code."""
        begun, process = threading.Event(), []

        def kill() -> None:
            begun.wait()
            os.killpg(process[0].pid, signal.SIGKILL)
            process[0].wait()

        self.account.halt = Halt(at, kill, after=True)
        process.append(self.start(*words))
        begun.set()
        process[0].communicate(timeout=120)
        self.account.halt = None
        return process[0].returncode

    def refused_at(self, at: Callable[[str], bool], *words: str) -> Ended:
        """Runs a command whose calls like this are refused."""
        self.account.halt = Halt(at, deny)
        ended = self.say(*words)
        self.account.halt = None
        return ended

    def overtaking(self, call: str) -> Halt:
        """Somebody else's change set of the same stack is executed right before this call."""

        def overtake() -> None:
            self.account.halt = None
            self.stacks.plans.clear()

        return Halt(lambda this: this == call, overtake)

    # -- what came of it

    def state(self) -> dict:
        """All that a deployment leaves in the account, without what is drawn by chance or counts attempts."""
        return {
            "stacks": {
                name: [stack.status, stack.parameters, sorted(stack.resources), stack.outputs]
                for name, stack in self.stacks.stacks.items()
            },
            "functions": {name: self.served(function) for name, function in self.functions.functions.items()},
            "images": {name: self.ecr.images(name) for name in sorted(self.ecr.repositories)},
            "objects": {name: self.objects(name) for name in sorted(self.account.s3.buckets)},
            "admitted": [value.count("# the hook's") for value in self.secrets.values.values()],
        }

    def served(self, function: dict) -> dict:
        """Which image stands behind each alias, with which accelerator, and how many environments there may be where that was said."""
        return {
            alias: [
                function["versions"][entry["version"]]["image"],
                function["versions"][entry["version"]].get("AcceleratorConfig"),
                function["versions"][entry["version"]].get("scaling"),
            ]
            for alias, entry in function["aliases"].items()
        }

    def objects(self, bucket: str) -> list[str]:
        found = []
        for key, versions in self.account.s3.buckets[bucket].keys.items():
            if not key.startswith("deployments/"):
                found.append(key)
            else:
                record = json.loads(versions.value)
                found.append(f"{record['template']} {record['whole']}")
        return sorted(found)


class Layout:
    """A small OCI layout, with the list beside it."""

    def __init__(self, out: Path):
        self.folder, self.list = out / "images" / "oci", out / "images.txt"
        (self.folder / "blobs/sha256").mkdir(parents=True, exist_ok=True)
        self.index = self.folder / "index.json"
        known = json.loads(self.index.read_text())["manifests"] if self.index.is_file() else []
        self.manifests = {each["annotations"]["org.opencontainers.image.ref.name"]: each for each in known}

    def add(self, name: str, word: str) -> None:
        config = self.blob(
            json.dumps({"architecture": "amd64", "os": "linux", "rootfs": {"type": "layers", "diff_ids": []}}).encode()
        )
        layers = [self.blob(b"a base that all have"), self.blob(f"{name} {word}".encode())]
        kind = "application/vnd.oci.image"
        manifest = {
            "schemaVersion": 2,
            "mediaType": f"{kind}.manifest.v1+json",
            "config": {"mediaType": f"{kind}.config.v1+json", **config},
            "layers": [{"mediaType": f"{kind}.layer.v1.tar+gzip", **layer} for layer in layers],
        }
        entry = {"mediaType": f"{kind}.manifest.v1+json", **self.blob(json.dumps(manifest).encode())}
        self.manifests[name] = entry | {"annotations": {"org.opencontainers.image.ref.name": name}}

    def blob(self, body: bytes) -> dict:
        digest = hashlib.sha256(body).hexdigest()
        (self.folder / "blobs/sha256" / digest).write_bytes(body)
        return {"digest": f"sha256:{digest}", "size": len(body)}

    def write(self) -> dict[str, str]:
        self.index.write_text(json.dumps({"schemaVersion": 2, "manifests": list(self.manifests.values())}))
        (self.folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
        digests = {name: each["digest"] for name, each in self.manifests.items()}
        self.list.write_text("".join(f"{name} {digest} 1000\n" for name, digest in digests.items()))
        return digests


def plant(tree: Path) -> list[Function]:
    """The tree: infra as it is, a page and the quickest function, with what has been built for them."""
    everything = functions(variants="")
    quickest = min(
        (each for each in everything if each.has_model),
        key=lambda each: each.variants[0].manifest["speed"][-1]["seconds"],
    )
    chosen = [quickest, next(each for each in everything if not each.has_model)]
    shutil.copytree(ROOT / "infra", tree / "infra", ignore=shutil.ignore_patterns("tests", "__pycache__"))
    for path in (tree / "infra/deploy/stages").iterdir():
        path.unlink()
    for function in chosen:
        place = tree / "functions" / function.name
        place.mkdir(parents=True)
        shutil.copy2(ROOT / "functions" / function.name / "Cargo.toml", place)
    (tree / "models" / quickest.name).mkdir(parents=True)
    (tree / "target/release").mkdir(parents=True)
    programs = [f"target/release/{name}" for name in ("hook", *(function.name for function in chosen))]
    for link in [".tools", "tools", f"models/{quickest.name}/default", *programs]:
        (tree / link).symlink_to(ROOT / link)
    return chosen
