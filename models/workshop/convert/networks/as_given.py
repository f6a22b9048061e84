"""Networks that are given as an ONNX file with the one face already: taken as they are."""

from pathlib import Path

import numpy as np
import onnx
from onnx import ModelProto, TensorProto

from workshop import graph
from workshop.convert.published import Published
from workshop.convert.readers import Damaged


class AsGiven(Published):
    """`picture` uint8 [N,H,W,3] -> `answer` uint8 [N,s*H,s*W,3], with N, H and W free; nothing else goes in.

    How far it sees is not known: pictures are not cut into tiles unless the manifest says a radius.
    """

    def __init__(self, scale: int = 1, multiple: int = 1, radius: int | None = None, least: int = 1, most: int = 1024):
        """See `Published`; the manifest's `from.options` say them."""
        super().__init__()
        self.scale, self.multiple, self.radius, self.least, self.most = scale, multiple, radius, least, most

    def take(self, model: ModelProto) -> None:
        held = {weights.name for weights in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in held]
        for what, name, values in (("input", "picture", inputs), ("output", "answer", model.graph.output)):
            if [value.name for value in values] != [name]:
                raise Damaged(f"its {what}s are {[value.name for value in values]}, not {[name]}")
            if why := wrong(values[0]):
                raise Damaged(f"its {what} {name!r} {why}")
        self.model = model

    def count(self) -> int:
        """Numbers of the float weights."""
        floats = (TensorProto.FLOAT, TensorProto.FLOAT16)
        return sum(int(np.prod(w.dims)) for w in self.model.graph.initializer if w.data_type in floats)

    def write(self, path: Path) -> None:
        graph.save(self.model, path)


def wrong(value: onnx.ValueInfoProto) -> str | None:
    """What an input or output has of another type or shape than bytes [N,H,W,3], the first three free."""
    told = value.type.tensor_type
    if told.elem_type != TensorProto.UINT8:
        return f"holds {TensorProto.DataType.Name(told.elem_type)}, not UINT8"
    sides = [side.dim_value for side in told.shape.dim]  # 0 where a side is free
    free = len(sides) == 4 and not any(sides[:3]) and sides[3] in (0, 3)
    return None if free else f"has shape {sides} (0: any), not [0, 0, 0, 3]"


NETWORK = AsGiven
