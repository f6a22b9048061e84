"""The reader of PyTorch files: both layouts as PyTorch writes them, and what a hostile file would have it do.

`files/torch-zip.pth` and `files/torch-legacy.pth` hold `given()`, written by PyTorch.
"""

import io
import os
import pickle
import pickletools
import struct
import time
import warnings
import zipfile
from collections import OrderedDict
from pathlib import Path

import numpy as np
import pytest
import torch

from workshop.convert import convert, source
from workshop.convert.readers import Damaged
from workshop.convert.readers import torch as reader
from workshop.tests.convert import made

FILES = Path(__file__).parent / "files"
LAYOUTS = ("zip", "legacy")
HUGE = 10 << 30


def given() -> OrderedDict:
    """Random weights as a training on several processors leaves them."""
    random = np.random.default_rng(5)
    shapes = {"module.first.weight": (4, 3, 3, 3), "module.first.bias": (4,), "module.last.weight": (2, 4)}
    return OrderedDict((name, torch.from_numpy(random.random(shape, np.float32))) for name, shape in shapes.items())


def saved(held, layout: str) -> bytes:
    stream = io.BytesIO()
    torch.save(held, stream, _use_new_zipfile_serialization=layout == "zip")
    return stream.getvalue()


def zipped(pickled: bytes, *others: tuple[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """A zip with such a data.pkl."""
    stream = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(stream, "w", compression) as archive:
        warnings.simplefilter("ignore")  # of names that are there twice
        for name, data in (("archive/data.pkl", pickled), ("archive/version", b"3\n"), *others):
            archive.writestr(name, data)
    return stream.getvalue()


def laid_out(pickled: bytes, layout: str) -> bytes:
    """A file of either layout around a pickle of one's own."""
    if layout == "zip":
        return zipped(pickled)
    plain, start = saved({}, "legacy"), 0
    ends = []
    for _ in range(4):
        stream = io.BytesIO(plain[start:])
        list(pickletools.genops(stream))
        start += stream.tell()
        ends.append(start)
    return plain[: ends[2]] + pickled + plain[ends[3] :]


def refused(tmp_path, monkeypatch, data: bytes, reason: str) -> None:
    """By name, quickly, and before PyTorch sees any of it."""
    path = tmp_path / "hostile.pth"
    path.write_bytes(data)
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("PyTorch was given the file"))
    begun = time.monotonic()
    with pytest.raises(Damaged, match=reason) as told:
        reader.read([path])
    assert "hostile.pth" in str(told.value)
    assert time.monotonic() - begun < 10


# proves: D03
@pytest.mark.parametrize("layout", LAYOUTS)
def test_reads_what_pytorch_wrote(layout):
    held = reader.read([FILES / f"torch-{layout}.pth"])
    assert held.keys() == {"first.weight", "first.bias", "last.weight"}
    for name, value in given().items():
        np.testing.assert_array_equal(held[name.removeprefix("module.")], value.numpy())


@pytest.mark.parametrize("layout", LAYOUTS)
def test_finds_the_weights_beside_the_state_of_a_training(tmp_path, layout):
    layer = torch.nn.Linear(3, 2)
    adam = torch.optim.Adam(layer.parameters())
    layer(torch.ones(1, 3)).sum().backward()
    adam.step()
    path = tmp_path / "checkpoint.pth"
    whole = {"epoch": 3, "model_state_dict": layer.state_dict(), "optimizer": adam.state_dict(), "loss": 0.5}
    path.write_bytes(saved(whole, layout))
    held = reader.read([path])
    assert held.keys() == {"weight", "bias"}
    np.testing.assert_array_equal(held["weight"], layer.weight.detach().numpy())


class Runs:
    """Leaves a file behind when a careless reader unpickles it."""

    def __init__(self, target: Path):
        self.target = target

    def __reduce__(self):
        return os.system, (f"touch {self.target}",)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_pickle_that_would_run_something_is_refused(tmp_path, monkeypatch, layout):
    target = tmp_path / "run"
    pickled = pickle.dumps({"weight": Runs(target)}, protocol=2)
    refused(tmp_path, monkeypatch, laid_out(pickled, layout), r"names 'posix\.system'")
    assert not target.exists()
    pickle.loads(pickled)
    assert target.exists()  # it would have


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_name_made_while_unpickling_is_refused(tmp_path, monkeypatch, layout):
    pickled = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x02ls\x85R."
    refused(tmp_path, monkeypatch, laid_out(pickled, layout), "says SHORT_BINUNICODE")


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("opening, closing", [(b"]", b"a"), (b"", b"\x85"), (b"(", b"t")])
def test_values_deep_in_one_another_are_refused(tmp_path, monkeypatch, layout, opening, closing):
    """As a key of a dictionary, a tuple so deep would end the process: Python's hash has no bound."""
    pickled = b"\x80\x02}" + opening * 200_000 + b")" + closing * 200_000 + b"K\x01s."
    refused(tmp_path, monkeypatch, laid_out(pickled, layout), "deep in one another")


def test_a_dictionary_that_holds_itself_is_refused(tmp_path):
    path = tmp_path / "hostile.pth"
    path.write_bytes(zipped(b"\x80\x02}q\x00X\x05\x00\x00\x00modelh\x00s."))
    with pytest.raises(Damaged, match=r"hostile\.pth holds no weights"):
        reader.read([path])


def storage(numbers: int, layout: str) -> bytes:
    """The pickle of {"w": a tensor of so many numbers}."""
    view = b"N" if layout == "legacy" else b""
    size = b"\x8a\x08" + struct.pack("<q", numbers)
    told = (
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpu" + size + view + b"tQ"
    )
    tensor = (
        b"ctorch._utils\n_rebuild_tensor_v2\n("
        + told
        + b"K\x00"
        + size
        + b"\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR"
    )
    return b"\x80\x02}X\x01\x00\x00\x00w" + tensor + b"s."


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_claim_of_ten_gigabytes_is_refused(tmp_path, monkeypatch, layout):
    refused(tmp_path, monkeypatch, laid_out(storage(HUGE, layout), layout), "claims 10,737,418,240 numbers")


def test_many_claims_are_refused_as_one(tmp_path, monkeypatch):
    one = storage(4_000, "zip")[3:-2]
    refused(tmp_path, monkeypatch, zipped(b"\x80\x02}(" + one * 100 + b"u."), "claims .* numbers in")


@pytest.mark.parametrize("size", [b"h\x00", b"X\x01\x00\x00\x001", b"N"])
def test_a_storage_whose_size_stands_elsewhere_is_refused(tmp_path, monkeypatch, size):
    hidden = storage(7, "zip").replace(b"\x8a\x08" + struct.pack("<q", 7) + b"tQ", size + b"tQ")
    refused(tmp_path, monkeypatch, zipped(hidden), "no whole pickle")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_tensor_larger_than_its_storage_is_refused(tmp_path, layout):
    """One number repeated ten thousand million times by a stride of 0."""
    path = tmp_path / "hostile.pth"
    path.write_bytes(saved({"w": torch.ones(1).expand(HUGE)}, layout))
    with pytest.raises(Damaged, match=r"hostile\.pth claims 42,949,672,960 bytes of weights"):
        reader.read([path])


PLAIN = b"\x80\x02}."
ODD_ZIPS = {
    "compressed": zipped(PLAIN + bytes(1_000), compression=zipfile.ZIP_DEFLATED),
    "has a member '../data/0'": zipped(PLAIN, ("../data/0", b"")),
    "has a member '/etc/data/0'": zipped(PLAIN, ("/etc/data/0", b"")),
    "has a member 'archive/constants.pkl'": zipped(PLAIN, ("archive/constants.pkl", PLAIN)),
    "two members of one name": zipped(PLAIN, ("archive/data/0", b"1"), ("archive/data/0", b"2")),
    "in two folders": zipped(PLAIN, ("other/data/0", b"1")),
    "is a zip without data.pkl": zipped(PLAIN).replace(b"archive/data.pkl", b"archive/data/000"),
    "more than 10,000 members": zipped(PLAIN, *((f"archive/data/{n}", b"") for n in range(10_000))),
    "a data.pkl of": zipped(PLAIN + bytes(1 << 20)),
}


@pytest.mark.parametrize("reason", ODD_ZIPS)
def test_an_odd_zip_is_refused(tmp_path, monkeypatch, reason):
    refused(tmp_path, monkeypatch, ODD_ZIPS[reason], reason)


def test_members_that_lie_in_one_another_are_refused(tmp_path, monkeypatch):
    """A hundred names for the same bytes."""
    data = bytearray(
        zipped(PLAIN, ("archive/data/0", bytes(1_000)), *((f"archive/data/{n}", b"") for n in range(1, 9)))
    )
    first = next(m for m in zipfile.ZipFile(io.BytesIO(data)).infolist() if m.filename.endswith("/0"))
    entry = data.find(b"PK\x01\x02")
    while entry >= 0:
        if data[entry + 46 :].startswith(b"archive/data/"):
            data[entry + 16 : entry + 28] = struct.pack("<III", first.CRC, 1_000, 1_000)
            data[entry + 42 : entry + 46] = struct.pack("<I", first.header_offset)
        entry = data.find(b"PK\x01\x02", entry + 1)
    refused(tmp_path, monkeypatch, bytes(data), "claims 8,0.. bytes in|claims 9,0.. bytes in")


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_part_of_a_file_is_refused(tmp_path, layout):
    whole = (FILES / f"torch-{layout}.pth").read_bytes()
    path = tmp_path / "part.pth"
    for length in (0, 3, 40, len(whole) // 3, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(Damaged, match=r"part\.pth"):
            reader.read([path])


def test_a_wrong_byte_of_a_zip_is_refused(tmp_path):
    whole = bytearray((FILES / "torch-zip.pth").read_bytes())
    weights = given()["module.first.weight"].numpy().tobytes()
    whole[whole.index(weights) + 10] ^= 1
    path = tmp_path / "wrong.pth"
    path.write_bytes(whole)
    with pytest.raises(Damaged, match=r"wrong\.pth is a damaged zip"):
        reader.read([path])


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_refused(tmp_path, odd):
    variant: source.Source = made.variant(tmp_path / "models", tmp_path)
    path = tmp_path / "dehaze" / "made-up.pth"
    held = torch.load(path, weights_only=True)
    held["e_conv2.bias"][1] = odd
    torch.save(held, path)
    with pytest.raises(Damaged, match="hold values that are no numbers"):
        convert.convert(variant, [path])
    assert not (variant.folder / "converted.onnx").exists()
