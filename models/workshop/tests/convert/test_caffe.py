"""The reader of Caffe's files, beside `files/caffe-tiny.npz`.

The two files were written byte by byte, without the reader's messages: a convolution and a batch norm in layers of today, the same
convolution in a layer of before.
"""

from pathlib import Path

import numpy as np
import pytest

from workshop.convert.readers import Damaged, caffe

FILES = Path(__file__).parent / "files"
TINY, OLD = FILES / "caffe-tiny.caffemodel", FILES / "caffe-old-tiny.caffemodel"
KNOWN = dict(np.load(FILES / "caffe-tiny.npz"))


def field(number: int, data: bytes) -> bytes:
    """A part of a message, of fewer than 128 bytes."""
    tag = number << 3 | 2
    return (bytes([tag]) if tag < 128 else bytes([tag & 127 | 128, tag >> 7])) + bytes([len(data)]) + data


def layer(name: bytes, sides: bytes, values: bytes) -> bytes:
    """A layer of today with one blob; `sides`: each below 128, or already written as a long number."""
    return field(100, field(1, name) + field(7, field(5, values) + field(7, field(1, sides))))


def same(weights: dict, names: set[str]) -> None:
    assert weights.keys() == names
    for name, value in weights.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, KNOWN[name])


# proves: D02
def test_layers_of_today():
    same(caffe.read([TINY]), set(KNOWN))


# proves: D02
def test_layers_of_before():
    """Their biases have four sides, three of them 1."""
    same(caffe.read([OLD]), {"conv1.weight", "conv1.bias"})


@pytest.mark.parametrize("cut", [1, 200, 470])
def test_a_truncated_file(tmp_path, cut):
    short = tmp_path / "short.caffemodel"
    short.write_bytes(TINY.read_bytes()[:-cut])
    with pytest.raises(Damaged, match="short.caffemodel holds no Caffe NetParameter"):
        caffe.read([short])


def test_a_claim_of_ten_billion_values(tmp_path):
    wrong = tmp_path / "wrong.caffemodel"
    wrong.write_bytes(layer(b"conv1", b"\x80\xc8\xaf\xa0\x25", bytes(8)))
    with pytest.raises(Damaged, match=r"wrong.caffemodel: conv1.weight has 2 values for the shape \[10000000000\]"):
        caffe.read([wrong])


def test_a_negative_side(tmp_path):
    wrong = tmp_path / "wrong.caffemodel"
    minus_one = b"\xff" * 9 + b"\x01"
    wrong.write_bytes(layer(b"conv1", minus_one + minus_one, bytes(4)))
    with pytest.raises(Damaged, match=r"has 1 values for the shape \[-1, -1\]"):
        caffe.read([wrong])


def test_two_layers_of_one_name(tmp_path):
    wrong = tmp_path / "wrong.caffemodel"
    wrong.write_bytes(2 * layer(b"conv1", b"\x01", bytes(4)))
    with pytest.raises(Damaged, match="wrong.caffemodel has two layers 'conv1'"):
        caffe.read([wrong])


def test_no_weights(tmp_path):
    empty = tmp_path / "empty.caffemodel"
    empty.write_bytes(field(1, b"a net without layers"))
    with pytest.raises(Damaged, match="empty.caffemodel holds no weights"):
        caffe.read([empty])
