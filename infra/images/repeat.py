"""`make images-repeat`: the tree built twice, in two folders, each from nothing; both give the same images."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

from infra.functions import Wrong
from infra.images import tree
from infra.images.image import Image
from infra.images.layout import Layout


def run(images: list[Image], out: Path) -> None:
    """Builds in copies of the tree with names of different lengths, with empty target folders and no layers kept."""
    folders, found = (out / "once", out / "in-another-folder"), []
    try:
        # Both before the first is built: the tree may be worked on.
        for folder in folders:
            tree.copy(folder)
        for folder in folders:
            began = time.monotonic()
            build(folder, images)
            layout = Layout(folder / "out/images/oci")
            found.append({image.name: layout.digest(image.name) for image in images})
            print(f"built in {folder.relative_to(out)} in {time.monotonic() - began:.0f} s", flush=True)
    finally:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    for name, digest in found[0].items():
        same = "the same twice" if digest == found[1][name] else f"and then {found[1][name]}"
        print(f"{name} {digest} {same}")
    if found[0] != found[1]:
        raise Wrong("two builds of the same tree gave different images")


def build(folder: Path, images: list[Image]) -> None:
    names, flavours = {image.function.name for image in images}, {image.flavour for image in images}
    command = [sys.executable, "-m", "infra.images", "build", "--flavours", " ".join(sorted(flavours)), *sorted(names)]
    if subprocess.run(command, check=False, cwd=folder, env={**os.environ, "PYTHONPATH": str(folder)}).returncode != 0:
        raise Wrong("the copy could not be built; its own words stand above")
