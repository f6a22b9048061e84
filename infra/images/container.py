"""Containers by docker or podman, whichever works here: an image pulled from a registry, started as its user would."""

import shutil
import subprocess
from pathlib import Path

from infra.functions import Wrong
from infra.images.apt import install
from infra.images.builder import docker_answers, quiet

# As a platform gives them: nothing writable but /tmp, no privileges, so much memory.
LOCKED = [
    "--read-only",
    "--tmpfs",
    "/tmp:rw,size=512m,mode=1777",
    "--cap-drop",
    "ALL",
    "--security-opt",
    "no-new-privileges",
]


class Engine:
    """docker where its daemon answers, else podman with a store of its own."""

    def __init__(self, out: Path) -> None:
        self.podman = not docker_answers()
        self.store = out / "podman"
        if self.podman:
            install("podman", "runc")
            # runc and these bounds: what works too where cgroups are of the old kind and limits cannot be raised.
            self.command = [
                "podman",
                "--root",
                self.store / "root",
                "--runroot",
                self.store / "run",
                "--storage-driver",
                "vfs",
            ]
            self.command += ["--cgroup-manager", "cgroupfs", "--events-backend", "file", "--runtime", "runc"]
            self.extra = ["--read-only-tmpfs=false", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]
        else:
            self.command, self.extra = ["docker"], []

    def pull(self, reference: str) -> None:
        """Pulls by HTTP from this machine's own registry (docker takes that from 127.0.0.1 unasked)."""
        plain = ["--tls-verify=false"] if self.podman else []
        quiet([*self.command, "pull", "--quiet", *plain, reference], f"{reference} cannot be pulled")

    def run(self, reference: str, memory_mb: int, *options: str, words: tuple[str, ...] = ()) -> "Container":
        """Starts the image with its own user, entry point and environment, on this machine's network."""
        limits = ["--memory", f"{memory_mb}m", "--memory-swap", f"{memory_mb}m"]
        command = [*self.command, "run", "--detach", "--network", "host", *LOCKED, *limits, *self.extra, *options]
        started = quiet([*command, reference, *words], f"{reference} does not start")
        return Container(self, started.strip())

    def clean(self) -> None:
        """Removes the store. podman's own command takes its mounts with it."""
        if self.podman and self.store.is_dir():
            subprocess.run([*self.command, "system", "reset", "--force"], check=False, capture_output=True)
            shutil.rmtree(self.store, ignore_errors=True)


class Container:
    """One that runs. To be used in `with`."""

    def __init__(self, engine: Engine, name: str) -> None:
        self.engine, self.name = engine, name

    def __enter__(self) -> "Container":
        return self

    def __exit__(self, *_) -> None:
        subprocess.run([*self.engine.command, "rm", "--force", self.name], check=False, capture_output=True)

    def alive(self) -> bool:
        return self.look("{{.State.Running}}") == "true"

    def look(self, template: str) -> str:
        command = [*self.engine.command, "inspect", "--format", template, self.name]
        return quiet(command, "the container is gone").strip()

    def said(self) -> str:
        told = subprocess.run([*self.engine.command, "logs", self.name], check=False, capture_output=True, text=True)
        return told.stdout + told.stderr

    def does(self, *words: str, **settings: str) -> bool:
        """Whether a program in the container ends well."""
        options = [part for name, value in settings.items() for part in ("--env", f"{name}={value}")]
        command = [*self.engine.command, "exec", *options, self.name, *words]
        return subprocess.run(command, check=False, capture_output=True).returncode == 0

    def export(self, folder: Path) -> None:
        """Writes its whole file system into a folder."""
        exporting = subprocess.Popen([*self.engine.command, "export", self.name], stdout=subprocess.PIPE)
        unpacked = subprocess.run(["tar", "-x", "--no-same-owner", "-C", folder], check=False, stdin=exporting.stdout)
        if exporting.wait() or unpacked.returncode:
            raise Wrong("the container cannot be exported")

    def changed(self) -> list[str]:
        """What was written into its file system, mounts aside, and /etc, where the engine lays names and addresses."""
        told = quiet([*self.engine.command, "diff", self.name], "the container cannot be compared with its image")
        return [line for line in told.splitlines() if line.strip() and line.split()[-1].split("/")[1] != "etc"]

    def user(self) -> int:
        """The user that its first process runs as, asked of the kernel."""
        return int(self.proc("status").partition("Uid:")[2].split()[0])

    def memory(self) -> int:
        """The bytes that it may use, asked of the kernel; cgroups of either kind."""
        for line in self.proc("cgroup").splitlines():
            _, kinds, path = line.split(":", 2)
            if "memory" in kinds.split(","):
                return int(Path(f"/sys/fs/cgroup/memory{path}/memory.limit_in_bytes").read_text())
            if (limit := Path(f"/sys/fs/cgroup{path}/memory.max")).is_file():
                return int(limit.read_text())
        raise Wrong("the kernel tells no limit of memory")

    def proc(self, name: str) -> str:
        return Path(f"/proc/{self.look('{{.State.Pid}}')}/{name}").read_text()
