"""PyTorch files, both layouts (the zip of version 1.6 and later, the five pickles of before).

PyTorch's own reader with `weights_only`: its unpickler knows tensors, numbers, strings, lists and dictionaries, and calls
nothing else that a file names. It trusts sizes, though, and a deep pickle ends the process: what it is given is bounded first.
"""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import torch

from workshop.convert.readers import Damaged, Weights, pickles
from workshop.convert.source import LARGEST

MEMBERS = 10_000  # of a zip
MEMBER = re.compile(
    r"[^./\\][^/\\]*/(data\.pkl|data/[0-9]+|version|byteorder|\.format_version|\.storage_alignment|\.data/serialization_id)"
)
MAGIC = 0x1950A86A20F9469CFC6C.to_bytes(10, "little")  # the first of the five pickles
SHARED = 4  # tensors may share storage, so that they are together larger than the file: so many times at most
UNDER = ("state_dict", "model_state_dict", "params", "model")  # where the weights lie beside the state of a training


def read(paths: list[Path]) -> Weights:
    """The state dictionary of a file; of several files, each name with the number of its file before it: `0.conv1.weight`."""
    if len(paths) == 1:
        return read_one(paths[0])
    return {f"{at}.{name}": value for at, path in enumerate(paths) for name, value in read_one(path).items()}


def read_one(path: Path) -> Weights:
    """The state dictionary of one file, without `module.` before its names."""
    if not path.is_file() or path.stat().st_size > LARGEST:
        raise Damaged(f"{path.name} is no file of at most {LARGEST:,} bytes")
    data = path.read_bytes()
    plain = unzipped(data, path.name) if data.startswith(b"PK\x03\x04") else five_pickles(data, path.name)
    try:
        held = torch.load(io.BytesIO(plain), map_location="cpu", weights_only=True)
    except Exception as cause:  # the unpickler fails in many ways: the file is what is wrong
        raise Damaged(f"{path.name} is not a PyTorch file of plain weights: {first_line(cause)}") from cause
    for name in UNDER:
        if isinstance(held, dict) and isinstance(held.get(name), dict):
            held = held[name]
    if not isinstance(held, dict):
        raise Damaged(f"{path.name} holds no dictionary of weights")
    tensors = {n: v.detach() for n, v in held.items() if isinstance(n, str) and isinstance(v, torch.Tensor)}
    if not tensors:
        raise Damaged(f"{path.name} holds no weights")
    if (size := sum(value.nbytes for value in tensors.values())) > SHARED * len(data):
        raise Damaged(f"{path.name} claims {size:,} bytes of weights in {len(data):,}")
    return {name.removeprefix("module."): np.ascontiguousarray(value.numpy()) for name, value in tensors.items()}


def unzipped(data: bytes, name: str) -> bytes:
    """The zip layout, looked at and packed anew: PyTorch's own reader of zips sees nothing that was not checked."""
    if data.count(b"PK\x01\x02") > MEMBERS:
        raise Damaged(f"{name} is a zip of more than {MEMBERS:,} members")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as given:
            members = given.infolist()
            check(members, len(data), name)
            held = {member.filename: given.read(member) for member in members}  # checks each one's CRC
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, ValueError) as cause:
        raise Damaged(f"{name} is a damaged zip: {first_line(cause)}") from None
    pickle = next((value for member, value in held.items() if member.endswith("/data.pkl")), None)
    if pickle is None:
        raise Damaged(f"{name} is a zip without data.pkl")
    if len(pickle) > pickles.LARGEST:
        raise Damaged(f"{name} has a data.pkl of {len(pickle):,} bytes; {pickles.LARGEST:,} are taken")
    pickles.look(pickle, len(data), name)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as made:
        for member, value in held.items():
            made.writestr(member, value)
    return packed.getvalue()


def check(members: list[zipfile.ZipInfo], length: int, name: str) -> None:
    """Members as PyTorch names them, each once, in one folder, stored as they are, together no larger than the file."""
    for member in members:
        if not MEMBER.fullmatch(member.filename):
            raise Damaged(f"{name} has a member {member.filename[:80]!r}, which no PyTorch file has")
        if member.compress_type != zipfile.ZIP_STORED or member.file_size != member.compress_size:
            raise Damaged(f"{name} has a member that is compressed: {member.filename[:80]!r}")
    if len({member.filename for member in members}) < len(members):
        raise Damaged(f"{name} has two members of one name")
    if len({member.filename.partition("/")[0] for member in members}) > 1:
        raise Damaged(f"{name} has members in two folders")
    if (claimed := sum(member.file_size for member in members)) > length:
        raise Damaged(f"{name} claims {claimed:,} bytes in {length:,}")


def five_pickles(data: bytes, name: str) -> bytes:
    """The old layout, looked at; the storages behind the pickles are held against these by PyTorch."""
    if MAGIC not in data[:32]:
        raise Damaged(f"{name} is not a PyTorch file")
    start = 0
    for _ in range(5):
        start += pickles.look(data[start : start + pickles.LARGEST], len(data), name)
    return data


def first_line(cause: Exception) -> str:
    """What an exception says, short."""
    return str(cause).strip().split("\n")[0][:200]
