"""The SBOM: valid, complete, the same twice; and found out where it is not."""

import json
from pathlib import Path

import pytest

from infra.functions import ROOT, Wrong
from infra.images import debian, files, image, sbom, stage
from infra.images.files import place, write


@pytest.fixture(scope="module")
def root(tmp_path_factory) -> tuple[dict, Path]:
    """The document of an image with ffmpeg, and the files that the image would hold."""
    one = next(each for each in image.chosen() if each.function.programs)
    folder = tmp_path_factory.mktemp("root")
    write(folder / "program", "program")
    stage.fetch("runtime", *one.function.programs)
    for variant in one.function.variants:
        for file in stage.weights(variant, "cpu"):
            place(file, folder / "models" / one.function.name / variant.name / file.name)
    for source, target in stage.libraries("cpu", "amd64"):
        place(source, folder / target)
    for program in one.function.programs:
        place(stage.TOOLS / program, folder / "usr/bin" / program)
    for package in debian.packages("base", "amd64"):
        write(folder / "var/lib/dpkg/status.d" / package["name"], package["control"])
    return sbom.make(one, "0.1.0", folder / "program"), folder


# proves: B14
def test_it_is_valid_and_names_crates_packages_the_runtime_programs_and_weights(root: tuple[dict, Path]):
    document, folder = root
    sbom.check(document, folder)
    kinds = {each.get("purl", "pkg:none").split("/")[0] for each in document["components"]}
    assert kinds == {"pkg:cargo", "pkg:deb", "pkg:pypi", "pkg:none"}
    by_name = {each["name"]: each for each in document["components"]}
    assert len(by_name) > 200
    assert by_name["onnxruntime"]["hashes"][0]["content"] == files.digest(ROOT / ".tools/onnxruntime/libonnxruntime.so")
    assert by_name["imageio-ffmpeg"]["licenses"] == [{"expression": "GPL-3.0-or-later"}]
    weights = [each for each in document["components"] if each["type"] == "machine-learning-model"]
    assert weights and all(each["licenses"] and each["hashes"] for each in weights)
    crates = [each for each in document["components"] if each.get("purl", "").startswith("pkg:cargo/")]
    assert all(each.get("licenses") for each in crates)
    # The page's crate and the tests' are no part of it.
    assert not {"studio", "tests", "proptest"} & by_name.keys()


def test_it_is_the_same_twice(root: tuple[dict, Path]):
    document, folder = root
    one = next(each for each in image.chosen() if each.function.programs)
    assert sbom.make(one, "0.1.0", folder / "program") == document


def test_what_it_leaves_out_is_found(root: tuple[dict, Path], tmp_path: Path):
    document, folder = root
    for name in ("libc6", "onnxruntime", "imageio-ffmpeg"):
        less = document | {"components": [each for each in document["components"] if each["name"] != name]}
        with pytest.raises(Wrong, match="these are in the image and not told: "):
            sbom.check(less, folder)
    without = [each for each in document["components"] if each["type"] != "machine-learning-model"]
    with pytest.raises(Wrong, match=r"models/.*\.onnx"):
        sbom.check(document | {"components": without}, folder)


@pytest.mark.parametrize("spoil", [{"specVersion": 7}, {"serialNumber": "one"}, {"components": [{"name": "no type"}]}])
def test_what_is_not_cyclonedx_is_found(root: tuple[dict, Path], spoil: dict):
    document, folder = root
    with pytest.raises(Wrong, match="not valid CycloneDX"):
        sbom.check(json.loads(json.dumps(document)) | spoil, folder)
