"""The reader of TensorFlow's checkpoints, on a table written here by LevelDB's description of its format.

`files/checkpoint-tiny.index` and `.data-00000-of-00001` are `checkpoint()` of random numbers.
"""

import struct
from pathlib import Path

import numpy as np
import pytest

from workshop.convert.readers import Damaged, tensorflow_checkpoint
from workshop.convert.readers.tensorflow_messages import TENSORFLOW

FILES = Path(__file__).parent / "files"
PAIR = [FILES / "checkpoint-tiny.index", FILES / "checkpoint-tiny.data-00000-of-00001"]
KINDS = {"<f4": 1, "<f8": 2, "<i8": 9, "<f2": 19}
HUGE = 10 << 30


def tensors() -> dict[str, np.ndarray]:
    """Names that begin alike, of several types; enough for several blocks."""
    random = np.random.default_rng(8)
    held = {f"conv_{n}/weights_{n}": random.random((3, 3, 2, 4), np.float32) for n in range(1, 30)}
    held |= {"conv_1/half": random.random(5).astype("<f2"), "conv_1/wide": random.random(5)}
    return held | {"beta1_power": np.float32(0.9), "global_step": np.int64(7)}


def varint(value: int) -> bytes:
    low = [value >> 7 * at & 127 for at in range(max(1, -(-value.bit_length() // 7)))]
    return bytes(part | 128 for part in low[:-1]) + bytes(low[-1:])


def block(pairs: list[tuple[bytes, bytes]]) -> bytes:
    """Each key without what it shares with the one before; every fourth whole, its place told at the end."""
    data, before, places = b"", b"", []
    for at, (key, value) in enumerate(pairs):
        if at % 4 == 0:
            places.append(len(data))
            before = b""
        shared = next(
            (n for n, (a, b) in enumerate(zip(key, before, strict=False)) if a != b), min(len(key), len(before))
        )
        data += varint(shared) + varint(len(key) - shared) + varint(len(value)) + key[shared:] + value
        before = key
    return data + struct.pack(f"<{len(places) + 1}I", *places, len(places))


def table(pairs: list[tuple[bytes, bytes]], a_block: int = 10, compression: int = 0) -> bytes:
    """Blocks of so many pairs, one that says nothing of filters, the index of the blocks, the footer."""
    data, told = b"", []
    parts = [pairs[at : at + a_block] for at in range(0, len(pairs), a_block)]
    for part in [*parts, []]:
        made = block(part)
        told.append((part[-1][0] if part else b"", varint(len(data)) + varint(len(made))))
        data += made + bytes([compression, 0, 0, 0, 0])
    last = block(told[:-1])
    footer = told[-1][1] + varint(len(data)) + varint(len(last))
    return data + last + bytes(5) + footer.ljust(40, b"\0") + tensorflow_checkpoint.MAGIC


def described(held: dict[str, np.ndarray], **odd) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """The index's pairs, and the data; `odd`: what every entry says instead."""
    data, pairs = b"", [(b"", TENSORFLOW.classes["BundleHeaderProto"](num_shards=1).SerializeToString())]
    for name, value in sorted(held.items()):
        told = {"dtype": KINDS[value.dtype.str], "offset": len(data), "size": value.nbytes} | odd
        shape = {"dim": [{"size": side} for side in told.pop("shape", value.shape)]}
        pairs.append((name.encode(), TENSORFLOW.classes["BundleEntryProto"](shape=shape, **told).SerializeToString()))
        data += value.tobytes()
    return pairs, data


def checkpoint(folder: Path, held: dict[str, np.ndarray], **odd) -> list[Path]:
    pairs, data = described(held, **odd)
    paths = [folder / "tiny.index", folder / "tiny.data-00000-of-00001"]
    paths[0].write_bytes(table(pairs))
    paths[1].write_bytes(data)
    return paths


# proves: D03
def test_reads_every_floating_tensor():
    held, expected = tensorflow_checkpoint.read(PAIR), tensors()
    assert held.keys() == expected.keys() - {"global_step"}
    for name, value in held.items():
        assert value.dtype == np.float32
        np.testing.assert_array_equal(value, expected[name].astype(np.float32))


ONE = {"w": np.ones((2, 3), np.float32)}


@pytest.mark.parametrize(
    "odd, reason",
    [
        ({"size": 20}, "is not a whole tensor"),
        ({"shape": (HUGE,)}, "is not a whole tensor"),
        ({"size": HUGE, "shape": (HUGE // 4,)}, r"claims 10,737,418,240 bytes at 0; tiny\.data.* has 24"),
        ({"offset": 1}, "claims 24 bytes at 1"),
        ({"offset": -24}, "claims 24 bytes at -24"),
        ({"shape": (-2, -3)}, "without a shape"),
        ({"shard_id": 1}, "is not a whole tensor"),
        ({"slices": [b"x"]}, "is not a whole tensor"),
    ],
)
def test_an_entry_that_its_data_does_not_bear_out_is_refused(tmp_path, odd, reason):
    with pytest.raises(Damaged, match=rf"tiny\.index: 'w' .*{reason}|tiny\.index: 'w' {reason}"):
        tensorflow_checkpoint.read(checkpoint(tmp_path, ONE, **odd))


def test_the_same_bytes_under_many_names_are_refused(tmp_path):
    paths = checkpoint(tmp_path, {f"w{n}": ONE["w"] for n in range(9)}, offset=0)
    paths[1].write_bytes(ONE["w"].tobytes())
    with pytest.raises(Damaged, match="claims 24 bytes at 0"):
        tensorflow_checkpoint.read(paths)


def odd_tables() -> dict[str, bytes]:
    pairs, _ = described(ONE)
    whole = table(pairs)
    first = whole[: len(block(pairs))]
    return {
        "is not the index": whole[:-1],
        "compressed": table(pairs, compression=1),
        "a name twice": table(pairs + pairs[1:]),
        "a name twice, or too long": table([*pairs, (b"x" * 999, b""), (b"x" * 1_001, b""), (b"y", b"")]),
        "places to begin at": whole.replace(first[-4:] + bytes(5), struct.pack("<I", 1 << 31) + bytes(5), 1),
        "a block of": whole[:-48] + (varint(0) + varint(0) + varint(HUGE) + varint(HUGE)).ljust(40, b"\0") + whole[-8:],
        "a number without an end": whole[:-48] + b"\xff" * 40 + whole[-8:],
        "goes beyond its block": varint(0) + varint(0) + varint(120) + whole[3:],
    }


@pytest.mark.parametrize("reason", odd_tables())
def test_an_odd_index_is_refused(tmp_path, reason):
    paths = checkpoint(tmp_path, ONE)
    paths[0].write_bytes(odd_tables()[reason])
    with pytest.raises(Damaged, match=rf"tiny\.index .*{reason}|tiny\.index {reason}"):
        tensorflow_checkpoint.read(paths)


def test_a_part_of_either_file_is_refused(tmp_path):
    for at, path in enumerate(PAIR):
        whole = path.read_bytes()
        for length in (0, 30, len(whole) // 2, len(whole) - 1):
            part = tmp_path / path.name
            part.write_bytes(whole[:length])
            with pytest.raises(Damaged, match="checkpoint-tiny"):
                tensorflow_checkpoint.read([part, PAIR[1]] if at == 0 else [PAIR[0], part])
