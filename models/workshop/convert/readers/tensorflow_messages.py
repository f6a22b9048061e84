"""TensorFlow's messages, as far as they are read here: the field numbers of its graph.proto, node_def.proto, attr_value.proto,
tensor.proto, tensor_shape.proto and tensor_bundle.proto.

What is not declared is skipped by protobuf's parser, which also bounds how deep messages lie in each other.
"""

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from workshop.convert.readers import Damaged

# NumPy's names of the types of numbers (types.proto) that weights have.
NUMBERS = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}

# Message: {field: (number, type)}; `*` is repeated. Enumerations are int32 on the wire; a map is a list of entries.
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


def declared() -> dict[str, type[message.Message]]:
    """The classes of all messages, in a pool of their own."""
    field = descriptor_pb2.FieldDescriptorProto
    file = descriptor_pb2.FileDescriptorProto(name="tensorflow.proto", package="tensorflow", syntax="proto3")
    for name, fields in MESSAGES.items():
        made = file.message_type.add(name=name)
        for label, (number, kind) in fields.items():
            plain = kind.removeprefix("*")
            many = field.LABEL_REPEATED if kind != plain else field.LABEL_OPTIONAL
            added = made.field.add(name=label, number=number, label=many)
            if plain in MESSAGES:
                added.type, added.type_name = field.TYPE_MESSAGE, f".tensorflow.{plain}"
            else:
                added.type = getattr(field, f"TYPE_{plain.upper()}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"tensorflow.{name}")) for name in MESSAGES
    }


CLASSES = declared()


def parsed(kind: str, data: bytes, name: str) -> message.Message:
    """A message of the kind out of its bytes; `name`: of the file, for what is said when they are none."""
    try:
        return CLASSES[kind].FromString(data)
    except message.DecodeError:
        raise Damaged(f"{name} holds no TensorFlow {kind}, or only a part of one") from None


def sides(shape: message.Message, name: str) -> tuple[int, ...]:
    """The sides that a TensorShapeProto tells, none negative and few; their product is for the caller to hold against the data."""
    given = tuple(dim.size for dim in shape.dim)
    if shape.unknown_rank or len(given) > 8 or any(side < 0 for side in given):
        raise Damaged(f"{name} holds weights without a shape")
    return given
