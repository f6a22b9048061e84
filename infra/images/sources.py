"""What images are made of, and whether a file is younger than all of it."""

import os
from pathlib import Path

from infra.functions import ROOT

SOURCES = ("Cargo.toml", "Cargo.lock", "common", "functions", "models", "infra/images", "tools/pins.json")
# Models are trained and the page is built beside what goes into images.
ASIDE = {"node_modules", "__pycache__", "workshop", "page"}


def stand_since(path: Path) -> bool:
    """Whether no source has changed since this file was written; false where there is none."""
    return path.is_file() and newest() <= path.stat().st_mtime


def newest() -> float:
    """When the youngest source was changed, in seconds since 1970."""
    times = [0.0]
    for source in SOURCES:
        path = ROOT / source
        if path.is_file():
            times.append(path.stat().st_mtime)
        for folder, folders, files in os.walk(path):
            folders[:] = [each for each in folders if each not in ASIDE and not each.startswith(".")]
            times += [os.stat(os.path.join(folder, each)).st_mtime for each in files]
    return max(times)
