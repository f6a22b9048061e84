"""One variant out of its published files: read, built, written, checked, and what that makes known put into its manifest."""

import tempfile
from pathlib import Path

from workshop import export
from workshop.convert import networks, readers
from workshop.convert.check import check
from workshop.convert.published import check_numbers
from workshop.convert.readers import Damaged
from workshop.convert.source import FILES, UNFINISHED, Source, manifest_in, put

FILE = FILES["float"]


def convert(source: Source, paths: list[Path]) -> dict:
    """Write `converted.onnx` beside the manifest, then the manifest where something in it is new; returns the manifest.

    Everything is made in a folder of its own first: what is served is always whole.
    """
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=source.folder.parent) as made:
        made = Path(made)
        network = built(source, paths)
        network.write(made / FILE)
        check(network, made / FILE)
        given = told(source.manifest, network, made / FILE)
        if network.labels:
            (made / given["labels"]).write_text("\n".join(network.labels) + "\n")
            (made / given["labels"]).replace(source.folder / given["labels"])
        (made / FILE).replace(source.folder / FILE)
        if given != manifest_in(source.folder):
            put(source.folder, given)
    return given


def built(source: Source, paths: list[Path]):
    """The network with its weights, in the order of `from.files`."""
    try:
        held = readers.read(source.format, paths)
        network = networks.definition(source.converter).made(held, **source.options).eval()
        check_numbers(network)
        return network
    except Damaged as cause:
        raise Damaged(f"{source.name}: {cause}") from cause


def told(manifest: dict, network, path: Path) -> dict:
    """The manifest with what the definition and the file say: task, picture, weights."""
    row = export.weights_entry(path, "float", network.count())
    same = any(before["sha256"] == row["sha256"] for before in manifest["weights"])
    others = [each for each in manifest["weights"] if each["precision"] != "float"] if same else []
    given = manifest | {"task": network.kind, "weights": [row, *others]}
    given |= {"picture": network.geometry()}
    return {"paper": network.paper} | given if "paper" not in given else given
