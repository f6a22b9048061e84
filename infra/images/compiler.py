"""The Rust compiler for an image's processor: the machine's own where its standard library is there, for arm64 else Debian's.

rustup brings a standard library by `rustup target add aarch64-unknown-linux-gnu`. Where it does not, Debian's packages do: its rustc
with its standard libraries for both processors, pinned in debian.json and unpacked into .tools/rustc-arm64.
"""

import os
import shutil
import subprocess
from pathlib import Path

from infra.functions import ROOT, Wrong
from infra.images import debian

FOLDER = ROOT / ".tools/rustc-arm64"


def compiler(target: str) -> tuple[Path, dict[str, str]]:
    """The folder (sysroot) of the compiler that builds for `target`, and the environment by which cargo finds it."""
    told = subprocess.run(["rustc", "--print", "sysroot"], check=False, capture_output=True, text=True, cwd=ROOT)
    if told.returncode != 0:
        raise Wrong("rustc is missing; CONTRIBUTING.md says what building needs")
    own = Path(told.stdout.strip())
    if builds(own, target):
        return own, {}
    if not builds(FOLDER / "usr", target):
        unpack()
    if not builds(FOLDER / "usr", target):
        raise Wrong(f"no compiler here has a standard library for {target}; `rustup target add {target}` brings it")
    libraries = f"{FOLDER}/usr/lib/x86_64-linux-gnu:{os.environ.get('LD_LIBRARY_PATH', '')}".rstrip(":")
    return FOLDER / "usr", {"RUSTC": str(FOLDER / "usr/bin/rustc"), "LD_LIBRARY_PATH": libraries}


def builds(sysroot: Path, target: str) -> bool:
    return any((sysroot / "lib/rustlib" / target / "lib").glob("libstd-*.rlib"))


def unpack() -> None:
    """Unpacks beside and moves: nobody ever sees half of it."""
    new = FOLDER.with_name("rustc-arm64.new")
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    for architecture in ("amd64", "arm64"):
        debian.unpack("rustc", architecture, new)
    shutil.rmtree(FOLDER, ignore_errors=True)
    new.rename(FOLDER)
