"""Checkpoints of TensorFlow (tensor bundles of version 2): an index, and beside it one file of the weights' bytes.

The index is a table as LevelDB writes it (https://github.com/google/leveldb/blob/main/doc/table_format.md): blocks of sorted
names, each name without what it shares with the one before; its values are BundleEntryProto messages.
"""

import math
import struct
from pathlib import Path

import numpy as np

from workshop.convert.readers import Damaged, Weights
from workshop.convert.readers.tensorflow_messages import NUMBERS, TENSORFLOW, sides
from workshop.convert.source import LARGEST

INDEX = 16 << 20  # bytes of an index
ENTRIES = 100_000
NAME = 1_000  # bytes of a name
MAGIC = struct.pack("<Q", 0xDB4775248B80FB57)
FOOTER, TRAILER = 48, 5  # bytes: the end of a table; after a block its kind of compression and a checksum


def read(paths: list[Path]) -> Weights:
    """The floating tensors of [index, data] by their names, in TensorFlow's layout (kernels: height, width, in, out)."""
    index, data = paths
    for path, most in ((index, INDEX), (data, LARGEST)):
        if path.stat().st_size > most:
            raise Damaged(f"{path.name} has {path.stat().st_size:,} bytes; {most:,} are taken")
    held = entries(index.read_bytes(), index.name)
    header = TENSORFLOW.parsed("BundleHeaderProto", held.pop(b"", b""), index.name)
    if header.num_shards != 1 or header.endianness:
        raise Damaged(f"{index.name} is not the index of one file of little-endian numbers")
    values, taken, weights = data.read_bytes(), 0, {}
    for name, value in held.items():
        label = name.decode("utf-8", "replace")
        entry = TENSORFLOW.parsed("BundleEntryProto", value, index.name)
        where = f"{index.name}: {label!r}"
        taken += entry.size
        if min(entry.offset, entry.size) < 0 or max(entry.offset + entry.size, taken) > len(values):
            raise Damaged(f"{where} claims {entry.size:,} bytes at {entry.offset:,}; {data.name} has {len(values):,}")
        kind = np.dtype(NUMBERS.get(entry.dtype, "V1"))
        if kind.kind != "f":
            continue
        shape = sides(entry.shape, where)
        if entry.slices or entry.shard_id or entry.size != math.prod(shape) * kind.itemsize:
            raise Damaged(f"{where} is not a whole tensor of shape {list(shape)}")
        weights[label] = np.frombuffer(values, kind, math.prod(shape), entry.offset).reshape(shape).astype(np.float32)
    if not weights:
        raise Damaged(f"{index.name} names no weights")
    return weights


def entries(table: bytes, name: str) -> dict[bytes, bytes]:
    """Every key of a table with its value: those of the blocks that its last block, the index of blocks, tells."""
    if len(table) < FOOTER or not table.endswith(MAGIC):
        raise Damaged(f"{name} is not the index of a TensorFlow checkpoint")
    try:
        footer = table[-FOOTER:]
        start = handle(footer, handle(footer, 0)[2])  # the first is of the block that tells of filters
        held = {}
        for _, value in pairs(block(table, *start[:2])):
            for key, told in pairs(block(table, *handle(value, 0)[:2])):
                if key in held or len(key) > NAME or len(held) > ENTRIES:
                    raise ValueError("a name twice, or too long, or too many of them")
                held[key] = told
        return held
    except (ValueError, IndexError, struct.error) as cause:
        raise Damaged(f"{name} is a damaged index: {cause}") from None


def handle(data: bytes, at: int) -> tuple[int, int, int]:
    """(offset, size) of a block, and where the next thing is."""
    offset, at = varint(data, at)
    size, at = varint(data, at)
    return offset, size, at


def block(table: bytes, offset: int, size: int) -> bytes:
    """The bytes of a block without its trailer."""
    if offset + size + TRAILER > len(table) - FOOTER:
        raise ValueError(f"a block of {size} bytes at {offset}")
    if table[offset + size]:
        raise ValueError("its blocks are compressed, which TensorFlow's are not")
    return table[offset : offset + size]


def pairs(data: bytes):
    """(key, value) of a block: counts of shared, own and value bytes, then those bytes; at its end the places to begin at."""
    (restarts,) = struct.unpack_from("<I", data, max(0, len(data) - 4))
    end, at, key = len(data) - 4 - 4 * restarts, 0, b""
    if end < 0:
        raise ValueError(f"a block of {restarts} places to begin at")
    while at < end:
        shared, at = varint(data, at)
        own, at = varint(data, at)
        size, at = varint(data, at)
        if shared > len(key) or own > NAME or at + own + size > end:
            raise ValueError("a name or value that goes beyond its block")
        key = key[:shared] + data[at : at + own]
        yield key, data[at + own : at + own + size]
        at += own + size


def varint(data: bytes, at: int) -> tuple[int, int]:
    """A whole number in 7 bits a byte, the low ones first, and where the next thing is."""
    value = 0
    for place in range(10):
        byte = data[at + place]
        value |= (byte & 127) << 7 * place
        if byte < 128:
            return value, at + place + 1
    raise ValueError("a number without an end")
