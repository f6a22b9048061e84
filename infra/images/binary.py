"""The programs of images: compiled and linked by Zig against an old glibc, so that they are the same bytes whatever machine and
folder they are built in, and run on the images' glibc whatever the machine's own is."""

import os
import subprocess
import sys
from pathlib import Path

from infra.functions import ROOT, Wrong
from infra.images.compiler import compiler
from infra.images.files import EPOCH

# Debian 12 has 2.36; Amazon Linux 2023, which other Lambda code is built for, 2.34.
GLIBC = "2.34"
TARGETS = {"amd64": "x86_64-unknown-linux-gnu", "arm64": "aarch64-unknown-linux-gnu"}
TOOLS = ROOT / ".tools"


def build(names: list[str], architecture: str, out: Path, root: Path = ROOT) -> dict[str, Path]:
    """Builds the binaries of these functions from the tree at `root`, with `out` as cargo's target folder; where each lies."""
    target = TARGETS[architecture]
    sysroot, found = compiler(target)
    home = Path(os.environ.get("CARGO_HOME", Path.home() / ".cargo"))
    run(["cargo", "fetch", "--locked", "--quiet", "--target", target], root, found)
    # The tree itself is not among them: cargo names its files from its root, and so a copy elsewhere is built with the same flags.
    places = {sysroot: "/rust", out: "/target"}
    places |= dict.fromkeys(sorted(home.glob("registry/src/*")), "/crates")
    flags = [f"--remap-path-prefix={place}={name}" for place, name in places.items()]
    for_c = " ".join(f"-ffile-prefix-map={place}={name}" for place, name in places.items())
    environment = found | {
        "CARGO_ENCODED_RUSTFLAGS": "\x1f".join(flags),
        "CARGO_INCREMENTAL": "0",
        "CARGO_TARGET_DIR": str(out),
        # Asked first for a Zig of its own, python would bring another one, or take half a second a file to have none.
        "CARGO_ZIGBUILD_PYTHON_PATH": "false",
        "CARGO_ZIGBUILD_ZIG_PATH": str(TOOLS / "zig/zig"),
        "CFLAGS": for_c,
        "CXXFLAGS": for_c,
        "PATH": f"{TOOLS}/cmake/bin:{TOOLS}/nasm/bin:{os.environ['PATH']}",
        "SOURCE_DATE_EPOCH": str(EPOCH),
    }
    command = [TOOLS / "cargo-lambda", "lambda", "build", "--release", "--locked", "--compiler", "cargo-zigbuild"]
    command += ["--target", f"{target}.{GLIBC}", "--skip-target-check"]
    command += ["--lambda-dir", out / f"programs-{architecture}", *turbo()]
    run([*command, *(part for name in names for part in ("--bin", name))], root, environment)
    return {name: program(name, architecture, out) for name in names}


def program(name: str, architecture: str, out: Path) -> Path:
    """Where the binary of a function lies; cargo-lambda calls each as Lambda would have it."""
    return out / f"programs-{architecture}" / name / "bootstrap"


def turbo() -> list[str]:
    """What makes libjpeg-turbo the writer of JPEG. Images never go without: their answers would be other bytes."""
    if not (TOOLS / "turbo").is_file() or not (words := (TOOLS / "turbo").read_text().split()):
        raise Wrong(
            "images are built with libjpeg-turbo, which needs cmake and nasm; `make tools` says what is missing"
        )
    return words


def run(command: list, root: Path, environment: dict[str, str]) -> None:
    """Runs a step of the build; its words go to standard error, where they are few unless it fails."""
    done = subprocess.run(command, check=False, cwd=root, env={**os.environ, **environment}, stdout=sys.stderr)
    if done.returncode != 0:
        raise Wrong("the binaries could not be built; cargo's own words stand above")
