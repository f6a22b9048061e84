"""Caffe's `.caffemodel`: the weights in a NetParameter message, of the layers of today (field 100) or of before (field 2).

Of the messages only what weights need is declared here; the rest of a file is skipped. A layer's one or two blobs are called
`name.weight` and `name.bias`, three and more (those of a BatchNorm) `name.0`, `name.1`, ...
"""

from math import prod
from pathlib import Path

import numpy as np

from workshop.convert.readers import Damaged, Weights
from workshop.convert.readers.messages import Messages

CAFFE = Messages(
    "Caffe",
    {
        "Shape": {"dim": (1, "*int64")},
        "Blob": {
            # The sides of a file of before: count, channels, height, width.
            "num": (1, "int32"),
            "channels": (2, "int32"),
            "height": (3, "int32"),
            "width": (4, "int32"),
            "data": (5, "*float"),
            "shape": (7, "Shape"),
            "double_data": (8, "*double"),
        },
        "Layer": {"name": (1, "string"), "blobs": (7, "*Blob")},
        "OldLayer": {"name": (4, "string"), "blobs": (6, "*Blob")},
        "NetParameter": {"layers": (2, "*OldLayer"), "layer": (100, "*Layer")},
    },
)


def read(paths: list[Path]) -> Weights:
    """The blobs of one file, float32, outputs before inputs as in ONNX."""
    (path,) = paths
    net = CAFFE.parsed("NetParameter", path.read_bytes(), path.name)
    weights: Weights = {}
    for layer in (*net.layer, *net.layers):
        count = len(layer.blobs)
        names = ("weight", "bias")[:count] if count <= 2 else range(count)
        for name, blob in zip(names, layer.blobs, strict=True):
            if f"{layer.name}.{name}" in weights:
                raise Damaged(f"{path.name} has two layers {layer.name!r}")
            weights[f"{layer.name}.{name}"] = array(blob, f"{path.name}: {layer.name}.{name}")
    if not weights:
        raise Damaged(f"{path.name} holds no weights")
    return weights


def array(blob, where: str) -> np.ndarray:
    """One blob in its shape; without the leading ones that a bias of an old file has."""
    values = np.array(blob.data or blob.double_data, np.float32)
    shape = tuple(blob.shape.dim)
    if not blob.HasField("shape"):
        shape = (blob.num, blob.channels, blob.height, blob.width)
        shape = shape[3:] if shape[:3] == (1, 1, 1) else shape
    if min(shape, default=1) < 0 or prod(shape) != len(values):
        raise Damaged(f"{where} has {len(values)} values for the shape {list(shape)}")
    return values.reshape(shape)
