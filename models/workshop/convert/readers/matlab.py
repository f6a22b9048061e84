"""MATLAB's `.mat` of version 5: numbers in variables, in structures and in cells, by the names on the way to them.

SciPy reads them, but believes the sizes that a file tells. So everything is unpacked here first, within a bound, and walked
through: every part lies inside its parent, claims no more values than it has bytes, and is of a plain kind.
"""

import io
import struct
import zlib
from collections.abc import Iterator
from math import prod
from pathlib import Path

import numpy as np
from scipy.io import loadmat

from workshop.convert.readers import Damaged, Weights

HEADER = 128  # bytes; the last four are the version and the order of bytes
MATRIX, COMPRESSED = 14, 15  # kinds of parts
CELL, STRUCT = 1, 2  # classes of matrices
REFUSED = {3: "an object", 5: "a sparse matrix", 16: "a function", 17: "an object"}
CLASSES = (CELL, STRUCT, 4, *range(6, 16))  # and characters, and the kinds of numbers
LARGEST = 1 << 28  # bytes of all parts, unpacked
DEEPEST = 16  # cells in cells


def read(paths: list[Path]) -> Weights:
    """The arrays of a file, last axis fastest, as `net.layers.0.filters`; of several files: with `0.`, `1.` before."""
    files = [weights(path) for path in paths]
    if len(files) == 1:
        return files[0]
    return {f"{place}.{name}": value for place, held in enumerate(files) for name, value in held.items()}


def weights(path: Path) -> Weights:
    try:
        held = loadmat(io.BytesIO(unpacked(path.read_bytes())))
    except Damaged as cause:
        raise Damaged(f"{path.name} {cause}") from cause
    except Exception as cause:  # SciPy's reader fails in many ways: the file is what is wrong
        raise Damaged(f"{path.name} is not a whole MATLAB file: {cause}") from cause
    found = {}
    for name, value in held.items():
        if not name.startswith("__"):
            found.update(arrays(name, value))
    if not found:
        raise Damaged(f"{path.name} holds no numbers")
    return found


def arrays(name: str, value: np.ndarray) -> Iterator[tuple[str, np.ndarray]]:
    """The arrays of numbers below a variable; cells are counted, a structure of one is not."""
    if value.dtype.names:
        for place, one in enumerate(value.flat):
            for field in value.dtype.names:
                yield from arrays(f"{name}.{place}.{field}" if value.size > 1 else f"{name}.{field}", one[field])
    elif value.dtype == object:
        for place, one in enumerate(value.flat):
            yield from arrays(f"{name}.{place}", one)
    elif value.dtype.kind in "fiu":
        yield name, np.ascontiguousarray(value)


def unpacked(data: bytes) -> bytes:
    """The same file with every part as it is, none compressed, all of them looked through."""
    if data[HEADER - 4 : HEADER] != b"\x00\x01IM":
        raise Damaged("is not a MATLAB file of version 5")
    whole = [data[:HEADER]]
    left = LARGEST
    for kind, part in parts(memoryview(data)[HEADER:], padded=False):
        if kind == COMPRESSED:
            part = inflated(part, left)
        else:
            part = struct.pack("<II", kind, len(part)) + part  # not longer than the file
        left = max(0, left - len(part))
        for kind, inner in parts(memoryview(part)):
            if kind != MATRIX:
                raise Damaged(f"has a part of kind {kind} where a variable should be")
            look(inner, 0)
        whole.append(part)
    return b"".join(whole)


def inflated(part: memoryview, most: int) -> bytes:
    """A compressed part, which may become `most` bytes."""
    engine = zlib.decompressobj()
    try:
        plain = engine.decompress(part, most + 1)  # 0 would be no bound
    except zlib.error as cause:
        raise Damaged(f"has a part that does not unpack: {cause}") from cause
    if len(plain) > most:
        raise Damaged(f"unpacks to more than {LARGEST} bytes")
    if not engine.eof:
        raise Damaged("has a part that does not unpack: it ends early")
    return plain


def parts(data: memoryview, padded: bool = True) -> Iterator[tuple[int, memoryview]]:
    """(kind, content) of the parts one after another; up to four bytes lie in the tag itself."""
    place = 0
    while place < len(data):
        if len(data) - place < 8:
            raise Damaged("ends in the middle of a part")
        kind, size = struct.unpack_from("<II", data, place)
        start = place + 8
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, place + 4
        if size > len(data) - start or (start == place + 4 and size > 4):
            raise Damaged(f"has a part that claims {size} bytes where {len(data) - start} are")
        yield kind, data[start : start + size]
        place = start + size
        place += -place % 8 if padded else 0


def look(matrix: memoryview, depth: int) -> None:
    """Refuse a matrix (flags, sides, name, content) that is no plain one, and what lies in it."""
    if depth > DEEPEST:
        raise Damaged(f"has more than {DEEPEST} levels of cells")
    if not matrix:  # an empty cell
        return
    held = list(parts(matrix))
    if len(held) < 3 or len(held[0][1]) != 8 or len(held[1][1]) % 4:
        raise Damaged("has a variable without flags, sides and name")
    kind = held[0][1][0]
    if kind not in CLASSES:
        raise Damaged(f"holds {REFUSED.get(kind, f'a variable of class {kind}')}, which is not read")
    sides = struct.unpack(f"<{len(held[1][1]) // 4}i", held[1][1])
    if min(sides, default=0) < 0 or prod(sides) > len(matrix):
        raise Damaged(f"has a variable that claims the sides {list(sides)} in {len(matrix)} bytes")
    below = [part for part_kind, part in held[3:] if part_kind == MATRIX]
    if kind in (CELL, STRUCT) and len(below) != prod(sides) * (fields(held) if kind == STRUCT else 1):
        raise Damaged(f"has {len(below)} cells in a variable that claims more or fewer")
    for part in below:
        look(part, depth + 1)


def fields(held: list[tuple[int, memoryview]]) -> int:
    """How many fields a structure has: after its name comes how long a field's name is, then the names."""
    if len(held) < 5 or len(held[3][1]) != 4:
        raise Damaged("has a structure without names of fields")
    (length,) = struct.unpack("<i", held[3][1])
    return len(held[4][1]) // length if length > 0 else 0
