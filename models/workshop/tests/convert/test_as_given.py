"""A network added by a manifest and an ONNX file alone."""

import json

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from workshop.convert import convert, source
from workshop.convert.readers import Damaged
from workshop.convert.run import run_of
from workshop.convert.weights import Asked, run
from workshop.tests.convert import made as made_up

FREE = ["N", "H", "W", 3]


def file_of(path, taken="picture", sides=FREE, kind=TensorProto.UINT8):
    """An ONNX file that answers with the negative of a picture."""
    white = helper.make_tensor("white", TensorProto.UINT8, [1], [255])
    graph = helper.make_graph(
        [helper.make_node("Sub", ["white", taken], ["answer"])],
        "negative",
        [helper.make_tensor_value_info(taken, kind, sides)],
        [helper.make_tensor_value_info("answer", TensorProto.UINT8, FREE)],
        [white],
    )
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 20)], ir_version=10), path)
    return path


def variant(tmp_path) -> source.Source:
    """dehaze/made-up, whose file its makers alone give."""
    origin = {"converter": "as-given", "format": "onnx", "files": [{"file": "dehaze/made-up.onnx"}]}
    told = {"from": origin, "status": "upstream-only", "reason": "ask them"}
    return made_up.variant(tmp_path / "models", tmp_path, **told)


# proves: D03
def test_a_file_with_the_one_face_is_taken(tmp_path):
    folder = variant(tmp_path).folder
    given = file_of(tmp_path / "negative.onnx")
    assert run(Asked(tmp_path / "models", tmp_path / "kept", model="made-up", files=(given,))) == 0
    picture = np.random.default_rng(3).integers(0, 256, (17, 23, 3), np.uint8)
    assert (run_of("dehaze/made-up", models=tmp_path / "models")(picture, {}) == 255 - picture).all()
    manifest = json.loads((folder / "model.json").read_text())
    assert manifest["weights"][0]["file"] == "converted.onnx"
    assert manifest["picture"]["max"] == 1024  # how far it sees is not known: in one piece


# proves: D04
def test_without_its_file_it_is_told_what_is_missing(tmp_path, capsys):
    variant(tmp_path)
    assert run(Asked(tmp_path / "models", tmp_path / "kept", model="made-up")) == 1
    assert "dehaze/made-up.onnx" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("told", "says"),
    [
        ({"taken": "image"}, r"inputs are \['image'\], not \['picture'\]"),
        ({"sides": [1, "H", "W", 3]}, "has shape"),
        ({"sides": ["N", 3, "H", "W"]}, "has shape"),
    ],
)
def test_another_face_is_refused(tmp_path, told, says):
    made = variant(tmp_path)
    with pytest.raises(Damaged, match=says):
        convert.convert(made, [file_of(tmp_path / "other.onnx", **told)])
    assert not (made.folder / "converted.onnx").exists()
