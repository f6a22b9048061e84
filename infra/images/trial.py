"""`make image-test`: every image pushed to a real registry, pulled from it, started as its user would, and asked.

Each is started twice, by HTTP and in AWS's Runtime Interface Emulator, with its own user and entry point, its file system closed
but for /tmp, and the memory that its manifest says; its answer is that of the same program outside of any container. Then a line of
Rust is changed, and the registry's log tells what had to be pushed again.
"""

import json
import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from infra.functions import ROOT, Wrong
from infra.images import ask, binary, change, sbom, stage
from infra.images.base import USER
from infra.images.container import Container, Engine
from infra.images.image import Image
from infra.images.layout import Layout
from infra.images.push import push
from infra.images.registry import Registry, answers, free_port, listens, wait

# A start takes a second or two; this machine may be busy.
START_SECONDS = 60
# What no image holds: nothing that could run a command.
SHELLS = ("/bin/sh", "/bin/bash", "/usr/bin/apt-get", "/usr/bin/perl", "/usr/bin/env")
# Compressed bytes of a CPU image, without and with a program such as ffmpeg, and of what a changed line may cost.
MOST, MOST_WITH_PROGRAMS, MOST_CHANGED = 80_000_000, 200_000_000, 10_000_000


def run(images: list[Image], out: Path, layout: Layout) -> None:
    if other := [image.name for image in images if image.flavour != "cpu"]:
        raise Wrong(
            f"image-test: {', '.join(other)} cannot run here: `make gpu-test` is for GPUs, and arm64 needs its processor"
        )
    stage.fetch("rie")
    # The last by name: a street, with things to find for what finds things.
    picture = sorted((ROOT / "samples").glob("*.jpg"))[-1].read_bytes()
    scratch, engine = out / "trial", Engine(out)
    shutil.rmtree(scratch, ignore_errors=True)
    print(
        f"{'image':<26}{'MB':>7}{'memory':>8}{'answer':>10}  HTTP  Lambda  as outside  as user, closed, healthy, told"
    )
    try:
        with Registry(scratch) as registry:
            push(layout, registry.address, [image.name for image in images], plain=True)
            for image in images:
                print(row(image, engine, registry, layout, out, picture), flush=True)
            print(change.pushed_again(changed(images), out, layout, registry, MOST_CHANGED))
    finally:
        engine.clean()


def changed(images: list[Image]) -> Image:
    """The image in which a line is changed: the first that has weights, which must not be pushed again."""
    return next((image for image in images if image.function.has_model), images[0])


def row(image: Image, engine: Engine, registry: Registry, layout: Layout, out: Path, picture: bytes) -> str:
    """Tries one image; the line of the table."""
    function, reference = image.function, f"{registry.address}/{image.name}"
    size, most = layout.bytes(image.name), MOST_WITH_PROGRAMS if function.programs else MOST
    if image.processor == "cpu" and size > most:
        raise Wrong(f"{image.name} has {size} bytes; at most {most} are wanted")
    if "Healthcheck" not in layout.config(image.name)["config"]:
        raise Wrong(f"{image.name} has no health check")
    engine.pull(reference)
    asked = ask.question(function, picture)
    wanted = outside(image, out, asked)
    by_http = in_container(image, engine, reference, asked, out)
    by_lambda = in_emulator(image, engine, reference, asked)
    for way, got in (("HTTP", by_http), ("Lambda", by_lambda)):
        if ask.same(function, got) != ask.same(function, wanted):
            raise Wrong(
                f"{image.name} answers by {way} otherwise than its program does outside ({len(got)} and {len(wanted)} bytes)"
            )
    return f"{image.name:<26}{size / 1e6:>7.1f}{function.memory_mb:>8}{len(by_http):>10}  ok    ok      equal       {USER}, yes, yes, yes"


def outside(image: Image, out: Path, asked: ask.Question) -> bytes:
    """The answer of the same program on this machine, with the files of the repository."""
    port = free_port()
    program = binary.program(image.function.name, image.architecture, out / "target")
    settings = {
        "PORT": str(port),
        "MODELS": str(ROOT / "models"),
        "ORT_DYLIB_PATH": str(stage.TOOLS / "onnxruntime/libonnxruntime.so"),
    }
    process = subprocess.Popen([program], env={"PATH": os.environ["PATH"], **settings}, stdout=subprocess.DEVNULL)
    try:
        address = f"127.0.0.1:{port}"
        wait(lambda: answers(address, "/readyz"), lambda: process.poll() is None, str(program), START_SECONDS)
        return ask.by_http(address, asked)
    finally:
        process.terminate()
        process.wait()


def in_container(image: Image, engine: Engine, reference: str, asked: ask.Question, out: Path) -> bytes:
    """The answer by HTTP, and what is promised of the container around it."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    with engine.run(reference, image.function.memory_mb, "--env", f"PORT={port}") as container:
        ready(container, lambda: answers(address, "/readyz"), image)
        got = ask.by_http(address, asked)
        promised = {
            f"runs as {container.user()}, not {USER}": container.user() == USER,
            f"may use {container.memory()} bytes": container.memory() == image.function.memory_mb << 20,
            "says by --health that it is not well": container.does("/usr/bin/function", "--health"),
            "says by --health that it is well where nothing listens": not container.does(
                "/usr/bin/function", "--health", PORT=str(free_port())
            ),
            "holds programs that do not run": all(
                container.does(f"/usr/bin/{program}", "-version") for program in image.function.programs
            ),
            "holds a shell": not any(container.does(shell, "-c", "exit 0") for shell in SHELLS),
            f"wrote {', '.join(container.changed())}": not container.changed(),
        }
        if broken := [what for what, kept in promised.items() if not kept]:
            raise Wrong(f"{image.name} {'; '.join(broken)}")
        with tempfile.TemporaryDirectory(dir=out) as root:
            container.export(Path(root))
            document = json.loads((Path(root) / f"usr/share/sbom/{image.function.name}.cdx.json").read_text())
            sbom.check(document, Path(root))
    return got


def in_emulator(image: Image, engine: Engine, reference: str, asked: ask.Question) -> bytes:
    """The answer through AWS's Runtime Interface Emulator, which stands before the entry point as on a developer's machine."""
    front, back = free_port(), free_port()
    address = f"127.0.0.1:{front}"
    words = ("--log-level", "error", "--runtime-interface-emulator-address", address)
    words += ("--runtime-api-address", f"127.0.0.1:{back}", "/usr/bin/function")
    mount = ("--volume", f"{stage.TOOLS / 'aws-lambda-rie'}:/aws-lambda-rie:ro", "--entrypoint", "/aws-lambda-rie")
    with engine.run(reference, image.function.memory_mb, *mount, words=words) as container:
        # The emulator answers nothing but invocations: it listens, that is all there is to see.
        ready(container, lambda: listens(front), image)
        return ask.by_lambda(address, asked)


def ready(container: Container, is_ready, image: Image) -> None:
    try:
        wait(is_ready, container.alive, image.name, START_SECONDS)
    except Wrong as wrong:
        said = container.said().strip().splitlines() or ["nothing"]
        raise Wrong(f"{wrong}; it says: {said[-1]}") from None
