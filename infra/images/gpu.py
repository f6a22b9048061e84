"""`make gpu-test`: every default network (float) on this machine's NVIDIA GPU, compared with the same on the CPU.

The programs of the images are started outside of containers with the libraries of the GPU flavour. Pictures may differ by 1 of 255
in a value, scores by 1/255, boxes by 1/255 of the picture's longer side.
"""

import ctypes
import json
import os
import statistics
import subprocess
from base64 import b64decode
from contextlib import contextmanager
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from PIL import Image as Picture
from PIL import ImageChops

from infra.functions import ROOT, Function, Wrong
from infra.images import ask, binary, stage
from infra.images.image import Image
from infra.images.registry import answers, free_port, wait

# The first run of a shape compiles and chooses kernels; those after it are timed.
RUNS = 5
START_SECONDS = 300
MOST = 1 / 255


def run(images: list[Image], out: Path) -> None:
    """Prints a line a network; fails where one differs by more than `MOST`."""
    if (count := gpus()) == 0:
        raise Wrong(
            "gpu-test: there is no NVIDIA GPU here (its driver's libcuda.so.1 finds none); nothing was compared"
        )
    stage.fetch("zig", "cargo-lambda", "turbo", "runtime", *stage.RUNTIME_PINS["gpu", "amd64"])
    functions = [image.function for image in images if image.function.has_model]
    programs = binary.build([function.name for function in functions], "amd64", out / "target")
    print(f"{count} GPU(s)\n{'network':<20}{'CPU s':>9}{'GPU s':>9}{'ratio':>7}  largest difference")
    wrong = [function.name for function in functions if not compared(function, programs[function.name])]
    if wrong:
        raise Wrong(f"gpu-test: these differ by more than 1/255: {', '.join(wrong)}")


def gpus() -> int:
    """How many GPUs NVIDIA's driver finds."""
    count = ctypes.c_int(0)
    try:
        driver = ctypes.CDLL("libcuda.so.1")
    except OSError:
        return 0
    return count.value if driver.cuInit(0) == 0 and driver.cuDeviceGetCount(ctypes.byref(count)) == 0 else 0


def compared(function: Function, program: Path) -> bool:
    """Whether the GPU's answers to all samples are the CPU's; prints their times, medians of all samples."""
    pictures = [path.read_bytes() for path in sorted((ROOT / "samples").glob("*.jpg"))]
    with serving(program, "cpu") as address:
        cpu = [asked(function, address, picture) for picture in pictures]
    with serving(program, "cuda") as address:
        gpu = [asked(function, address, picture) for picture in pictures]
    worst = max(difference(function, one[1], other[1]) for one, other in zip(cpu, gpu, strict=True))
    slow, fast = (statistics.median(seconds for seconds, _ in found) for found in (cpu, gpu))
    print(f"{function.name + '/default':<20}{slow:>9.4f}{fast:>9.4f}{slow / fast:>7.1f}  {worst:.5f}", flush=True)
    return worst <= MOST


@contextmanager
def serving(program: Path, provider: str):
    """The address of a function that runs its float file on "cpu" or "cuda"."""
    port = free_port()
    libraries = {Path(target).name: source for source, target in stage.libraries("gpu", "amd64")}
    settings = {
        "PORT": str(port),
        "MODELS": str(ROOT / "models"),
        "ORT_DYLIB_PATH": str(libraries["libonnxruntime.so"]),
        "LD_LIBRARY_PATH": ":".join(sorted({str(source.parent) for source in libraries.values()})),
        "PROVIDER": provider,
        "PRECISION": "float",
        "LOG": "error",
    }
    process = subprocess.Popen([program], env={"PATH": os.environ["PATH"], **settings})
    try:
        address = f"127.0.0.1:{port}"
        wait(
            lambda: answers(address, "/readyz"),
            lambda: process.poll() is None,
            f"{program.name} on {provider}",
            START_SECONDS,
        )
        yield address
    finally:
        process.terminate()
        process.wait()


def asked(function: Function, address: str, picture: bytes) -> tuple[float, dict]:
    """The median of the seconds in the network, and what the last answer says."""
    question = replace(ask.question(function, picture), accept="application/json")
    told = [json.loads(ask.by_http(address, question))["data"] for _ in range(RUNS)]
    return statistics.median(each["seconds"] for each in told[1:]), told[-1]


def difference(function: Function, one: dict, other: dict) -> float:
    """The largest difference of two answers, as a share of the largest value that there can be."""
    if function.task == "picture":
        pictures = [Picture.open(BytesIO(b64decode(each["enhance_result"]))).convert("RGB") for each in (one, other)]
        if pictures[0].size != pictures[1].size:
            return 1.0
        return max(high for _, high in ImageChops.difference(*pictures).getextrema()) / 255
    first, second = numbers(one), numbers(other)
    if first.keys() != second.keys():
        return 1.0
    return max((abs(value - second[key]) for key, value in first.items()), default=0.0)


def numbers(data: dict) -> dict[tuple, float]:
    """The scores and, as shares of the picture, the boxes of an answer in words, each under what it is about: the order of
    two that are nearly equal says nothing."""
    found = {("class", each["class_id"]): each["score"] for each in data.get("classes", [])}
    boxes = sorted(data.get("boxes", []), key=lambda each: (each["class_id"], [round(side) for side in each["box"]]))
    for at, each in enumerate(boxes):
        sides = [side / max(data["width"], data["height"]) for side in each["box"]]
        found |= {("box", at, each["class_id"], part): value for part, value in enumerate((each["score"], *sides))}
    return found
