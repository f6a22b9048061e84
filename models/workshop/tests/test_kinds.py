"""What the exporter does for labels, boxes, mixes and further outputs, and how figures are judged."""

import copy
import json

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from workshop import export, goals, graph, knobs, pictures, quality, recipe, runners, served, train
from workshop.networks import FACES
from workshop.networks.detector import Detector
from workshop.networks.face import levels, planes
from workshop.tasks import TASKS, classify
from workshop.tests import made

STYLE = {"names": ["wave", "night", "field"], "default": "night", "meaning": "which painting"}


class Mixed(nn.Module):
    """A picture tinted by a mix, with a map to look at, and the mean of the whole picture added: for these tests alone."""

    paper, knobs, scale, multiple, radius, context = "https://example.org", ("style",), 1, 8, 2, 48
    in_float = ("first",)
    quantized = ("Conv",)
    ends = ("last",)

    def __init__(self):
        super().__init__()
        self.first, self.inner = nn.Conv2d(3, 16, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.last = nn.Conv2d(16, 3, 3, padding=1)
        self.tints = nn.Parameter(torch.tensor([[90.0, 0, 0], [0, 90, 0], [0, 0, 90]]))
        with torch.no_grad():
            self.inner.weight[0, 0, 0, 0] = 1e-40  # a denormal


class MixedFace(nn.Module):
    inputs = ("picture", "context", "style")
    outputs = ("answer", "attention")

    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, picture, context, style):
        network = self.network
        x = torch.relu(network.inner(torch.relu(network.first(planes(picture) / 255))))
        tint = (style @ network.tints)[..., None, None]
        given = 20 * network.last(x) + tint + 0.1 * planes(context).mean((2, 3), keepdim=True)
        return levels(given).permute(0, 2, 3, 1), x[:, :1].permute(0, 2, 3, 1)


class MixedTask:
    kind, knobs = "picture", {"style": STYLE}


@pytest.fixture(scope="module")
def mixed(tmp_path_factory):
    """The two files of the mixed network."""
    torch.manual_seed(3)
    network, folder = Mixed(), tmp_path_factory.mktemp("mixed")
    FACES[Mixed] = MixedFace
    picture = made.picture(1, 64, 64)
    given = {"picture": picture[None], "context": pictures.context_of(picture, 48)[None]}
    paths = export.files(network, [given | {"style": knobs.value_of(STYLE)}] * 4, folder, MixedTask)
    del FACES[Mixed]
    return network, paths


def test_a_mix_is_a_vector_and_runs_by_name_or_shares(mixed):
    network, paths = mixed
    run = runners.runner(paths["float"], network, 1, MixedTask)
    picture = made.picture(2, 30, 50)
    plain = {name: run(picture, {"style": name}).astype(int) for name in STYLE["names"]}
    assert np.array_equal(run(picture, {}), plain["night"])
    assert (plain["wave"] - plain["field"])[..., 0].mean() > 50
    half = run(picture, {"style": "wave:1,field:1"}).astype(int)
    assert np.abs(2 * half - plain["wave"] - plain["field"]).mean() < 2
    assert np.allclose(knobs.shares(STYLE["names"], "field:3, wave"), [[0.25, 0, 0.75]])
    session = graph.session(paths["float"], 1)
    assert {i.name: i.shape[1:] for i in session.get_inputs()}["style"] == [3]
    assert {i.name: i.shape[1:3] for i in session.get_inputs()}["context"] == [48, 48]
    assert [o.name for o in session.get_outputs()] == ["answer", "attention"]


def test_a_network_names_what_is_quantized_and_nothing_after_its_ends_is(mixed):
    _, paths = mixed
    nodes = onnx.load(paths["int8"]).graph.node
    made_by = {output: node for node in nodes for output in node.output}
    weights = {
        n.name: made_by[n.input[1]].op_type if n.input[1] in made_by else "" for n in nodes if n.op_type == "Conv"
    }
    assert sorted(weights.values()) == ["", "DequantizeLinear", "DequantizeLinear"]
    tail = next(n for n in nodes if n.op_type == "Conv" and "last" in n.input[1])
    after = [n for n in nodes if tail.output[0] in n.input]
    assert after
    # What the last convolution gives may be told in 8 bits; the sums after it are not.
    reads = [i for n in nodes if n.op_type == "Add" for i in n.input if i in made_by]
    assert reads
    sums = [made_by[i].op_type for i in reads]
    assert sums.count("DequantizeLinear") <= 1


