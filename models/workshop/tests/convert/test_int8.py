"""The 8-bit file of a converted network is kept where it is good enough and faster, and told in the manifest."""

import json

import numpy as np
import pytest

from workshop.convert import convert, int8, measure
from workshop.tests import made as pictures
from workshop.tests.convert import made


@pytest.fixture
def converted(tmp_path):
    """A converted network of random weights in a folder of models of its own."""
    given = made.variant(tmp_path / "models", tmp_path / "mirror")
    convert.convert(given, [tmp_path / "mirror" / given.files[0].file])
    return given


def add(converted, monkeypatch, judge: made.Judge, took: dict[str, float]) -> str | None:
    """`int8.add` with made crops, another judge, and times of ours: those of so small a network say nothing."""
    monkeypatch.setattr(measure, "judge_of", lambda manifest: judge)
    rows = [{"precision": p, "size": "640x480", "threads": 2, "seconds": s} for p, s in took.items()]
    monkeypatch.setattr(measure, "speed", lambda name, models: rows)
    crops = [{"picture": pictures.picture(i, 48, 48)[None]} for i in range(6)]
    return int8.add(converted.name, None, converted.folder.parents[1], crops)


def told(converted) -> dict:
    return json.loads((converted.folder / "model.json").read_text())


# proves: D12
def test_it_is_added_beside_the_float_file(converted, monkeypatch):
    assert add(converted, monkeypatch, made.Judge(), {"float": 0.2, "int8": 0.1}) is None
    manifest = told(converted)
    assert [row["precision"] for row in manifest["weights"]] == ["float", "int8"]
    assert (converted.folder / manifest["weights"][1]["file"]).stat().st_size == manifest["weights"][1]["bytes"]
    assert [row["precision"] for row in manifest["quality"]] == ["float", "int8"]
    run = [measure.run_of(converted.name, p, converted.folder.parents[1]) for p in ("float", "int8")]
    picture = pictures.picture(9, 40, 52)
    plain, eighth = (each(picture, {}).astype(int) for each in run)
    assert 0 < np.abs(plain - eighth).max() < 40


@pytest.mark.parametrize(
    ("lost", "took", "says"),
    [
        (0.3, {"float": 0.2, "int8": 0.1}, "dB of PSNR on made, more than 0.1"),
        (0.0, {"float": 0.1, "int8": 0.2}, "no faster"),
    ],
)
def test_a_worse_or_slower_one_is_refused_and_leaves_nothing(converted, monkeypatch, lost, took, says):
    why = add(converted, monkeypatch, made.Judge(lost), took)
    assert says in why
    assert [row["precision"] for row in told(converted)["weights"]] == ["float"]
    assert sorted(path.name for path in converted.folder.iterdir()) == ["converted.onnx", "model.json"]
    assert [path.name for path in converted.folder.parent.iterdir()] == ["made-up"]
