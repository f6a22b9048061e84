"""Messages of protobuf declared in code, as far as they are read: what is not declared is skipped by protobuf's parser, which also
bounds how deep messages lie in each other."""

from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from workshop.convert.readers import Damaged

Fields = dict[str, tuple[int, str]]  # name: (number, type); `*` before a type is repeated


class Messages:
    """The messages of one format, in a pool of their own."""

    def __init__(self, format: str, told: dict[str, Fields]):
        """`format`: as it is called to people. Enumerations are int32 on the wire; a map is a list of entries."""
        self.format = format
        field, package = descriptor_pb2.FieldDescriptorProto, format.lower()
        file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
        for name, fields in told.items():
            made = file.message_type.add(name=name)
            for label, (number, kind) in fields.items():
                plain = kind.removeprefix("*")
                many = field.LABEL_REPEATED if kind != plain else field.LABEL_OPTIONAL
                added = made.field.add(name=label, number=number, label=many)
                if plain in told:
                    added.type, added.type_name = field.TYPE_MESSAGE, f".{package}.{plain}"
                else:
                    added.type = getattr(field, f"TYPE_{plain.upper()}")
        pool = descriptor_pool.DescriptorPool()
        pool.Add(file)
        by_name = {name: pool.FindMessageTypeByName(f"{package}.{name}") for name in told}
        self.classes = {name: message_factory.GetMessageClass(kind) for name, kind in by_name.items()}

    def parsed(self, kind: str, data: bytes, name: str) -> message.Message:
        """A message of the kind out of its bytes; `name`: of the file, for what is said when they are none."""
        try:
            return self.classes[kind].FromString(data)
        except message.DecodeError:
            raise Damaged(f"{name} holds no {self.format} {kind}, or only a part of one") from None
