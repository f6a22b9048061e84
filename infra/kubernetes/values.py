"""Writes the functions for the chart: out/kubernetes/values.yaml.

    python -m infra.kubernetes.values [--registry ghcr.io/me] [--images out/images.txt] [--out out/kubernetes/values.yaml]

Of each function: whether it is a page, memory and storage (MB), and the digest of each image that was built. Without a list of images
there are no digests, which the chart asks for when it is installed. Exit code 1 and one line on stderr when a line of the list is wrong.
"""

import argparse
import os
import re
import sys
from pathlib import Path

import yaml

from infra.functions import ROOT, Function, Wrong, functions

FLAVOURS = ("cpu", "gpu")
IMAGE = re.compile(r"darkroom/([a-z0-9-]+):([a-z0-9-]+) (sha256:[0-9a-f]{64}) \d+")


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="kubernetes-values", description=__doc__.splitlines()[0])
    parser.add_argument("--registry", default="", help="what stands before darkroom/FUNCTION")
    parser.add_argument("--images", type=Path, default=ROOT / "out/images.txt", help="what `make images` wrote")
    parser.add_argument("--out", type=Path, default=ROOT / "out/kubernetes/values.yaml")
    given = parser.parse_args(arguments)
    try:
        built = digests(given.images.read_text()) if given.images.exists() else {}
        text = yaml.safe_dump(values(functions(), built, given.registry), sort_keys=False)
    except Wrong as error:
        print(f"kubernetes-values: {error}", file=sys.stderr)
        return 1
    given.out.parent.mkdir(parents=True, exist_ok=True)
    given.out.write_text("# Written by `make kubernetes-values`.\n" + text)
    print(f"wrote {os.path.relpath(given.out)} ({len(built)} images)")
    return 0


def digests(text: str) -> dict[tuple[str, str], str]:
    """Digest by function and flavour, of the lines `NAME DIGEST BYTES` that `make images` wrote; other architectures aside."""
    found = {}
    for number, line in enumerate(text.splitlines(), 1):
        image = IMAGE.fullmatch(line)
        if not image:
            raise Wrong(f"line {number} of the images is not NAME DIGEST BYTES: {line!r}")
        if image[2] in FLAVOURS:
            found[image[1], image[2]] = image[3]
    return found


def values(of: list[Function], built: dict[tuple[str, str], str], registry: str = "") -> dict:
    """The values as the chart takes them."""
    return {
        **({"registry": registry} if registry else {}),
        "functions": {
            function.name: {
                "page": not function.has_model,
                "memoryMb": function.memory_mb,
                "storageMb": function.storage_mb,
                "digests": {each: built[function.name, each] for each in FLAVOURS if (function.name, each) in built},
            }
            for function in of
        },
    }


if __name__ == "__main__":
    sys.exit(main())
