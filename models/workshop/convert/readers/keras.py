"""Keras .h5 files, whole models (weights below `model_weights`) and weights alone, by h5py.

HDF5 can do more than Keras asks of it: a file may point to other files and claim gigabytes that it does not hold. Here a name
leads to what the file itself holds, plain and unpacked, or the file is refused.
"""

from pathlib import Path

import h5py
import numpy as np

from workshop.convert.readers import Damaged, Weights

DEEP = 8  # groups in groups
MANY = 10_000  # groups and arrays
PLAIN = (h5py.h5d.CONTIGUOUS, h5py.h5d.COMPACT)


def read(paths: list[Path]) -> Weights:
    """Weights by layer, `layer/name`: Keras repeats the layer's name, here it stands once, and `:0` not at all."""
    (path,) = paths
    try:
        with h5py.File(path, "r", locking=False) as file:
            whole = "model_weights" in file and isinstance(file.get("model_weights", getlink=True), h5py.HardLink)
            weights = Collected(path).group(file["model_weights"] if whole else file, ())
    except Damaged:
        raise
    except Exception as cause:  # h5py tells a broken file by many kinds of exceptions
        raise Damaged(f"{path.name} is no whole HDF5 file: {str(cause).splitlines()[0][:200]}") from cause
    if not weights:
        raise Damaged(f"{path.name} holds no weights")
    return weights


class Collected:
    """The arrays of one file, read on the way."""

    def __init__(self, path: Path):
        self.name, self.room = path.name, path.stat().st_size
        self.seen = 0
        self.weights: Weights = {}

    def group(self, group: h5py.Group, above: tuple[str, ...]) -> Weights:
        """All below a group, whose names lead to it from the top."""
        for name in group:
            where, self.seen = "/".join((*above, name)), self.seen + 1
            if self.seen > MANY or len(above) >= DEEP:
                raise Damaged(
                    f"{self.name} has more than {MANY} parts, or they lie deeper than {DEEP} groups: {where[:80]!r}"
                )
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise Damaged(f"{self.name}: {where!r} is a link to elsewhere; only what the file holds is read")
            part = group[name]
            if isinstance(part, h5py.Group):
                self.group(part, (*above, name))
            elif isinstance(part, h5py.Dataset):
                self.take(part, (*above, name), where)
            else:
                raise Damaged(f"{self.name}: {where!r} is neither a group nor an array")
        return self.weights

    def take(self, part: h5py.Dataset, path: tuple[str, ...], where: str) -> None:
        """Read one array, if all of it lies in the file as it is."""
        if part.dtype.kind != "f" or part.shape is None:
            raise Damaged(f"{self.name}: {where!r} holds {part.dtype}, not floating numbers")
        if part.is_virtual or part.external:
            raise Damaged(f"{self.name}: {where!r} keeps its numbers in another file")
        held = part.id.get_storage_size()
        if part.id.get_create_plist().get_layout() not in PLAIN or held != part.nbytes:
            raise Damaged(f"{self.name}: {where!r} claims {part.nbytes} bytes and holds {held}, packed or in pieces")
        self.room -= held
        if self.room < 0:
            raise Damaged(f"{self.name} claims more bytes than it has, at {where!r}")
        layer, *rest = path
        name = "/".join([layer, *(rest[1:] if rest[:1] == [layer] else rest)]).removesuffix(":0")
        if name in self.weights:
            raise Damaged(f"{self.name} has weights {name!r} twice")
        self.weights[name] = np.asarray(part[()], np.float32)
