"""What the exporter writes: the face of the files, tiles, the manifest, the card."""

import hashlib
import json
import re

import numpy as np
import onnx
import onnxruntime
import pytest

from workshop import export, graph, pictures, recipe, runners, train
from workshop.knobs import value_of
from workshop.tasks import TASKS
from workshop.tests import made

PRECISIONS = ["float", "int8"]


def one(session, geometry: dict):
    """A session as `run(picture, knobs, context)` for one piece."""

    def run(picture, knobs, context):
        height, width = picture.shape[:2]
        feed = {"picture": runners.padded(picture, geometry["multiple"])[None]}
        if "context" in geometry:
            feed["context"] = context[None]
        feed |= {k: np.atleast_1d(v).astype(np.float32) for k, v in knobs.items()}
        return session.run(None, feed)[0][0, : height * geometry["scale"], : width * geometry["scale"]]

    return run


@pytest.fixture(params=PRECISIONS)
def served(request, exported):
    """(session, manifest, precision) of one file."""
    path = exported.folder / export.FILES[request.param]
    return graph.session(path), exported.manifest, request.param


def test_bytes_in_bytes_out(served):
    session, manifest, _ = served
    faces = {i.name: (i.type, len(i.shape)) for i in session.get_inputs()}
    wanted = {"picture": ("tensor(uint8)", 4)} | dict.fromkeys(manifest["knobs"], ("tensor(float)", 1))
    if "context" in manifest["picture"]:
        wanted["context"] = ("tensor(uint8)", 4)
    assert faces == wanted
    assert [(o.name, o.type) for o in session.get_outputs()] == [("answer", "tensor(uint8)")]


@pytest.mark.parametrize("size", [(1, 1), (1, 7), (5, 3), (33, 47), (64, 64)])
def test_any_size_gives_scale_times_the_size(served, size):
    session, manifest, _ = served
    picture = made.picture(3, *size)
    knobs = dict.fromkeys(manifest["knobs"], 0.0)
    answer = one(session, manifest["picture"])(picture, knobs, pictures.context_of(picture))
    scale = manifest["picture"]["scale"]
    assert answer.shape == (size[0] * scale, size[1] * scale, 3)


def test_a_batch_gives_what_each_gives_alone(served):
    session, manifest, _ = served
    batch = np.stack([made.picture(seed, 40, 48) for seed in (1, 2)])
    feed = {"picture": batch} | {k: np.array([0.3], np.float32) for k in manifest["knobs"]}
    if "context" in manifest["picture"]:
        feed["context"] = np.stack([pictures.context_of(p) for p in batch])
    together = session.run(None, feed)[0]
    for at in range(2):
        alone = session.run(None, {k: v[at : at + 1] if k in ("picture", "context") else v for k, v in feed.items()})[0]
        assert np.abs(together[at].astype(int) - alone[0]).max() <= 1


@pytest.mark.parametrize(
    ("size", "tile"), [((1, 1), 16), ((1, 7), 4), ((131, 97), 32), ((150, 203), 64), ((90, 210), 100)]
)
@pytest.mark.parametrize("knob", [0.0, 1.0])
def test_tiles_agree_with_the_whole(served, size, tile, knob):
    session, manifest, precision = served
    picture = made.picture(5, *size)
    run = one(session, manifest["picture"])
    knobs = dict.fromkeys(manifest["knobs"], knob)
    whole = run(picture, knobs, pictures.context_of(picture))
    cut = made.tiled(run, picture, manifest["picture"], tile, knobs)
    assert np.abs(whole.astype(int) - cut).max() <= (0 if precision == "int8" else 1)


def middle(knob: dict) -> np.ndarray:
    """A knob turned half, or two things mixed."""
    names = knob.get("names")
    return value_of(knob, f"{names[0]}:0.4,{names[-1]}:0.6" if names else (knob["min"] + knob["max"]) / 2)


COMMITTED = [
    path.parent
    for path in sorted((recipe.ROOT / "models").glob("*/*/model.int8.onnx"))
    if json.loads((path.parent / "model.json").read_text())["task"] == "picture"
]


