"""Upscaling's family: every scale, and the fast networks beside the default ones."""

import json

import numpy as np
import onnx
import pytest
import torch

from workshop import bytes_out, export, graph, recipe, runners, train
from workshop.networks.edsr import Edsr
from workshop.networks.fast import Fast
from workshop.tasks import TASKS
from workshop.tests import made

FAST = ["upscale/fast-x2", "upscale/fast-x3", "upscale/fast-x4"]
UPSCALE = recipe.ROOT / "models" / "upscale"


@pytest.fixture(scope="module", params=FAST)
def small(request, tmp_path_factory):
    """A fast network after five steps on made pictures, and its two files: (recipe, network, paths)."""
    given = recipe.load(request.param, 5) | {"batch": 2}
    folder = tmp_path_factory.mktemp("fast")
    task = TASKS["upscale"](given)
    samples = task.generated(made.some())
    network = train.run(given, folder, samples=samples, folder=folder).average
    return given, network, export.files(network, task.calibration(samples), folder)


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_a_fast_network_has_the_same_face_without_the_knob(small, precision):
    given, _, paths = small
    session = graph.session(paths[precision])
    scale = given["network"]["scale"]
    assert [(i.name, i.type) for i in session.get_inputs()] == [("picture", "tensor(uint8)")]
    for height, width in ((1, 1), (1, 7), (5, 3), (33, 47)):
        answer = session.run(["answer"], {"picture": made.picture(1, height, width)[None]})[0]
        assert answer.dtype == np.uint8
        assert answer.shape == (1, height * scale, width * scale, 3)


def test_a_fast_networks_float_file_is_the_network(small):
    _, network, paths = small
    picture = made.picture(4, 50, 70)
    given = runners.runner(paths["float"], network)(picture, {})
    assert np.abs(given.astype(int) - train.runner(network)(picture, {})).max() <= 1


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_a_fast_networks_tiles_agree_with_the_whole(small, precision):
    given, network, paths = small
    geometry = TASKS["upscale"](given).geometry(network)
    run = runners.runner(paths[precision], network)
    picture = made.picture(5, 131, 97)
    cut = made.tiled(lambda piece, knobs, context: run(piece, knobs), picture, geometry, 32, {})
    assert np.abs(run(picture, {}).astype(int) - cut).max() <= (0 if precision == "int8" else 1)


def test_a_fast_network_begins_as_its_input_repeated():
    network = Fast(3)
    with torch.no_grad():
        network.tail.weight.zero_()
        given = network(torch.rand(1, 3, 6, 5, generator=torch.Generator().manual_seed(1)))
    assert torch.equal(given[..., ::3, ::3], given[..., 2::3, 1::3])
    assert given.shape == (1, 3, 18, 15)


def test_another_scale_begins_from_the_trunk_with_a_tail_of_its_own(tmp_path):
    trunk = {k: torch.full_like(v, 0.5) for k, v in Edsr(3).state_dict().items()}
    given = recipe.load("upscale/default-x2")
    training = train.Training(given, TASKS["upscale"](given), tmp_path)
    own = {k: v.clone() for k, v in training.network.state_dict().items()}
    training.begin_from(trunk)
    begun = training.network.state_dict()
    assert all(torch.equal(v, trunk[k]) for k, v in begun.items() if k.startswith(("head.", "blocks.", "end.")))
    assert all(torch.equal(v, own[k]) for k, v in begun.items() if k.startswith(("tail.", "skip.")))


def figure(name: str, precision: str) -> float:
    """Set5's figure on a committed manifest."""
    rows = json.loads((UPSCALE / name / "model.json").read_text())["quality"]
    return next(r["value"] for r in rows if r["set"] == "Set5" and r["precision"] == precision)


# proves: U16
@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_fast_network_trades_quality_for_speed(scale):
    fast, slow = f"fast-x{scale}", "default" if scale == 3 else f"default-x{scale}"
    assert figure(fast, "int8") >= {2: 36.7, 3: 32.7, 4: 30.4}[scale]
    assert figure(slow, "int8") >= figure(fast, "int8") + 0.5
    # Every convolution of both works at the picture's own size, so weights are multiply-adds a pixel; `make quality` tells seconds.
    assert multiply_adds(slow) >= 19 * multiply_adds(fast)


def multiply_adds(name: str) -> int:
    """Of one pixel that is given."""
    return json.loads((UPSCALE / name / "model.json").read_text())["weights"][0]["parameters"]


def test_a_fast_networks_answer_is_its_last_sum_in_8_bits(small):
    model = onnx.load(small[2]["int8"])
    convolutions = [n for n in model.graph.node if n.op_type == "Conv"]
    made_by = {o: n.op_type for n in model.graph.node for o in n.output}
    assert len(convolutions) == 7
    assert all(made_by[i] == "DequantizeLinear" for n in convolutions for i in n.input[:2])
    assert not {"Clip", "Round"} & {n.op_type for n in model.graph.node}


def test_a_graph_that_ends_in_floats_is_not_straightened(small):
    with pytest.raises(ValueError, match="does not end"):
        bytes_out.straighten(onnx.load(small[2]["float"]))
