"""The committed folders of models/: each file is traceable to the recipe that it was made by, and is whole."""

import hashlib
import json
import re

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from workshop import recipe
from workshop.sets import SETS
from workshop.tasks import TASKS

MODELS = recipe.ROOT / "models"
# Styles of one's own, made here by `make style`, are not of the repository.
FOLDERS = sorted(
    path.parent
    for path in MODELS.glob("*/*/model.json")
    if not json.loads(path.read_text())["from"].get("command", "").startswith("make style")
)
NAMES = [f"{folder.parent.name}/{folder.name}" for folder in FOLDERS]


@pytest.fixture(params=FOLDERS, ids=NAMES)
def shipped(request):
    """(folder, manifest) of one variant."""
    return request.param, json.loads((request.param / "model.json").read_text())


# proves: B15
def test_every_weights_file_is_traceable(shipped):
    folder, manifest = shipped
    assert f"{manifest['function']}/{manifest['variant']}" == f"{folder.parent.name}/{folder.name}"
    assert manifest["licence"]
    for row in manifest["weights"]:
        data = (folder / row["file"]).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert len(data) <= 6_000_000
    origin = manifest["from"]
    if "recipe" in origin:
        given = recipe.load(f"{manifest['function']}/{manifest['variant']}")
        assert origin["recipe"] == given["path"]
        assert f"NAME={given['name']}" in origin["command"]
        assert all(name in origin["data"] and SETS[name].licence for name in given["data"])
    else:
        assert {"address", "sha256", "converter"} <= set(origin)


# proves: D12, E08
def test_every_network_is_measured_and_shown(shipped):
    folder, manifest = shipped
    card = (folder / "CARD.md").read_text()
    assert all(row["sha256"] in card for row in manifest["weights"])
    assert re.search(r"^## Measured$", card, re.M)
    assert manifest["quality"]
    assert all(np.isfinite(row["value"]) for row in manifest["quality"])
    assert (folder / "sheet.jpg").stat().st_size > 5_000


def test_what_is_measured_was_not_trained_on(shipped):
    function, origin = shipped[1]["function"], shipped[1]["from"]
    given = recipe.load(f"{function}/{shipped[1]['variant']}")
    trained = {told.split()[0] for told in origin.get("data", "").split("), ") if told}
    assert trained <= SETS.keys()
    assert not trained & set(TASKS[function].measured_on)
    assert given["data"] or not given["steps"], "what was trained names its data"
    assert all(SETS[name].trained_on for name in given["data"])


def test_the_graphs_are_valid_and_hold_no_denormals(shipped):
    folder, manifest = shipped
    for row in manifest["weights"]:
        model = onnx.load(folder / row["file"])
        onnx.checker.check_model(model)
        for initializer in model.graph.initializer:
            values = numpy_helper.to_array(initializer)
            if values.dtype == np.float32:
                assert np.isfinite(values).all()
                small = np.abs(values[values != 0]).min(initial=1)
                assert small >= np.finfo(np.float32).tiny, initializer.name


def test_all_weights_together_are_small():
    files = [path for folder in FOLDERS for path in folder.glob("*.onnx") if not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) <= 40_000_000
    digests = [hashlib.sha256(path.read_bytes()).hexdigest() for path in files]
    assert len(set(digests)) == len(digests)
