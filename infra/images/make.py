"""`make images`: binaries, layers, Containerfile, layout, list."""

import json
import subprocess
import tomllib
from contextlib import closing
from pathlib import Path

from infra.functions import ROOT
from infra.images import binary, sbom, stage
from infra.images.builder import builder
from infra.images.files import settle, write
from infra.images.image import Image
from infra.images.layout import Layout

LICENCES = {"none": "Apache-2.0", "cpu": "Apache-2.0 AND MIT", "gpu": "Apache-2.0 AND MIT AND LicenseRef-NVIDIA-CUDA"}


def make(images: list[Image], out: Path, root: Path = ROOT, layout: Layout | None = None) -> Layout:
    """Builds images into the layout (`out`/oci) from the Rust of the tree at `root`, which is this one or a copy of it."""
    layout, laid = layout or Layout(out / "oci"), out / "stage"
    stage.fetch("zig", "cargo-lambda", "turbo")
    binaries = {}
    for architecture in sorted({image.architecture for image in images}):
        names = sorted({image.function.name for image in images if image.architecture == architecture})
        for name, path in binary.build(names, architecture, out / "target", root).items():
            binaries[name, architecture] = path
    stage.shared(images, laid)
    with closing(builder(out)) as by:
        for image in images:
            path = binaries[image.function.name, image.architecture]
            stage.own(image, path, laid)
            describe(image, path, laid, out)
            by.build(image, laid, arguments(image), layout)
            layout.mend(image.name)
            print(f"{image.name} {layout.digest(image.name)} {layout.bytes(image.name)}", flush=True)
    layout.sweep()
    return layout


def describe(image: Image, path: Path, laid: Path, out: Path) -> None:
    """The image's SBOM, in its last layer and beside the layout."""
    text = json.dumps(sbom.make(image, version(), path), indent=1, sort_keys=True) + "\n"
    write(out / "sbom" / f"{image.folder}.cdx.json", text)
    write(laid / image.folder / f"binary/usr/share/sbom/{image.function.name}.cdx.json", text)
    settle(laid / image.folder / "binary")


def arguments(image: Image) -> dict[str, str]:
    """The Containerfile's."""
    of_programs = [sbom.PINS[name]["licence"] for name in image.function.programs]
    of_weights = {sbom.expression(variant.manifest["licence"]) for variant in image.function.variants}
    own = LICENCES[image.runtime]
    licences = " AND ".join([own, *of_programs, *sorted(of_weights - set(own.split(" AND ")))])
    return {
        "RUNTIME": image.runtime,
        "ARCHITECTURE": image.architecture,
        "FUNCTION": image.function.name,
        "FLAVOUR": image.flavour,
        "TITLE": image.function.title,
        "VERSION": version(),
        "REVISION": revision(image),
        "LICENCES": licences,
    }


def version() -> str:
    return tomllib.loads((ROOT / "Cargo.toml").read_text())["workspace"]["package"]["version"]


def revision(image: Image) -> str:
    """The last commit that changed what is in the image, not the last of all: that would make every image another one."""
    name = image.function.name
    sources = ["Cargo.toml", "Cargo.lock", "common", f"functions/{name}", "infra/images", "tools/pins.json"]
    sources += [f"models/{name}"] if image.function.has_model else ["models", "samples"]
    told = git("log", "-1", "--format=%H", "--", *sources)
    return told + ("+changes" if told and git("status", "--porcelain", "--", *sources) else "")


def git(*words: str) -> str:
    told = subprocess.run(["git", *words], check=False, capture_output=True, text=True, cwd=ROOT)
    return told.stdout.strip()
