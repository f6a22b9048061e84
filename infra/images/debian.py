"""Debian packages, pinned: fetched, checked and unpacked, without root and without being installed.

`debian.json` names them by version and SHA-256, a list for each use and architecture; `python -m infra.images lock` writes it anew
from what Debian offers today. apt brings them on any Linux that has it: it is given Debian's address and a folder of its own.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

from infra.functions import ROOT, Wrong
from infra.images.files import digest, write

LOCK = Path(__file__).with_name("debian.json")
KEPT = ROOT / ".tools/debian"
# base: libstdc++ and libgcc for ONNX Runtime, their licences (gcc-12-base), zlib for cuDNN, certificates for S3 and webhooks.
# rustc: a compiler whose standard library is there for arm64 too (`compiler.py`).
USES = {
    ("base", "amd64"): "base-files libc6 libgcc-s1 libstdc++6 gcc-12-base zlib1g ca-certificates",
    ("base", "arm64"): "base-files libc6 libgcc-s1 libstdc++6 gcc-12-base zlib1g ca-certificates",
    ("rustc", "amd64"): "rustc-web libstd-rust-web-1.96 libstd-rust-web-dev libllvm22 libz3-4",
    ("rustc", "arm64"): "libstd-rust-web-dev",
}
SUITES = {"debian": ("bookworm", "bookworm-updates"), "debian-security": ("bookworm-security",)}
KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")


def packages(use: str, architecture: str) -> list[dict]:
    """The pinned packages for a use: name, version, sha256, and control, their paragraph for scanners."""
    return json.loads(LOCK.read_text())[f"{use}-{architecture}"]


def unpack(use: str, architecture: str, root: Path) -> None:
    """Unpacks the packages for a use over what is in the folder `root`."""
    for archive in archives(packages(use, architecture), architecture, KEPT):
        pipe = subprocess.Popen(["dpkg-deb", "--fsys-tarfile", archive], stdout=subprocess.PIPE)
        untar = ["tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", root]
        unpacked = subprocess.run(untar, check=False, stdin=pipe.stdout)
        if pipe.wait() or unpacked.returncode:
            raise Wrong(f"{archive.name} cannot be unpacked")


def archives(found: list[dict], architecture: str, kept: Path) -> list[Path]:
    """The packages' files, in order, each of its pinned digest; what is not kept yet is fetched."""
    kept.mkdir(parents=True, exist_ok=True)
    paths = [kept / f"{package['name']}-{package['sha256']}.deb" for package in found]
    missing = [package for package, path in zip(found, paths, strict=True) if not path.is_file()]
    if missing:
        fetch(missing, Apt(kept / "apt", architecture), kept)
    return paths


def fetch(missing: list[dict], apt: "Apt", kept: Path) -> None:
    apt.update()
    for package in missing:
        name, version = package["name"], package["version"]
        folder = kept / "new"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        got = apt.run("apt-get", "download", f"{name}={version}", folder=folder)
        if got.returncode != 0:
            raise Wrong(
                f"Debian no longer offers {name} {version}; `python -m infra.images lock` pins what it offers now"
            )
        file = next(folder.glob("*.deb"))
        if digest(file) != package["sha256"]:
            raise Wrong(f"the {name} {version} that was fetched is not the pinned one (sha256 differs)")
        file.replace(kept / f"{name}-{package['sha256']}.deb")
        folder.rmdir()


def lock() -> dict[str, list[dict]]:
    """Pins what Debian offers now; its signatures are checked."""
    offers = {architecture: Apt(KEPT / "apt", architecture) for architecture in ("amd64", "arm64")}
    for apt in offers.values():
        apt.update()
    found = {f"{use}-{of}": [pin(offers[of], name) for name in names.split()] for (use, of), names in USES.items()}
    LOCK.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")
    return found


def pin(apt: "Apt", name: str) -> dict:
    shown = apt.run("apt-cache", "show", "--no-all-versions", name)
    fields = dict(re.findall(r"^([A-Za-z0-9-]+): (.*)$", shown.stdout, re.MULTILINE))
    if shown.returncode != 0 or "SHA256" not in fields:
        raise Wrong(f"Debian offers no {name}")
    wanted = ("Package", "Version", "Architecture", "Source", "Maintainer", "Homepage")
    control = "".join(f"{key}: {fields[key]}\n" for key in wanted if key in fields)
    return {
        "name": name,
        "version": fields["Version"],
        "sha256": fields["SHA256"],
        "control": control + "Status: install ok unpacked\n",
    }


class Apt:
    """apt with lists, cache and sources of its own: it changes nothing of the machine and needs no root."""

    def __init__(self, folder: Path, architecture: str) -> None:
        self.folder = folder.resolve() / architecture
        if not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
            raise Wrong("there is no apt-get here; build images on Debian or Ubuntu")
        if not KEYRING.is_file():
            raise Wrong("Debian's keys are missing; install the package debian-archive-keyring")
        for name in ("lists/partial", "cache/archives/partial"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        sources = [
            f"deb [signed-by={KEYRING}] http://deb.debian.org/{archive} {suite} main\n"
            for archive, suites in SUITES.items()
            for suite in suites
        ]
        write(self.folder / "sources.list", "".join(sources))
        write(self.folder / "status", "")
        self.options = {
            "APT::Architecture": architecture,
            "APT::Architectures": architecture,
            "APT::Sandbox::User": "",
            "Debug::NoLocking": "1",
            "Dir::Cache": self.folder / "cache",
            "Dir::Etc::SourceList": self.folder / "sources.list",
            "Dir::Etc::SourceParts": "-",
            "Dir::State::Lists": self.folder / "lists",
            "Dir::State::Status": self.folder / "status",
        }

    def run(self, program: str, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess:
        options = [part for key, value in self.options.items() for part in ("-o", f"{key}={value}")]
        command = [program, "-qq", *options, *arguments]
        return subprocess.run(command, check=False, capture_output=True, text=True, cwd=folder or self.folder)

    def update(self) -> None:
        updated = self.run("apt-get", "update")
        if updated.returncode != 0:
            lines = [line for line in updated.stderr.splitlines() if line.strip()] or ["apt-get update failed"]
            raise Wrong(f"Debian's lists cannot be had, is the network there? {lines[-1]}")