@pytest.mark.parametrize("folder", COMMITTED, ids=["/".join(f.parts[-2:]) for f in COMMITTED])
def test_the_committed_files_agree_in_tiles_too(folder):
    manifest = json.loads((folder / "model.json").read_text())
    geometry = manifest["picture"]
    run = one(graph.session(folder / "model.int8.onnx"), geometry)
    picture = made.picture(8, 141, 173)
    knobs = {name: middle(knob) for name, knob in manifest["knobs"].items()}
    whole = run(picture, knobs, pictures.context_of(picture, geometry.get("context", 64)))
    cut = made.tiled(run, picture, geometry, 64, knobs)
    apart = np.abs(whole.astype(int) - cut)
    assert apart.mean() <= 3 if manifest["function"] == "stylize" else apart.max() == 0


def test_float_file_is_the_network(exported):
    picture = made.picture(4, 50, 70)
    run = runners.runner(exported.folder / "model.onnx", exported.training.network)
    mine = train.runner(exported.training.average)(picture, {})
    assert np.abs(run(picture, {}).astype(int) - mine).max() <= 1


def test_8_bit_file_holds_8_bits_of_range_reduced_weights(exported):
    model = onnx.load(exported.folder / "model.int8.onnx")
    narrow = [i for i in model.graph.initializer if i.data_type == onnx.TensorProto.INT8 and len(i.dims) == 4]
    assert len(narrow) >= 10
    assert all(np.abs(onnx.numpy_helper.to_array(i)).max() <= 64 for i in narrow)


def test_manifest(exported):
    manifest = exported.manifest
    members = (
        "function variant title summary task paper licence status weights from picture knobs resources quality speed"
    )
    assert set(manifest) == set(members.split())
    assert f"{manifest['function']}/{manifest['variant']}" == exported.recipe["name"]
    assert manifest["task"] == "picture"
    assert manifest["status"] == "ready"
    for row in manifest["weights"]:
        data = (exported.folder / row["file"]).read_bytes()
        assert set(row) == {"file", "precision", "sha256", "bytes", "parameters"}
        assert (row["bytes"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert row["bytes"] <= 6_000_000
    assert [row["precision"] for row in manifest["weights"]] == PRECISIONS
    geometry = manifest["picture"]
    assert set(geometry) <= {"scale", "multiple", "halo", "tile", "min", "max", "context"}
    assert geometry["halo"] >= exported.training.network.radius
    assert geometry["halo"] % geometry["multiple"] == 0
    assert geometry["tile"] % geometry["multiple"] == 0
    for knob in manifest["knobs"].values():
        assert knob["min"] <= knob["default"] <= knob["max"]
        assert knob["meaning"]
    assert {row["precision"] for row in manifest["speed"]} == set(PRECISIONS)


def test_card_and_sheet(exported):
    card = (exported.folder / "CARD.md").read_text()
    for row in exported.manifest["weights"]:
        assert row["sha256"] in card
    assert all(name in card for name in exported.recipe["data"])
    assert re.search(r"^## Limits$", card, re.M)
    assert 5_000 < (exported.folder / "sheet.jpg").stat().st_size <= 200_000


def test_a_refused_export_leaves_what_was_there(exported, tmp_path):
    def worse(run) -> list[dict]:
        worse.value -= 1
        return [{"set": "made", "metric": "PSNR", "unit": "dB", "value": worse.value}]

    worse.value = 30.0
    task = TASKS[exported.recipe["name"].split("/")[0]](exported.recipe)
    folder = tmp_path / exported.recipe["name"]
    folder.mkdir(parents=True)
    (folder / "model.json").write_text("before")
    weights = exported.training.average.state_dict()
    with pytest.raises(export.Refused):
        export.run(exported.recipe, weights, task.generated(made.some()), worse, tmp_path)
    assert [p.name for p in folder.iterdir()] == ["model.json"]
    assert (folder / "model.json").read_text() == "before"
    assert [p.name for p in folder.parent.iterdir()] == [folder.name]


def test_files_name_no_machine(exported):
    for name in export.FILES.values():
        data = (exported.folder / name).read_bytes()
        assert not re.search(rb"/(home|work|tmp|root|usr)/|site-packages|\.py\b", data)
    assert onnxruntime.__version__ == "1.31.1"
