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
MANIFESTS = {path.parent: json.loads(path.read_text()) for path in sorted(MODELS.glob("*/[!.]*/model.json"))}
# Styles of one's own, made here by `make style`, are not of the repository.
FOLDERS = [
    folder
    for folder, manifest in MANIFESTS.items()
    if manifest["status"] == "ready" and not manifest["from"].get("command", "").startswith("make style")
]
NAMES = [f"{folder.parent.name}/{folder.name}" for folder in FOLDERS]
PUBLISHED = [manifest for manifest in MANIFESTS.values() if manifest["status"] != "ready"]
TERMS = {"free", "non-commercial", "copyleft", "unstated"}


@pytest.fixture(params=FOLDERS, ids=NAMES)
def shipped(request):
    """(folder, manifest) of one variant."""
    return request.param, MANIFESTS[request.param]


@pytest.fixture(params=PUBLISHED, ids=lambda manifest: f"{manifest['function']}/{manifest['variant']}")
def published(request):
    """The manifest of one variant whose weights are not of the repository."""
    return request.param


# proves: B15
def test_every_weights_file_is_traceable(shipped):
    folder, manifest = shipped
    assert f"{manifest['function']}/{manifest['variant']}" == f"{folder.parent.name}/{folder.name}"
    assert manifest["licence"]
    for row in manifest["weights"]:
        data = (folder / row["file"]).read_bytes()
        assert (row["bytes"], row["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert len(data) <= 6_000_000
    origin, given = manifest["from"], recipe.load(f"{manifest['function']}/{manifest['variant']}")
    assert origin["recipe"] == given["path"]
    assert f"NAME={given['name']}" in origin["command"]
    assert all(name in origin["data"] and SETS[name].licence for name in given["data"])


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


# proves: B15
def test_every_published_variant_tells_what_it_is_and_under_which_terms(published):
    for member in ("title", "summary", "licence"):
        assert published[member].strip(), member
    assert published["title"] != published["variant"], "a few words, not the name again"
    assert published["status"] == "broken" or published["paper"].startswith("https://")
    assert published["terms"] in TERMS
    assert published["variant"] != "default"
    assert set(published.get("family", {"name", "title"})) == {"name", "title"}
    if published["status"] != "fetch":
        assert published["reason"].strip()


# proves: B15
def test_every_fetched_file_is_known_by_its_digest_and_address(published):
    if published["status"] != "fetch":
        assert published["from"], "where its makers tell of it"
        return
    origin = published["from"]
    assert origin["converter"]
    assert origin["format"]
    assert origin["files"]
    for file in origin["files"]:
        assert re.fullmatch(r"[0-9a-f]{64}", file["sha256"])
        assert file["bytes"] > 0
        assert ("address" in file) != ("package" in file)
    for row in published["weights"]:
        assert row["file"] in ("converted.onnx", "converted.int8.onnx")
        assert re.fullmatch(r"[0-9a-f]{64}", row["sha256"])


def test_a_default_is_free():
    defaults = [manifest for manifest in MANIFESTS.values() if manifest["variant"] == "default"]
    assert {manifest["function"] for manifest in defaults} == set(TASKS)
    assert all(manifest.get("terms", "free") == "free" for manifest in defaults)


def test_a_family_has_one_title_and_no_variants_name():
    titles: dict[tuple, set] = {}
    names = {(manifest["function"], manifest["variant"]) for manifest in MANIFESTS.values()}
    for manifest in MANIFESTS.values():
        if "family" in manifest:
            key = manifest["function"], manifest["family"]["name"]
            titles.setdefault(key, set()).add(manifest["family"]["title"])
    assert all(len(each) == 1 for each in titles.values()), titles
    assert not titles.keys() & names
