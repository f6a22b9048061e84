"""TensorFlow.js layers models: `model.json` tells names, shapes and types of weights that follow each other in its shards.

The layout is TensorFlow's (kernels: height, width, channels in, channels out).
"""

import json
import math
from pathlib import Path

import numpy as np

from workshop.convert.readers import Damaged, Weights

TOLD = 4 << 20  # bytes of a model.json


def read(paths: list[Path]) -> Weights:
    """One `.json` file and its shards, in the order that it tells (they may have other names than there)."""
    told = [path for path in paths if path.suffix == ".json"]
    if len(told) != 1:
        raise Damaged(f"of {', '.join(path.name for path in paths)} one file is the .json, not {len(told)}")
    (told,), shards = told, [path for path in paths if path.suffix != ".json"]
    entries = manifest(told, len(shards))
    wanted = sum(4 * math.prod(shape) for shape in entries.values())
    given = sum(path.stat().st_size for path in shards)
    if given != wanted:
        raise Damaged(f"{shards[0].name} and what follows have {given} bytes; {told.name} tells of {wanted}")
    data, weights, at = b"".join(path.read_bytes() for path in shards), {}, 0
    for name, shape in entries.items():
        weights[name] = np.frombuffer(data, "<f4", math.prod(shape), at).reshape(shape).astype(np.float32)
        at += 4 * math.prod(shape)
    return weights


def manifest(path: Path, count: int) -> dict[str, tuple[int, ...]]:
    """Name and shape of all weights of a model.json that has `count` shards."""
    if path.stat().st_size > TOLD:
        raise Damaged(f"{path.name} has {path.stat().st_size} bytes; at most {TOLD} are read")
    try:
        groups = json.loads(path.read_text())["weightsManifest"]
        shards = sum(len(group["paths"]) for group in groups)
        entries = [
            (weight["name"], weight["shape"], weight["dtype"], weight.get("quantization"))
            for group in groups
            for weight in group["weights"]
        ]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise Damaged(f"{path.name} is no model.json of TensorFlow.js: it has no whole weightsManifest") from None
    if shards != count or count == 0:
        raise Damaged(f"{path.name} tells of {shards} shards; {count} are here")
    weights = {}
    for name, shape, kind, packed in entries:
        if not isinstance(name, str) or name in weights:
            raise Damaged(f"{path.name} has weights with no name of their own: {name!r}")
        if kind != "float32" or packed is not None:
            raise Damaged(f"{path.name}: {name!r} is {kind}{', packed' * (packed is not None)}; only float32 is read")
        if not isinstance(shape, list) or len(shape) > 8 or not all(type(side) is int and side >= 0 for side in shape):
            raise Damaged(f"{path.name}: {name!r} has no shape, but {str(shape)[:80]}")
        weights[name] = tuple(shape)
    return weights
