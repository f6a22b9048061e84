"""Networks that are published as an ONNX graph: our own parts exported, and joined before and behind it."""

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import GraphProto, ModelProto, compose, version_converter
from torch import Tensor, nn

from workshop import graph
from workshop.convert.published import Published
from workshop.convert.readers import Damaged
from workshop.networks.face import planes


class Around(Published):
    """A detector whose middle is its publishers' graph, of one input and one output."""

    kind = "boxes"
    taken: tuple[int, ...]  # shape of the graph's input
    given: tuple[int, ...]  # shape of its output
    model: ModelProto

    def before(self, levels: Tensor) -> Tensor:
        """RGB [1,3,side,side] of levels 0..255 -> the graph's input."""
        raise NotImplementedError

    def behind(self, given: Tensor) -> tuple[Tensor, Tensor]:
        """The graph's output -> boxes [M,4], scores [M,classes]."""
        raise NotImplementedError

    def take(self, model: ModelProto) -> None:
        held = {weights.name for weights in model.graph.initializer}
        inputs = [value for value in model.graph.input if value.name not in held]
        shapes = [shape_of(value) for value in (*inputs, *model.graph.output)]
        if shapes != [self.taken, self.given]:
            raise Damaged(f"the graph has inputs and outputs of shapes {shapes}, not {[self.taken, self.given]}")
        self.model = model

    def count(self) -> int:
        """Numbers of the graph's float weights."""
        floats = (w for w in self.model.graph.initializer if w.data_type == onnx.TensorProto.FLOAT)
        return sum(int(np.prod(w.dims)) for w in floats)

    def write(self, path: Path) -> None:
        """Export both parts and join the three."""
        with tempfile.TemporaryDirectory() as folder:
            before = exported(Before(self), Path(folder), torch.zeros(1, self.side, self.side, 3).byte())
            behind = exported(Behind(self), Path(folder), torch.zeros(self.given))
        middle = version_converter.convert_version(self.model, before.opset_import[0].version)
        middle.ir_version = before.ir_version
        for part, name in ((before, "before"), (middle, "network"), (behind, "behind")):
            numbered(part.graph, name)
        (taken,), (given,) = middle.graph.input, middle.graph.output
        whole = compose.merge_models(before, middle, [("planes", taken.name)])
        graph.save(compose.merge_models(whole, behind, [(given.name, "given")]), path)


class Before(nn.Module):
    """picture uint8 [1,side,side,3] -> planes, as the graph takes them."""

    inputs, outputs = ("picture",), ("planes",)

    def __init__(self, network: Around):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        return self.network.before(planes(picture))


class Behind(nn.Module):
    """What the graph gives -> boxes and scores."""

    inputs, outputs = ("given",), ("boxes", "scores")

    def __init__(self, network: Around):
        super().__init__()
        self.network = network

    def forward(self, given: Tensor) -> tuple[Tensor, Tensor]:
        return self.network.behind(given)


def exported(part: nn.Module, folder: Path, sample: Tensor) -> ModelProto:
    """A part as a graph of its own."""
    (name,) = part.inputs
    graph.write_float(part, folder / "part.onnx", {name: sample}, {name: None})
    return onnx.load(folder / "part.onnx")


def numbered(part: GraphProto, prefix: str) -> None:
    """Give everything between the ends of a graph a plain name of its own; inputs that are weights are no inputs."""
    held = {weights.name for weights in part.initializer}
    inputs = [value for value in part.input if value.name not in held]
    del part.input[:], part.value_info[:]
    part.input.extend(inputs)
    names = {"": ""} | {value.name: value.name for value in (*part.input, *part.output)}

    def plain(name: str) -> str:
        return names.setdefault(name, f"{prefix}.{len(names)}")

    for weights in part.initializer:
        weights.name = plain(weights.name)
    for number, node in enumerate(part.node):
        node.name = f"{prefix}.{node.op_type}.{number}"
        node.input[:], node.output[:] = map(plain, node.input), map(plain, node.output)


def shape_of(value: onnx.ValueInfoProto) -> tuple[int, ...]:
    """Sides of an input or output, 0 where they are not fixed."""
    return tuple(side.dim_value for side in value.type.tensor_type.shape.dim)
