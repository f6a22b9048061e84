"""The reader of ONNX files, and a published graph with our own parts around it.

`files/onnx-tiny.onnx` is random and has the shapes of FastestDet: opset 11, names and a weight among the inputs as old exporters give them.
"""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from workshop import graph
from workshop.convert.check import check
from workshop.convert.networks.fastestdet import FastestDet
from workshop.convert.networks.yolox import Yolox
from workshop.convert.readers import Damaged
from workshop.convert.readers import onnx as reader

TINY = Path(__file__).parent / "files" / "onnx-tiny.onnx"


@pytest.fixture(scope="module")
def converted(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "converted.onnx"
    network = FastestDet.made(reader.read([TINY]))
    network.write(path)
    check(network, path)
    return path


# proves: D03
def test_a_graph_with_our_parts_around_it_answers_what_it_did(converted):
    picture = np.random.default_rng(2).integers(0, 256, (1, 352, 352, 3), np.uint8)
    boxes, scores = graph.session(converted).run(["boxes", "scores"], {"picture": picture})
    planes = picture[0, ..., ::-1].transpose(2, 0, 1)[None].astype(np.float32) / 255
    x = graph.session(TINY).run(None, {"input.1": planes})[0][0].astype(float)
    at = 22 * 5 + 7  # row 5, column 7
    (sure, tx, ty, tw, th, *classes), cell = x[:, 5, 7], 352 / 22
    cx, cy = (np.tanh(tx) + 7) * cell, (np.tanh(ty) + 5) * cell
    w, h = 352 / (1 + np.exp(-tw)), 352 / (1 + np.exp(-th))
    np.testing.assert_allclose(boxes[at], [cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], atol=1e-2)
    np.testing.assert_allclose(scores[at], sure**0.6 * np.array(classes) ** 0.4, atol=1e-5)


def test_names_are_plain_and_inputs_are_the_picture_alone(converted):
    model = onnx.load(converted)
    assert [value.name for value in model.graph.input] == ["picture"]
    assert [value.name for value in model.graph.output] == ["boxes", "scores"]
    assert not any(":" in name for node in model.graph.node for name in (node.name, *node.input, *node.output))


def test_a_graph_of_other_shapes_is_refused():
    with pytest.raises(Damaged, match="inputs and outputs of shapes"):
        Yolox.made(reader.read([TINY]))


def elsewhere(model: onnx.ModelProto) -> None:
    """A weight in another file, as large as one may claim."""
    weights = model.graph.initializer[0]
    weights.ClearField("raw_data")
    weights.data_location = TensorProto.EXTERNAL
    weights.external_data.add(key="location", value="../../etc/passwd")


def claims(model: onnx.ModelProto) -> None:
    """A weight of 10 GB in a few bytes."""
    model.graph.initializer[0].dims[:] = [50_000, 50_000, 1, 1]


def bursts(model: onnx.ModelProto) -> None:
    """A tensor that is made huge when the graph runs."""
    sides = numpy_helper.from_array(np.array([100_000, 100_000]), "sides")
    model.graph.initializer.append(sides)
    model.graph.node.append(helper.make_node("ConstantOfShape", ["sides"], ["huge"]))


def branches(model: onnx.ModelProto) -> None:
    """A graph within the graph."""
    inner = helper.make_graph([], "inner", [], [])
    model.graph.node.append(helper.make_node("If", ["6"], ["maybe"], then_branch=inner, else_branch=inner))


def strange(model: onnx.ModelProto) -> None:
    """An operator of somebody's own."""
    model.graph.node.append(helper.make_node("Shell", ["6"], ["told"], domain="com.example"))


def unknown(model: onnx.ModelProto) -> None:
    """What no standard has."""
    model.graph.node[0].op_type = "Pode"


def crowd(model: onnx.ModelProto) -> None:
    """Too many operators."""
    model.graph.node.extend([model.graph.node[0]] * reader.NODES)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (elsewhere, "lie in another file"),
        (claims, "claim 2500000000 numbers and hold 255"),
        (bursts, "'huge' would be larger"),
        (branches, "graphs or lists of tensors"),
        (strange, "not of the standard"),
        (unknown, "Pode"),
        (crowd, "operators; 1 to"),
    ],
)
def test_a_hostile_graph_is_refused_by_name(tmp_path, change, says):
    model = onnx.load(TINY)
    change(model)
    path = tmp_path / "hostile.onnx"
    path.write_bytes(model.SerializeToString())
    with pytest.raises(Damaged, match=f"hostile.onnx: .*{says}"):
        reader.read([path])


@pytest.mark.parametrize("cut", [0, 7, 1000], ids=["empty", "begun", "half"])
def test_a_torn_file_is_refused_by_name(tmp_path, cut):
    path = tmp_path / "torn.onnx"
    path.write_bytes(TINY.read_bytes()[:cut])
    with pytest.raises(Damaged, match=r"torn\.onnx"):
        reader.read([path])
