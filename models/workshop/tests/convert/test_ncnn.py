"""The reader of ncnn files and the network that runs their graphs, beside what ncnn itself answered.

`files/ncnn-tiny.param` and `.bin` are random; `ncnn-tiny.npz` is what ncnn 1.0.20261020 gave for `given()`.
"""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from workshop.convert.ncnn_graph import NcnnGraph
from workshop.convert.readers import Damaged, ncnn

FILES = Path(__file__).parent / "files"
PAIR = FILES / "ncnn-tiny.param", FILES / "ncnn-tiny.bin"
OUTPUTS = "shown", "scores"


def given() -> torch.Tensor:
    """A picture by arithmetic, [1,3,10,12] in 0..1."""
    return (torch.arange(3 * 10 * 12) * 37 % 101 / 100).reshape(1, 3, 10, 12)


# proves: D03
def test_a_graph_answers_as_ncnn_does():
    network = NcnnGraph(ncnn.read(list(PAIR)), OUTPUTS).eval()
    with torch.no_grad():
        answers = network(given())
    expected = np.load(FILES / "ncnn-tiny.npz")
    for name, answer in zip(OUTPUTS, answers, strict=True):
        np.testing.assert_allclose(answer[0].numpy(), expected[name], atol=1e-5)


def test_two_pictures_are_answered_as_each_alone():
    network = NcnnGraph(ncnn.read(list(PAIR)), OUTPUTS).eval()
    both = torch.cat([given(), 1 - given()])
    with torch.no_grad():
        together, alone = network(both), [network(one[None]) for one in both]
    for at in range(2):
        torch.testing.assert_close(together[at], torch.cat([one[at] for one in alone]))


def test_every_kind_that_is_read_is_in_the_graph_that_was_run():
    assert {layer.kind for layer in ncnn.read(list(PAIR)).layers} == ncnn.KINDS.keys()


def copies(folder: Path, param: bytes | None = None, weights: bytes | None = None) -> list[Path]:
    """The pair with other content."""
    paths = [folder / path.name for path in PAIR]
    for path, data, original in zip(paths, (param, weights), PAIR, strict=True):
        path.write_bytes(original.read_bytes() if data is None else data)
    return paths


# proves: D04
@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (b"7767517", b"7767518", "first line"),
        (b"24 27", b"999999999 27", "has 24"),
        (b"6=216", b"6=999999999", "ends too early"),
        (b"6=216", b"6=-8", "ends too early"),
        (b"6=216", b"6=215", "make no sense"),
        (b"6=216", b"6=1e99", "ends too early"),
        (b"6=216", b"6=nan", "is no number"),
        (b"Sigmoid sigmoid 1 1", b"Sigmoid sigmoid 1 999999999", "fewer names"),
        (b"Sigmoid sigmoid 1 1 cropped", b"Sigmoid sigmoid 1 1 nothing", "'nothing', which no line before makes"),
        (b"Sigmoid", b"Exec", "kind 'Exec' is not known"),
        (b"-23300=2,4,-233", b"-23300=999999999,4,-233", "a list of 999999999 has 2 values"),
        (b"0=8 1=3 4=1", b"0=8 1=3 18=7 4=1", "setting 18"),
    ],
)
def test_a_wrong_graph_is_refused_by_name(tmp_path, old, new, told):
    original = PAIR[0].read_bytes()
    assert old in original
    with pytest.raises(Damaged, match=told) as refused:
        ncnn.read(copies(tmp_path, original.replace(old, new, 1)))
    assert "ncnn-tiny" in str(refused.value)


# proves: D04
def test_wrong_weights_are_refused_by_name(tmp_path):
    original = PAIR[1].read_bytes()
    tag = struct.pack("<I", ncnn.HALVES)
    for data, told in (
        (original[:-1], "ends too early"),
        (original + b"\0\0\0\0", "4 bytes are left over"),
        (original.replace(tag, b"\x01\x02\x03\x04", 1), "tag 0x04030201"),
        (b"", "ends too early"),
    ):
        with pytest.raises(Damaged, match=told) as refused:
            ncnn.read(copies(tmp_path, weights=data))
        assert "ncnn-tiny.bin" in str(refused.value)


def test_half_a_pair_is_refused():
    with pytest.raises(Damaged, match="one .param and one .bin"):
        ncnn.read([PAIR[0]])


def test_an_output_that_the_graph_lacks_is_told():
    with pytest.raises(Damaged, match="makes no 'boxes'"):
        NcnnGraph(ncnn.read(list(PAIR)), ("boxes",))
