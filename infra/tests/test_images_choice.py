"""Which images there are, and what each holds: from the functions, their manifests and VARIANTS alone."""

import json
import shutil
from pathlib import Path

import pytest

from infra import functions
from infra.functions import ROOT, Wrong
from infra.images import image, make, stage

MODELLED = [each for each in functions.functions() if each.has_model]


def test_every_function_has_a_cpu_image_and_what_has_a_model_a_gpu_image():
    found = {each.name for each in image.chosen("", "cpu gpu")}
    wanted = {f"darkroom/{each.name}:cpu" for each in functions.functions()}
    assert found == wanted | {f"darkroom/{each.name}:gpu" for each in MODELLED}


@pytest.mark.parametrize(
    ("names", "flavours", "sentence"),
    [
        ("upscale nothing", "", "there is no nothing; there are: classify"),
        ("", "tpu", "there is no tpu; there are: cpu, gpu"),
    ],
)
def test_an_unknown_word_is_answered_by_the_known_ones(names: str, flavours: str, sentence: str):
    with pytest.raises(Wrong, match=sentence):
        image.chosen(names, flavours)


# proves: K04, B15
@pytest.mark.parametrize("function", MODELLED, ids=lambda each: each.name)
@pytest.mark.parametrize("flavour", ["cpu", "gpu"])
def test_an_image_holds_the_weights_that_are_served_there_in_a_layer_of_their_own(
    function, flavour: str, tmp_path: Path
):
    binary = tmp_path / "program"
    binary.write_bytes(b"program")
    one = image.Image(function, flavour)
    stage.own(one, binary, tmp_path)
    laid = tmp_path / one.folder
    for variant in function.variants:
        folder = laid / f"weights/models/{function.name}/{variant.name}"
        held = {path.name for path in folder.glob("*.onnx")}
        eight = any(each["precision"] == "int8" for each in variant.manifest["weights"])
        assert held == {"model.int8.onnx" if flavour == "cpu" and eight else "model.onnx"}
        assert json.loads((folder / "model.json").read_text()) == variant.manifest
        assert not variant.manifest.get("labels") or (folder / variant.manifest["labels"]).is_file()
    assert {path.name for path in (laid / "programs/usr/bin").glob("*")} == set(function.programs)
    assert (laid / "binary/usr/bin/function").readlink() == Path(function.name)
    assert not list((laid / "binary").rglob("*.onnx"))


def test_variants_names_what_an_image_holds(monkeypatch):
    monkeypatch.setenv("VARIANTS", "upscale=default,fast-x3")
    [one] = image.chosen("upscale")
    assert [variant.name for variant in one.function.variants] == ["default", "fast-x3"]


def test_weights_that_are_not_the_manifests_are_refused(tmp_path: Path, monkeypatch):
    function = MODELLED[0]
    folder = tmp_path / "models" / function.name / "default"
    shutil.copytree(ROOT / "models" / function.name / "default", folder)
    (folder / "model.int8.onnx").write_bytes(b"cut")
    variant = functions.Variant("default", json.loads((folder / "model.json").read_text()), folder)
    monkeypatch.setattr(stage, "ROOT", tmp_path)
    with pytest.raises(Wrong, match=f"models/{function.name}/default/model.int8.onnx is not the file"):
        stage.weights(variant, "cpu")


def test_an_images_licences_are_those_of_what_it_holds():
    for one in image.chosen("", "cpu gpu"):
        licences = make.arguments(one)["LICENCES"]
        assert ("GPL" in licences) == ("ffmpeg" in one.function.programs)
        assert ("NVIDIA" in licences) == (one.runtime == "gpu")


@pytest.fixture
def published(tmp_path: Path, monkeypatch):
    """A tree of one function with a default and a published variant; writes what is given of the latter's manifest."""
    function = MODELLED[0].name
    shutil.copytree(ROOT / "functions" / function, tmp_path / "functions" / function)
    shutil.copytree(ROOT / "models" / function / "default", tmp_path / "models" / function / "default")
    folder = tmp_path / "models" / function / "known"
    given = json.loads((ROOT / "models" / function / "default/model.json").read_text())
    rows = [{"file": "converted.onnx", "precision": "float"}, {"file": "converted.int8.onnx", "precision": "int8"}]
    given |= {"variant": "known", "status": "fetch", "weights": rows, "licence": "none stated", "terms": "unstated"}
    monkeypatch.setenv("VARIANTS", f"{function}=default,known")
    monkeypatch.setenv("ACCEPT_LICENCES", "")

    def write(**members) -> Path:
        folder.mkdir(exist_ok=True)
        (folder / "model.json").write_text(json.dumps(given | members))
        return folder

    return function, tmp_path, write


def test_a_published_variant_is_held_where_it_is_there_and_its_licence_accepted(published, monkeypatch):
    function, tree, write = published
    folder = write()
    with pytest.raises(
        Wrong, match=rf"{function}/known has the licence 'none stated' \(unstated\); ACCEPT_LICENCES=unst"
    ):
        functions.functions(tree)
    for word in ("all", "unstated", "none stated", "known", f"{function}/known", "copyleft, known"):
        monkeypatch.setenv("ACCEPT_LICENCES", word)
        with pytest.raises(
            Wrong, match=f"is not here; `make weights FUNCTION={function} MODEL=known ACCEPT_LICENCES=uns"
        ):
            functions.functions(tree)
    (folder / "converted.onnx").write_bytes(b"float")
    [one] = functions.functions(tree)
    assert [variant.name for variant in one.variants] == ["default", "known"]
    assert one.variants[1].files("cpu") == [folder / "converted.onnx"], "8 bits are not there"
    (folder / "converted.int8.onnx").write_bytes(b"int8")
    assert one.variants[1].files("cpu") == [folder / "converted.int8.onnx"]
    assert one.variants[1].files("gpu") == [folder / "converted.onnx"]
    label = make.arguments(image.Image(one, "cpu"))["LICENCES"]
    assert label.endswith(" AND LicenseRef-none-stated")
    [one] = functions.functions(tree, "")
    assert [variant.name for variant in one.variants] == ["default"], "held only by name"


def test_a_published_variant_that_nobody_has_says_why(published):
    function, tree, write = published
    write(status="upstream-only", terms="free", weights=[], reason="its makers send it to who asks")
    with pytest.raises(Wrong, match=f"{function}/known is not here; its makers send it to who asks"):
        functions.functions(tree)
    write(terms="free", weights=[])
    with pytest.raises(Wrong, match=f"`make weights FUNCTION={function} MODEL=known` fetches it"):
        functions.functions(tree)
