"""Writes the tiny networks of the tests beside this file: `python make.py` with the package onnx.

Each has the face that common/src/network.rs asks for: `picture` uint8 [N,H,W,3] in, `answer` uint8 [N,s*H,s*W,3] out,
a knob a float32 [1], a mix a float32 [1,names].
"""

from pathlib import Path

import onnx
from onnx import TensorProto as T
from onnx import helper as h

FOLDER = Path(__file__).parent


def write(name: str, scale: int, knobs: list[str], nodes: list, constants: dict, mix: str = "", names: int = 0) -> None:
    inputs = [h.make_tensor_value_info("picture", T.UINT8, ["n", "h", "w", 3])]
    inputs += [h.make_tensor_value_info(knob, T.FLOAT, [1]) for knob in knobs]
    inputs += [h.make_tensor_value_info(mix, T.FLOAT, [1, names])] if mix else []
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

# Half of the picture on red and green paper, as `style` mixes them: 120 of 255 of each share.
write(
    "paper",
    1,
    [],
    [
        h.make_node("Cast", ["picture"], ["real"], to=T.FLOAT),
        h.make_node("Mul", ["real", "half"], ["pale"]),
        h.make_node("Constant", [], ["blue"], value=h.make_tensor("blue", T.INT64, [4], [0, 0, 0, 1])),
        h.make_node("Pad", ["style", "blue"], ["colour"]),
        h.make_node("Mul", ["colour", "strong"], ["paper"]),
        h.make_node("Add", ["pale", "paper"], ["sum"]),
        h.make_node("Round", ["sum"], ["whole"]),
        h.make_node("Cast", ["whole"], ["answer"], to=T.UINT8),
    ],
    {"half": [0.5], "strong": [120.0]},
    mix="style",
    names=2,
)

# One box around everything bright (more than 200 of 255 in all channels), of class 0 of two; its score is 0.9 where there is
# such a thing.
spot = [
    h.make_node("Cast", ["picture"], ["real"], to=T.FLOAT),
    h.make_node("ReduceMin", ["real"], ["least"], axes=[3], keepdims=0),
    h.make_node("Greater", ["least", "bright"], ["is"]),
    h.make_node("Cast", ["is"], ["mask"], to=T.FLOAT),
    h.make_node("ReduceMax", ["mask"], ["columns"], axes=[0, 1], keepdims=0),
    h.make_node("ReduceMax", ["mask"], ["rows"], axes=[0, 2], keepdims=0),
    h.make_node("ArgMax", ["columns"], ["x1"], axis=0),
    h.make_node("ArgMax", ["rows"], ["y1"], axis=0),
    h.make_node("ArgMax", ["columns"], ["x2"], axis=0, select_last_index=1),
    h.make_node("ArgMax", ["rows"], ["y2"], axis=0, select_last_index=1),
    h.make_node("Concat", ["x1", "y1", "x2", "y2"], ["sides"], axis=0),
    h.make_node("Cast", ["sides"], ["firsts"], to=T.FLOAT),
    h.make_node("Add", ["firsts", "ends"], ["box"]),
    h.make_node("Unsqueeze", ["box", "front"], ["boxes"]),
    h.make_node("ReduceMax", ["mask"], ["any"], keepdims=0),
    h.make_node("Mul", ["any", "score"], ["scores"]),
]
picture = h.make_tensor_value_info("picture", T.UINT8, [1, "h", "w", 3])
found = [h.make_tensor_value_info(name, T.FLOAT, [1, size]) for name, size in (("boxes", 4), ("scores", 2))]
values = [
    h.make_tensor("bright", T.FLOAT, [], [200.0]),
    h.make_tensor("ends", T.FLOAT, [4], [0.0, 0.0, 1.0, 1.0]),
    h.make_tensor("front", T.INT64, [1], [0]),
    h.make_tensor("score", T.FLOAT, [1, 2], [0.9, 0.0]),
]
graph = h.make_graph(spot, "spot", [picture], found, values)
model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8, producer_name="darkroom-tests")
onnx.checker.check_model(model, full_check=True)
onnx.save(model, FOLDER / "spot.onnx")

# How red, green and blue a picture is: the shares of its means, three classes.
tone = [
    h.make_node("Cast", ["picture"], ["real"], to=T.FLOAT),
    h.make_node("ReduceMean", ["real"], ["means"], axes=[1, 2], keepdims=0),
    h.make_node("Add", ["means", "little"], ["levels"]),
    h.make_node("ReduceSum", ["levels", "last"], ["sum"], keepdims=1),
    h.make_node("Div", ["levels", "sum"], ["scores"]),
]
picture = h.make_tensor_value_info("picture", T.UINT8, ["n", 8, 8, 3])
scores = [h.make_tensor_value_info("scores", T.FLOAT, ["n", 3])]
values = [h.make_tensor("little", T.FLOAT, [], [0.01]), h.make_tensor("last", T.INT64, [1], [1])]
graph = h.make_graph(tone, "tone", [picture], scores, values)
model = h.make_model(graph, opset_imports=[h.make_opsetid("", 17)], ir_version=8, producer_name="darkroom-tests")
onnx.checker.check_model(model, full_check=True)
onnx.save(model, FOLDER / "tone.onnx")
