"""Readers of weights files, one format a module: `read(paths) -> Weights`, or the graph where the format holds one.

Files are hostile until they are read: sizes are bounded by the file's own length before anything is allocated, nothing in a
file is run, and what is wrong is a `Damaged` that names the file.
"""

import importlib
from pathlib import Path

import numpy as np

Weights = dict[str, np.ndarray]  # by the names of the file, in its own layout


class Damaged(Exception):
    """A weights file that is not what it should be: one sentence that names it."""


def needed(weights: Weights, name: str) -> np.ndarray:
    """One of a file's weights."""
    if name not in weights:
        raise Damaged(f"the file has no weights {name!r}")
    return weights[name]


def read(form: str, paths: list[Path]):
    """The files of one network by the reader of their format (`from.format` in a manifest)."""
    return importlib.import_module(f"{__name__}.{form.replace('-', '_')}").read(paths)
