"""Caffe's `.caffemodel`: the weights in a NetParameter message, of the layers of today (field 100) or of before (field 2).

Of the messages only what weights need is declared here; the rest of a file is skipped. A layer's one or two blobs are called
`name.weight` and `name.bias`, three and more (those of a BatchNorm) `name.0`, `name.1`, ...
"""

from math import prod
from pathlib import Path

import numpy as np
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from workshop.convert.readers import Damaged, Weights

# Message -> (field, its number, its type, whether there are many).
MESSAGES = {
    "Shape": (("dim", 1, "int64", True),),
    "Blob": (
        # The sides of a file of before: count, channels, height, width.
        ("num", 1, "int32", False),
        ("channels", 2, "int32", False),
        ("height", 3, "int32", False),
        ("width", 4, "int32", False),
        ("data", 5, "float", True),
        ("shape", 7, "Shape", False),
        ("double_data", 8, "double", True),
    ),
    "Layer": (("name", 1, "string", False), ("blobs", 7, "Blob", True)),
    "OldLayer": (("name", 4, "string", False), ("blobs", 6, "Blob", True)),
    "Net": (("layers", 2, "OldLayer", True), ("layer", 100, "Layer", True)),
}


def read(paths: list[Path]) -> Weights:
    """The blobs of one file, float32, outputs before inputs as in ONNX."""
    (path,) = paths
    net = declared()()
    try:
        net.ParseFromString(path.read_bytes())
    except message.DecodeError as cause:
        raise Damaged(f"{path.name} is not a Caffe model: {cause}") from cause
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


def declared() -> type[message.Message]:
    """The class of NetParameter, made of the table above."""
    file = descriptor_pb2.FileDescriptorProto(name="caffe.proto", package="caffe", syntax="proto2")
    for name, fields in MESSAGES.items():
        made = file.message_type.add(name=name)
        for field, number, kind, many in fields:
            given = made.field.add(name=field, number=number)
            given.label = given.LABEL_REPEATED if many else given.LABEL_OPTIONAL
            if kind in MESSAGES:
                given.type, given.type_name = given.TYPE_MESSAGE, f".caffe.{kind}"
            else:
                given.type = getattr(given, f"TYPE_{kind.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("caffe.Net"))
