"""python -m infra.deploy.hook [--gpu]: builds out/hook.zip, the pre-traffic hook with the answers that it will expect.

Every function's own program is started with the weights that its images hold (int8 on the CPU; with --gpu the float file too) and asked for the
reference picture by `hook record`. Equal programs and weights make an equal archive: its digest is its name in the artefact bucket.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from infra.functions import ROOT, Function, Wrong, functions

ARCHIVE = ROOT / "out" / "hook.zip"
PROGRAMS = ROOT / "target" / "release"
RUNTIME = ROOT / ".tools" / "onnxruntime" / "libonnxruntime.so"
# The C library of provided.al2023.
GLIBC = (2, 34)
# A program says where it listens in its line "ready"; its weights load in less than a second.
READY = "ready"
# The earliest time that an archive can hold: no build writes its own.
EPOCH = (1980, 1, 1, 0, 0, 0)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="infra.deploy.hook")
    parser.add_argument("--gpu", action="store_true", help="expect the float files' answers too")
    chosen = parser.parse_args(arguments)
    try:
        build(functions(), chosen.gpu)
    except Wrong as error:
        print(f"hook: {error}", file=sys.stderr)
        return 1
    print(f"written: {ARCHIVE.relative_to(ROOT)}")
    return 0


def build(chosen: list[Function], gpu: bool) -> bytes:
    """The archive: the program as `bootstrap`, and `expected/NAME.json` of every function."""
    bootstrap = program("hook")
    suits(bootstrap)
    with tempfile.TemporaryDirectory() as scratch:
        into = Path(scratch)
        for function in chosen:
            record(function, precisions(function, gpu), into)
        members = {"bootstrap": bootstrap.read_bytes()}
        members |= {f"expected/{path.name}": path.read_bytes() for path in sorted(into.iterdir())}
    write(members)
    return ARCHIVE.read_bytes()


def program(name: str) -> Path:
    path = PROGRAMS / name
    if not path.is_file():
        raise Wrong(f"{path.relative_to(ROOT)} is not there; `make build` builds it")
    return path


def suits(bootstrap: Path) -> None:
    """Refuses a program that asks for a newer C library than Lambda has: it would not even start there."""
    asked = {tuple(map(int, each.split(b"."))) for each in re.findall(rb"GLIBC_(\d+\.\d+)\0", bootstrap.read_bytes())}
    if asked and max(asked) > GLIBC:
        newest, held = (".".join(map(str, each)) for each in (max(asked), GLIBC))
        raise Wrong(
            f"{bootstrap.name} was built for glibc {newest}, Lambda's provided.al2023 has {held}: build on Debian 12 or older"
        )


def precisions(function: Function, gpu: bool) -> list[str]:
    """What the images of a function serve; a page serves no weights at all."""
    if not function.has_model:
        return ["auto"]
    held = {weights["precision"] for weights in function.variants[0].manifest["weights"]}
    return ["int8", *(["float"] if gpu else [])] if "int8" in held else ["float"]


def record(function: Function, wanted: list[str], into: Path) -> None:
    with ExitStack() as stack:
        addresses = [stack.enter_context(serving(function, precision)) for precision in wanted]
        words = [word for address in addresses for word in ("--address", address)]
        command = [program("hook"), "record", "--name", function.name, *words, "--into", into]
        done = subprocess.run(command, check=False, capture_output=True, text=True)
        if done.returncode != 0:
            raise Wrong(f"{function.name} gives nothing to expect: {done.stderr.strip()}")


@contextmanager
def serving(function: Function, precision: str) -> Iterator[str]:
    """The function's own HTTP door, on a free port of this machine, for as long as it is needed."""
    environment = {name: value for name, value in os.environ.items() if name in ("PATH", "HOME", "LANG")}
    environment |= {"PORT": "0", "PRECISION": precision, "PROVIDER": "cpu", "LOG": "info"}
    environment |= {"MODELS": str(ROOT / "models"), "ORT_DYLIB_PATH": str(RUNTIME)}
    process = subprocess.Popen(
        [program(function.name)], cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    try:
        yield listens(function, process)
    finally:
        process.terminate()
        process.communicate()


def listens(function: Function, process: subprocess.Popen) -> str:
    for line in process.stdout:
        told = json.loads(line) if line.startswith("{") else {}
        if told.get("msg") == READY:
            return told["address"]
    raise Wrong(f"{function.name} does not start: {process.stderr.read().strip()}")


def write(members: dict[str, bytes]) -> None:
    ARCHIVE.parent.mkdir(parents=True, exist_ok=True)
    whole = ARCHIVE.with_suffix(".part")
    with zipfile.ZipFile(whole, "w") as archive:
        for name, body in sorted(members.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = (0o100755 if name == "bootstrap" else 0o100644) << 16
            # A third of the usual level's time, a tenth larger.
            archive.writestr(entry, body, zipfile.ZIP_DEFLATED, compresslevel=1)
    whole.replace(ARCHIVE)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