def test_no_denormals_are_written_and_half_the_bytes_keep_the_answer(mixed, tmp_path):
    network, paths = mixed
    held = {i.name: numpy_helper.to_array(i) for i in onnx.load(paths["float"]).graph.initializer}
    assert held["network.inner.weight"][0, 0, 0, 0] == 0
    smaller = tmp_path / "half.onnx"
    smaller.write_bytes(paths["float"].read_bytes())
    graph.halve(smaller)
    kinds = {i.name: i.data_type for i in onnx.load(smaller).graph.initializer}
    assert kinds["network.inner.weight"] == onnx.TensorProto.FLOAT16
    again = graph.weights(smaller)["inner.weight"]
    assert again.dtype == torch.float32
    picture = made.picture(2, 30, 50)
    one, two = (runners.runner(p, network, 1, MixedTask)(picture, {}).astype(int) for p in (paths["float"], smaller))
    assert np.abs(one - two).max() <= 1


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """The labels' recipe with a narrow network, a few steps on made pictures, exported; (folder, recipe, training)."""
    beside = tmp_path_factory.mktemp("labels")
    given = recipe.load("classify/default", 6) | {"batch": 8, "network": {"head": 8, "widths": [16, 16, 32]}}
    task = TASKS["classify"](given)
    samples = task.generated(made.some(6))
    training = train.run(given, beside, samples=samples, folder=beside)

    def measure(run) -> list[dict]:
        return [{"set": "made", "metric": "mean", "unit": "1", "value": float(run(made.picture(1, 40, 60), {}).max())}]

    sat = [
        {"from": "", "first": 0, "last": 4, "minutes": 51, "seconds": 3060},
        {"from": "", "first": 4, "last": 6, "minutes": 9, "seconds": 541},
    ]
    trained = {"steps": 6, "minutes": 9, "sittings": sat}
    weights = training.average.state_dict()
    return (
        export.run(given, weights, samples, measure, beside / "models", recipe.ROOT / "samples", trained),
        given,
        training,
    )


def test_labels_take_their_own_size_alone_and_sum_to_1(labelled):
    folder, given, training = labelled
    task = TASKS["classify"](given)
    for name in export.FILES.values():
        session = graph.session(folder / name, 1)
        assert [(i.name, i.shape[1:]) for i in session.get_inputs()] == [("picture", [32, 32, 3])]
        batch = np.stack([made.picture(seed, 32, 32) for seed in range(3)])
        (scores,) = session.run(None, {"picture": batch})
        assert scores.shape == (3, 10)
        assert np.allclose(scores.sum(1), 1, atol=1e-5)
        assert np.allclose(session.run(None, {"picture": batch[1:2]})[0], scores[1:2], atol=1e-4)
        run = runners.runner(folder / name, training.network, 1, task)
        for size in ((1, 1), (31, 200), (64, 64)):
            assert run(made.picture(2, *size), {}).sum() == pytest.approx(1, abs=1e-5)


def test_the_float_file_of_labels_is_the_network(labelled):
    folder, given, training = labelled
    picture = made.picture(5, 32, 32)
    run = runners.runner(folder / "model.onnx", training.network, 1, TASKS["classify"](given))
    assert np.allclose(run(picture, {}), train.runner(training.average)(picture, {}), atol=1e-4)
    mirrored = np.ascontiguousarray(picture[:, ::-1])
    assert np.allclose(run(picture, {}), run(mirrored, {}), atol=1e-4)


def test_manifest_files_and_card_of_labels(labelled):
    folder, _, _ = labelled
    manifest = json.loads((folder / "model.json").read_text())
    assert (manifest["task"], manifest["labels"]) == ("labels", "labels.txt")
    assert (folder / "labels.txt").read_text().split() == list(classify.NAMES)
    assert (manifest["picture"]["size"], manifest["picture"]["fit"]) == (32, "stretch")
    assert manifest["from"]["steps"] == 6
    assert manifest["from"]["command"] == (
        "make train NAME=classify/default MINUTES=51 && make train NAME=classify/default MINUTES=9"
    )
    assert {row["size"] for row in manifest["speed"]} == {"32x32"}
    card = (folder / "CARD.md").read_text()
    assert "4 steps in 51 minutes by the clock, then 2 more in 9 minutes by the clock; 8 samples a step." in card
    assert {p.name for p in folder.iterdir()} == {
        *export.FILES.values(),
        "labels.txt",
        "model.json",
        "CARD.md",
        "sheet.jpg",
    }
    assert [p.name for p in folder.parent.iterdir()] == ["default"]
    assert (folder / "sheet.jpg").stat().st_size > 5000


def test_a_recipe_of_one_precision_leaves_one_file(labelled):
    folder, given, training = labelled
    models = folder.parents[1]
    task = TASKS["classify"](given)
    rows = [{"set": "made", "metric": "mean", "unit": "1", "value": 1.0}]
    weights = training.average.state_dict()
    again = export.run(given | {"precisions": ["float"]}, weights, None, lambda run: rows, models.parent / "one")
    assert sorted(p.name for p in again.glob("*.onnx")) == ["model.onnx"]
    assert [w["precision"] for w in json.loads((again / "model.json").read_text())["weights"]] == ["float"]
    both = export.run(given, weights, task.generated(made.some(4)), lambda run: rows, models.parent / "one")
    assert sorted(p.name for p in both.glob("*.onnx")) == ["model.int8.onnx", "model.onnx"]


