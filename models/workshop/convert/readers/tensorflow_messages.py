"""TensorFlow's messages, as far as they are read here: the field numbers of its graph.proto, node_def.proto, attr_value.proto,
tensor.proto, tensor_shape.proto and tensor_bundle.proto."""

from google.protobuf import message

from workshop.convert.readers import Damaged
from workshop.convert.readers.messages import Messages

# NumPy's names of the types of numbers (types.proto) that weights have.
NUMBERS = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}

MESSAGES = {
    "TensorShapeProto": {"dim": (2, "*Dim"), "unknown_rank": (3, "bool")},
    "Dim": {"size": (1, "int64")},
    "TensorProto": {
        "dtype": (1, "int32"),
        "tensor_shape": (2, "TensorShapeProto"),
        "tensor_content": (4, "bytes"),
        "float_val": (5, "*float"),
        "double_val": (6, "*double"),
        "int_val": (7, "*int32"),
        "int64_val": (10, "*int64"),
        "half_val": (13, "*int32"),
    },
    "GraphDef": {"node": (1, "*NodeDef")},
    "NodeDef": {"name": (1, "string"), "op": (2, "string"), "input": (3, "*string"), "attr": (5, "*AttrEntry")},
    "AttrEntry": {"key": (1, "string"), "value": (2, "AttrValue")},
    "AttrValue": {"s": (2, "bytes"), "i": (3, "int64"), "type": (6, "int32"), "tensor": (8, "TensorProto")},
    "BundleHeaderProto": {"num_shards": (1, "int32"), "endianness": (2, "int32")},
    "BundleEntryProto": {
        "dtype": (1, "int32"),
        "shape": (2, "TensorShapeProto"),
        "shard_id": (3, "int32"),
        "offset": (4, "int64"),
        "size": (5, "int64"),
        "crc32c": (6, "fixed32"),
        "slices": (7, "*bytes"),  # only whether there are any
    },
}


TENSORFLOW = Messages("TensorFlow", MESSAGES)


def sides(shape: message.Message, name: str) -> tuple[int, ...]:
    """The sides that a TensorShapeProto tells, none negative and few; their product is for the caller to hold against the data."""
    given = tuple(dim.size for dim in shape.dim)
    if shape.unknown_rank or len(given) > 8 or any(side < 0 for side in given):
        raise Damaged(f"{name} holds weights without a shape")
    return given
