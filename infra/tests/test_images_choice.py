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
