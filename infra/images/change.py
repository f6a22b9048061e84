"""What a changed line of Rust costs: one image built again from a changed copy, pushed, and the registry's log read."""

import shutil
import subprocess
from pathlib import Path

from infra.functions import ROOT, Wrong
from infra.images import binary, tree
from infra.images.image import Image
from infra.images.layout import Layout
from infra.images.make import make
from infra.images.push import push
from infra.images.registry import Registry

LINE = 'summary: "'


def pushed_again(image: Image, out: Path, layout: Layout, registry: Registry, most: int) -> str:
    """Pushes `image` with a changed line; a sentence of what that sent, which is at most `most` bytes."""
    before = layout.digest(image.name)
    copy, aside = out / "changed/tree", Layout(out / "changed/oci")
    tree.copy(copy)
    change(copy / "functions" / image.function.name / "src/main.rs")
    sent = len(registry.uploaded())
    program, kept = binary.program(image.function.name, image.architecture, out / "target"), out / "changed/program"
    shutil.copy2(program, kept)
    try:
        # A layout of its own, but the same target folder: what is compiled already is not compiled again.
        make([image], out, copy, aside)
        push(aside, registry.address, [image.name], plain=True)
        return told(image, aside, before, registry.uploaded()[sent:], most)
    finally:
        shutil.copy2(kept, program)
        forget(image, out)
        shutil.rmtree(out / "changed")


def change(source: Path) -> None:
    text = source.read_text()
    if LINE not in text:
        raise Wrong(f"{source.name} has no line with {LINE!r} to change")
    source.write_text(text.replace(LINE, LINE + "Changed. ", 1))


def told(image: Image, layout: Layout, before: str, sent: list[str], most: int) -> str:
    manifest = layout.manifest(image.name)
    if layout.digest(image.name) == before:
        raise Wrong(f"{image.name} has a changed line and its old digest")
    sizes = {each["digest"]: each["size"] for each in (manifest["config"], *manifest["layers"])}
    pushed = sum(sizes[digest] for digest in sent)
    kept = [each["size"] for each in manifest["layers"] if each["digest"] not in sent]
    if not sent or pushed > most:
        raise Wrong(f"a changed line of {image.name} pushed {pushed} bytes; at most {most} are wanted")
    return (
        f"a changed line of Rust: {image.name} pushed {pushed / 1e6:.1f} MB in {len(sent)} blobs, by the registry's log; "
        f"{len(kept)} layers of {sum(kept) / 1e6:.1f} MB were there"
    )


def forget(image: Image, out: Path) -> None:
    """Has cargo build the unchanged program anew: it tells files by their times, and those of the copy are gone."""
    command = ["cargo", "clean", "--quiet", "--release", "--package", image.function.name]
    command += ["--target", binary.TARGETS[image.architecture], "--target-dir", out / "target"]
    subprocess.run(command, check=True, cwd=ROOT)
