"""The reader of MATLAB's files, beside `files/matlab-tiny.npz`: random numbers that SciPy wrote, compressed, as a variable and as a
cell of a structure."""

import struct
import zlib
from pathlib import Path

import numpy as np
import pytest

from workshop.convert.readers import Damaged, matlab

FILES = Path(__file__).parent / "files"
TINY = FILES / "matlab-tiny.mat"
KNOWN = dict(np.load(FILES / "matlab-tiny.npz"))
HEADER = b"MATLAB 5.0 MAT-file".ljust(124) + b"\x00\x01IM"
CELL, STRUCT, CHARACTERS, FLOAT = 1, 2, 4, 7


def part(kind: int, data: bytes) -> bytes:
    return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)


def matrix(kind: int, sides: tuple[int, ...], content: bytes, name: bytes = b"a") -> bytes:
    """A matrix of a class: flags, sides, name, then its parts."""
    told = part(6, struct.pack("<II", kind, 0)) + part(5, struct.pack(f"<{len(sides)}i", *sides)) + part(1, name)
    return part(14, told + content)


def refused(folder: Path, variables: bytes, why: str) -> None:
    path = folder / "wrong.mat"
    path.write_bytes(HEADER + variables)
    with pytest.raises(Damaged, match=f"^wrong.mat {why}"):
        matlab.read([path])


def floats(*sides: int) -> bytes:
    return matrix(FLOAT, sides, part(7, bytes(4 * int(np.prod(sides)))))


# proves: D02
def test_variables_structures_and_cells():
    weights = matlab.read([TINY])
    assert weights.keys() == KNOWN.keys()
    for name, value in weights.items():
        assert value.dtype == KNOWN[name].dtype
        assert value.flags.c_contiguous
        np.testing.assert_array_equal(value, KNOWN[name])


# proves: D02
def test_several_files():
    names = {f"{place}.{name}" for place in (0, 1) for name in KNOWN}
    assert matlab.read([TINY, TINY]).keys() == names


def test_what_is_made_here_is_read(tmp_path):
    """So that what is refused below is refused for its own fault."""
    path = tmp_path / "right.mat"
    path.write_bytes(HEADER + floats(2, 3) + matrix(CELL, (1, 1), floats(4, 1), b"c"))
    assert {name: value.shape for name, value in matlab.read([path]).items()} == {"a": (2, 3), "c.0": (4, 1)}


@pytest.mark.parametrize("left", [60, 128, 200, 500])
def test_a_truncated_file(tmp_path, left):
    path = tmp_path / "short.mat"
    path.write_bytes(TINY.read_bytes()[:left])
    with pytest.raises(Damaged, match="^short.mat "):
        matlab.read([path])


def test_what_unpacks_to_more_than_is_taken(tmp_path, monkeypatch):
    monkeypatch.setattr(matlab, "LARGEST", 1 << 16)
    packed = zlib.compress(floats(100, 100))
    half = struct.pack("<II", 15, len(packed)) + packed
    refused(tmp_path, half + half, "unpacks to more than 65536 bytes")


def test_a_claim_of_many_sides(tmp_path):
    wrong = matrix(FLOAT, (1 << 20, 1 << 20), part(7, bytes(16)))
    refused(tmp_path, wrong, r"has a variable that claims the sides \[1048576, 1048576\] in \d+ bytes")
    refused(tmp_path, matrix(CELL, (1 << 30, 1), b""), r"has a variable that claims the sides \[1073741824, 1\]")
    refused(tmp_path, matrix(CELL, (1, 1), wrong), r"has a variable that claims the sides \[1048576, 1048576\]")


def test_a_claim_of_many_cells(tmp_path):
    refused(tmp_path, matrix(CELL, (50, 1), floats(1, 1)), "has 1 cells in a variable that claims more or fewer")
    names = part(5, struct.pack("<i", 1)) + part(1, b"abcdefghijklmnop")
    refused(tmp_path, matrix(STRUCT, (50, 1), names), "has 0 cells in a variable that claims more or fewer")
    refused(tmp_path, matrix(STRUCT, (1, 1), b""), "has a structure without names of fields")


def test_a_part_longer_than_its_parent(tmp_path):
    refused(tmp_path, struct.pack("<II", 14, 3 << 30), "has a part that claims 3221225472 bytes where 0 are")


@pytest.mark.parametrize(
    ("kind", "what"), [(3, "an object"), (5, "a sparse matrix"), (16, "a function"), (17, "an object")]
)
def test_what_is_no_plain_variable(tmp_path, kind, what):
    wrong = matrix(kind, (1, 1), part(1, b"system"))
    refused(tmp_path, wrong, f"holds {what}, which is not read")
    packed = zlib.compress(matrix(CELL, (1, 1), wrong))
    refused(tmp_path, struct.pack("<II", 15, len(packed)) + packed, f"holds {what}, which is not read")


def test_cells_in_cells(tmp_path):
    deep = floats(1, 1)
    for _ in range(100):
        deep = matrix(CELL, (1, 1), deep)
    refused(tmp_path, deep, "has more than 16 levels of cells")


def test_no_numbers(tmp_path):
    refused(tmp_path, matrix(CHARACTERS, (1, 2), part(4, b"a\0b\0")), "holds no numbers")


def test_another_format(tmp_path):
    path = tmp_path / "other.mat"
    path.write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(200))
    with pytest.raises(Damaged, match="other.mat is not a MATLAB file of version 5"):
        matlab.read([path])
