"""Darknet files (.weights): a header of 16 or 20 bytes, then bare float32, little-endian. The network alone knows their shapes.

A convolution with batch norm has beta, gamma, mean, variance and weights in turn, one without has bias and weights.
"""

import struct
from pathlib import Path

import numpy as np

from workshop.convert.readers import Damaged

TURNED = 1000  # versions above this keep matrices the other way round


class Floats:
    """The numbers of one file, taken from its beginning on."""

    def __init__(self, name: str, values: np.ndarray):
        self.name, self.values, self.taken = name, values, 0

    def take(self, *shape: int) -> np.ndarray:
        """The next numbers, in this shape."""
        count = int(np.prod(shape))
        if self.taken + count > self.values.size:
            raise Damaged(f"{self.name} ends too early: it holds {self.values.size:,} numbers, the network has more")
        self.taken += count
        return self.values[self.taken - count : self.taken].reshape(shape)

    def end(self) -> None:
        """Every number must have been taken."""
        if self.taken != self.values.size:
            raise Damaged(f"{self.name} holds {self.values.size:,} numbers, the network has {self.taken:,}")


def read(paths: list[Path]) -> Floats:
    """The numbers of one file."""
    (path,) = paths
    data = path.read_bytes()
    if len(data) < 20:
        raise Damaged(f"{path.name} is not a darknet file: it has {len(data)} bytes")
    major, minor, _ = struct.unpack_from("<3i", data)
    if not (0 <= major <= TURNED and 0 <= minor <= TURNED):
        raise Damaged(f"{path.name} is not a darknet file of a known version: {major}.{minor}")
    header = (
        20 if major * 10 + minor >= 2 else 16
    )  # the number of pictures seen has 8 bytes, before version 0.2 it had 4
    if (len(data) - header) % 4:
        raise Damaged(f"{path.name} does not end with a whole number")
    values = np.frombuffer(data, "<f4", offset=header)
    if not np.isfinite(values).all():
        raise Damaged(f"{path.name} holds weights that are no numbers")
    return Floats(path.name, values)
