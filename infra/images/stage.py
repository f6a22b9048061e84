"""Lays ready what the Containerfile copies: a folder a layer, as the files lie in the image.

base-ARCHITECTURE, runtime-KIND-ARCHITECTURE     the same for every function
FUNCTION-FLAVOUR/{weights,programs,binary}       this image's own
"""

import platform
import shutil
import subprocess
import sys
from pathlib import Path

from infra.functions import ROOT, Wrong
from infra.images import base
from infra.images.files import digest, place, settle
from infra.images.image import Image

TOOLS = ROOT / ".tools"
LIBRARIES = "usr/lib/x86_64-linux-gnu"
LOADER = "usr/lib64/ld-linux-x86-64.so.2"
# NVIDIA's, which belongs to the machine's kernel module.
DRIVER = "libcuda.so.1"
MACHINES = {"x86_64": "amd64"}
# Pins of tools/pins.json that the CUDA provider loads, and those of their files that it never does.
CUDA = ("cublas", "cudart", "cudnn", "curand", "nvrtc")
NEVER = ("libnvblas.so.13", "libonnxruntime_providers_tensorrt.so")
RUNTIME_PINS = {
    ("cpu", "amd64"): ("runtime",),
    ("cpu", "arm64"): ("runtime-arm64",),
    ("gpu", "amd64"): ("runtime-gpu", *CUDA),
}


def fetch(*pins: str) -> None:
    """Has tools/fetch.py bring what is pinned in tools/pins.json."""
    done = subprocess.run([sys.executable, "tools/fetch.py", *pins], check=False, cwd=ROOT, stdout=sys.stderr)
    if done.returncode != 0:
        raise Wrong("a pinned tool cannot be had; fetch's own words stand above")


def shared(images: list[Image], stage: Path) -> None:
    """The layers that images have in common."""
    for architecture in {image.architecture for image in images}:
        folder = stage / f"base-{architecture}"
        base.unpack(architecture, folder)
        settle(folder)
    for kind, architecture in {(image.runtime, image.architecture) for image in images if image.runtime != "none"}:
        fetch(*RUNTIME_PINS[kind, architecture])
        folder = stage / f"runtime-{kind}-{architecture}"
        shutil.rmtree(folder, ignore_errors=True)
        for source, target in libraries(kind, architecture):
            place(source, folder / target)
        settle(folder)
        if architecture == MACHINES.get(platform.machine()):
            resolve(folder, stage / f"base-{architecture}")


def resolve(runtime: Path, root: Path) -> None:
    """Has the base's own loader look for what every library needs, as ldd does, in these two folders and nowhere else; the
    driver's library alone comes from the machine."""
    folders, missing = [str(each.resolve() / LIBRARIES) for each in (root, runtime)], set()
    for library in sorted(runtime.rglob("*.so*")):
        command = [root.resolve() / LOADER, "--inhibit-cache", "--library-path", ":".join(folders), library.resolve()]
        trace = {"LD_TRACE_LOADED_OBJECTS": "1"}
        told = subprocess.run(command, check=False, capture_output=True, text=True, env=trace)
        for needed, _, found in (line.strip().partition(" => ") for line in told.stdout.splitlines()):
            if found and needed != DRIVER and not found.startswith((*folders, str(library.resolve().parent))):
                missing.add(f"{needed} (for {library.name})")
        if told.returncode != 0:
            missing.add(f"{library.name} itself")
    if missing:
        raise Wrong(f"the image lacks libraries: {', '.join(sorted(missing))}")


def libraries(kind: str, architecture: str) -> list[tuple[Path, str]]:
    """The libraries of a runtime, and where each lies in the image. CUDA's lie where the loader looks by itself."""
    library = "opt/onnxruntime/libonnxruntime.so"
    if kind == "cpu":
        folder = "onnxruntime" if architecture == "amd64" else f"onnxruntime-{architecture}"
        return [(TOOLS / folder / "libonnxruntime.so", library)]
    own = TOOLS / "gpu/onnxruntime"
    found = [(next(own.glob("libonnxruntime.so.*")), library)]
    found += [(path, f"opt/onnxruntime/{path.name}") for path in sorted(own.glob("libonnxruntime_providers_*.so"))]
    found += [
        (path, f"{LIBRARIES}/{path.name}") for pin in CUDA for path in sorted((TOOLS / "gpu" / pin).glob("*.so*"))
    ]
    return [(path, target) for path, target in found if path.name not in NEVER]


def own(image: Image, binary: Path, stage: Path) -> None:
    """The layers of one image."""
    function, folder = image.function, stage / image.folder
    shutil.rmtree(folder, ignore_errors=True)
    for variant in function.variants:
        for file in weights(variant, image.processor):
            place(file, folder / "weights/models" / function.name / variant.name / file.name)
    for program in function.programs:
        fetch(program)
        place(TOOLS / program, folder / "programs/usr/bin" / program)
    place(binary, folder / "binary/usr/bin" / function.name)
    # An entry point takes no argument of the build: it has one name in every image.
    (folder / "binary/usr/bin/function").symlink_to(function.name)
    place(ROOT / "LICENSE", folder / "binary/usr/share/doc/darkroom/LICENSE")
    for layer in ("weights", "programs", "binary"):
        (folder / layer).mkdir(parents=True, exist_ok=True)
    settle(folder)


def weights(variant, processor: str) -> list[Path]:
    """The files of a variant that an image holds, each known by the digest that the manifest says."""
    known = {each["file"]: each["sha256"] for each in variant.manifest["weights"]}
    files = variant.files(processor)
    for file in files:
        if not file.is_file() or digest(file) != known[file.name]:
            raise Wrong(f"{file.relative_to(ROOT)} is not the file that its manifest names (sha256 differs)")
    beside = ["model.json", "CARD.md", variant.manifest.get("labels")]
    return [*files, *(path for name in beside if name and (path := variant.folder / name).is_file())]
