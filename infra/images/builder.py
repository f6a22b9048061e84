"""Runs the Containerfile by what is there, buildah or docker, and brings the image into the OCI layout."""

import os
import shutil
import subprocess
import tarfile
from pathlib import Path

from infra.functions import Wrong
from infra.images.apt import install
from infra.images.files import EPOCH
from infra.images.image import Image
from infra.images.layout import Layout

CONTAINERFILE = Path(__file__).with_name("Containerfile")


def builder(out: Path) -> "Buildah | Docker":
    """buildah, else a docker daemon, else buildah by apt."""
    if not shutil.which("buildah") and docker_answers():
        return Docker()
    install("buildah")
    return Buildah(out)


def docker_answers() -> bool:
    if not shutil.which("docker"):
        return False
    return subprocess.run(["docker", "info"], check=False, capture_output=True).returncode == 0


class Buildah:
    """buildah with a store of its own, so that neither the machine's images nor its settings matter."""

    def __init__(self, out: Path) -> None:
        driver = "overlay" if mounts_overlay(out) else "vfs"
        self.store = out / f"store-{driver}"
        self.command = ["buildah", "--storage-driver", driver, "--root", self.store, "--runroot", out / "run"]

    def build(self, image: Image, stage: Path, arguments: dict[str, str], layout: Layout) -> None:
        command = [*self.command, "bud", "--quiet", "--isolation", "chroot", "--pull-never", "--format", "oci"]
        command += ["--layers", "--identity-label=false"]
        command += ["--timestamp", str(EPOCH), "--os", "linux", "--arch", image.architecture]
        command += [part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")]
        quiet([*command, "-t", image.name, "-f", CONTAINERFILE, stage], f"{image.name} cannot be built")
        push = [*self.command, "push", "--quiet", image.name, f"oci:{layout.folder}:{image.name}"]
        quiet(push, f"{image.name} cannot be written to {layout.folder}")

    def close(self) -> None:
        """Takes the mounts of its store away: with them the folder could not be removed."""
        if self.store.name.endswith("overlay"):
            subprocess.run(["umount", "--recursive", self.store / "overlay"], check=False, capture_output=True)


class Docker:
    """A docker daemon. Its `save` gives layers as they are, which are packed here."""

    def build(self, image: Image, stage: Path, arguments: dict[str, str], layout: Layout) -> None:
        command = ["docker", "build", "--quiet", "--platform", f"linux/{image.architecture}"]
        command += [part for key, value in arguments.items() for part in ("--build-arg", f"{key}={value}")]
        command += ["-t", image.name, "-f", CONTAINERFILE, stage]
        quiet(command, f"{image.name} cannot be built", SOURCE_DATE_EPOCH=str(EPOCH), DOCKER_BUILDKIT="1")
        archive = layout.folder.with_name("docker.tar")
        try:
            quiet(["docker", "save", "-o", archive, image.name], f"{image.name} cannot be saved")
            with tarfile.open(archive) as saved:
                layout.take(saved, image.name)
        finally:
            archive.unlink(missing_ok=True)

    def close(self) -> None:
        """The daemon keeps what it holds."""


def mounts_overlay(out: Path) -> bool:
    """Whether overlay file systems can be mounted here: by root, outside of most containers."""
    if os.geteuid() != 0 or "overlay" not in Path("/proc/filesystems").read_text():
        return False
    folders = [out / "overlay" / name for name in ("lower", "upper", "work", "merged")]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    lower, upper, work, merged = folders
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    mounted = subprocess.run(
        ["mount", "-t", "overlay", "overlay", "-o", options, merged], check=False, capture_output=True
    )
    if mounted.returncode == 0:
        subprocess.run(["umount", merged], check=True)
    shutil.rmtree(out / "overlay")
    return mounted.returncode == 0


def quiet(command: list, wrong: str, **environment: str) -> str:
    """Runs a command; what it said on standard output, or its last line as the reason."""
    done = subprocess.run(command, check=False, capture_output=True, text=True, env={**os.environ, **environment})
    if done.returncode != 0:
        lines = [line.strip() for line in (done.stderr or done.stdout).splitlines() if line.strip()]
        raise Wrong(f"{wrong}: {lines[-1] if lines else f'exit code {done.returncode}'}")
    return done.stdout
