"""Writes the tiny networks of the tests beside this file: `python make.py` with the package onnx.

Each has the face that common/src/network.rs asks for: `picture` uint8 [N,H,W,3] in, `answer` uint8 [N,s*H,s*W,3] out,
a knob a float32 [1].
"""

from pathlib import Path

import onnx
from onnx import TensorProto as T
from onnx import helper as h

FOLDER = Path(__file__).parent


def write(name: str, scale: int, knobs: list[str], nodes: list, constants: dict) -> None:
    inputs = [h.make_tensor_value_info("picture", T.UINT8, ["n", "h", "w", 3])]
    inputs += [h.make_tensor_value_info(knob, T.FLOAT, [1]) for knob in knobs]
    size = ["h", "w"] if scale == 1 else ["H", "W"]
    answer = h.make_tensor_value_info("answer", T.UINT8, ["n", *size, 3])
    values = [h.make_tensor(key, T.FLOAT, [len(value)], value) for key, value in constants.items()]
    graph = h.make_graph(nodes, name, inputs, [answer], values)
    model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8, producer_name="darkroom-tests")
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, FOLDER / f"{name}.onnx")


# The picture as it is.
write("same", 1, [], [h.make_node("Identity", ["picture"], ["answer"])], {})

# The picture times `gain`, cut at 255.
write(
    "gain",
    1,
    ["gain"],
    [
        h.make_node("Cast", ["picture"], ["real"], to=T.FLOAT),
        h.make_node("Mul", ["real", "gain"], ["bright"]),
        h.make_node("Min", ["bright", "white"], ["cut"]),
        h.make_node("Round", ["cut"], ["whole"]),
        h.make_node("Cast", ["whole"], ["answer"], to=T.UINT8),
    ],
    {"white": [255.0]},
)

# Every pixel four times.
write(
    "twice",
    2,
    [],
    [
        h.make_node("Cast", ["picture"], ["real"], to=T.FLOAT),
        h.make_node(
            "Resize",
            ["real", "", "scales"],
            ["large"],
            mode="nearest",
            coordinate_transformation_mode="asymmetric",
            nearest_mode="floor",
        ),
        h.make_node("Cast", ["large"], ["answer"], to=T.UINT8),
    ],
    {"scales": [1.0, 2.0, 2.0, 1.0]},
)