def test_boxes_take_any_multiple_of_their_stride(tmp_path):
    network = Detector().eval()
    face = FACES[Detector](network)
    path = tmp_path / "boxes.onnx"
    graph.write_float(face, path, *export.inputs_of(face))
    session = graph.session(path, 1)
    assert [o.name for o in session.get_outputs()] == ["boxes", "scores"]
    for height, width in ((32, 32), (64, 160), (224, 96)):
        boxes, scores = session.run(None, {"picture": made.picture(1, height, width)[None]})
        rows = sum((height // s) * (width // s) for s in (8, 16, 32))
        assert boxes.shape == (rows, 4)
        assert scores.shape[0] == rows


def test_what_8_bits_may_cost_depends_on_the_measure(capsys):
    for unit, metric, lost, refused in (
        ("%", "top-1", 0.31, True),
        ("%", "top-1", 0.29, False),
        ("1", "AP50", 0.011, True),
        ("1", "AP50", 0.009, False),
        ("dB", "PSNR", 0.11, True),
        ("1", "exposure", 5.0, False),
    ):
        plain = {"precision": "float", "set": "s", "metric": metric, "unit": unit, "value": 10.0}
        rows = [plain, plain | {"precision": "int8", "value": 10.0 - lost}]
        if refused:
            with pytest.raises(export.Refused):
                export.check(rows, {})
            assert metric in capsys.readouterr().err
        else:
            export.check(rows, {})


def test_goals_are_judged_as_written():
    row = {"name": "upscale/default", "set": "Set5", "metric": "PSNR-Y", "unit": "dB", "value": 34.05, "float": 34.1}
    code = {"name": "dehaze/codebook", "set": "Haze 22 pairs", "metric": "PSNR", "unit": "dB", "value": 24.1}
    rows = [row, row | {"value": 33.9}, row | {"float": 34.2}, code, code | {"name": "dehaze/default", "value": 25.2}]
    rows = [copy.copy(r) for r in rows]
    quality.judge(rows, [])
    assert [r["met"] for r in rows] == [True, False, False, False, True]
    speeds = [
        {"name": f"upscale/{v}", "bytes": {"int8": 1}, "seconds": {"auto": auto, "float": auto * 2.5}}
        for v, auto in (("default", 1.0), ("fast-x3", 0.1), ("default-x2", 3.0), ("fast-x2", 0.5))
    ]
    speeds.append({"name": "derain/default", "bytes": {"int8": 1}, "seconds": {"auto": 1.0, "float": 1.9}})
    quality.judge([], speeds)
    assert [s["met"] for s in speeds] == [True, True, True, False, False]
    assert set(goals.VARIANTS) <= set(TASKS)
    assert all(name.split("/")[0] in TASKS for name, _, _ in goals.GOALS)


def test_knobs_are_written_as_a_request_writes_them():
    assert served.written({}, 0.5) == "0.5"
    assert served.written(STYLE, "night") == "night"
    assert served.written(STYLE, np.array([[0.25, 0, 0.75]])) == "wave:0.25,field:0.75"


def test_training_pictures_go_round_mirrored_every_other_time():
    count = 6
    levels_ = np.zeros((count, 32, 32, 3), np.uint8)
    levels_[:, :, :16] = 200  # bright on the left
    samples = classify.Samples(levels_, np.arange(count), seed=4)
    sides = {}
    for _ in range(2):
        picture, labels = samples.batch(count)
        assert sorted(labels.tolist()) == list(range(count))
        for one, label in zip(picture, labels.tolist(), strict=True):
            sides.setdefault(label, []).append(bool(one[..., :16].float().mean() > 100))
    assert all(first != second for first, second in sides.values())


def test_temperature_and_calibration_error_of_made_scores():
    random = np.random.default_rng(1)
    logits = torch.from_numpy(random.normal(0, 2, (20000, 10)))
    labels = torch.multinomial(torch.softmax(logits, 1), 1, generator=torch.Generator().manual_seed(1))[:, 0]
    cooled = torch.softmax(logits / 3, 1)
    assert classify.temperature(cooled, labels) == pytest.approx(1 / 3, rel=0.1)
    assert classify.calibration_error(torch.softmax(logits, 1).numpy(), labels.numpy()) < 0.02
    assert classify.calibration_error(cooled.numpy(), labels.numpy()) > 0.1


def test_a_missing_archive_is_told(tmp_path, capsys):
    with pytest.raises(SystemExit):
        classify.packed(tmp_path, "train")
    assert "cifar10-train.npz" in capsys.readouterr().err
