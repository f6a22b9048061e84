"""Converted detectors, as files and as served, beside the originals in their own runtimes (`originals.py`)."""

import base64
import io
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from workshop import ap, pictures, taught
from workshop import recipe as recipes
from workshop.catalogue_test.conftest import DATA, MIRROR
from workshop.convert.run import manifest_of
from workshop.tasks import judge_of
from workshop.tasks.detect import MEASURED, NAMES

DETECTORS = ("yolox-nano", "fastestdet", "nanodet-plus-m-416", "yolo-fastest-1.1", "yolo-fastestv2")
# Its reference was made by an ONNX Runtime that took the zeros around a picture for none of it when it averages. OpenCV and the runtimes
# of today agree with each other, and are what the standard says.
OTHERWISE = {"fastestdet"}
LOSS = 0.02  # of AP50, either way
SHOWN = {"threshold": 0.25, "iou": 0.45}  # of the references
PYTHON = recipes.ROOT / ".tools/catalogue/bin/python"


@pytest.fixture(params=DETECTORS)
def detector(request) -> str:
    return request.param


@pytest.fixture
def run(run_by, detector):
    """`run(picture, knobs) -> boxes`."""
    return run_by(f"detect/{detector}")


@pytest.fixture(scope="module")
def originals():
    """`originals(detector, knobs, pictures)` -> what originals.py tells of each picture; the same is not run again."""
    kept: dict[tuple, list[dict]] = {}

    def of(detector: str, knobs: dict, files: list[Path]) -> list[dict]:
        asked = [detector, str(MIRROR), str(knobs["threshold"]), str(knobs["iou"]), *map(str, files)]
        if tuple(asked) not in kept:
            if not PYTHON.is_file():
                pytest.fail(".tools/catalogue is not there; `make catalogue-test` sets it up", pytrace=False)
            program = Path(__file__).with_name("originals.py")
            done = subprocess.run([PYTHON, program, *asked], capture_output=True, text=True, check=False)
            assert done.returncode == 0, f"{detector}: {done.stderr.strip().splitlines()[-1]}"
            kept[tuple(asked)] = json.loads(done.stdout)
        return kept[tuple(asked)]

    return of


def reference(detector: str) -> dict:
    return json.loads((MIRROR / "reference" / f"detect-{detector}.json").read_text())


@pytest.mark.parametrize("detector", [name for name in DETECTORS if name not in OTHERWISE])
def test_the_original_run_here_is_the_one_of_the_reference(originals, detector):
    (given,) = originals(detector, SHOWN, [MIRROR / "reference/input-detect.png"])
    told = reference(detector)
    for ours, theirs in zip(given["raw"], told["raw_outputs"], strict=True):
        assert ours["shape"] == theirs["shape"]
        assert all(abs(ours[name] - theirs[name]) < 2e-4 for name in ("mean", "std", "min", "max"))
    for box, row in zip(given["boxes"], told["detections"], strict=True):
        assert NAMES[box[4]] == row["class"]
        assert abs(box[5] - row["score"]) < 1e-4
        assert np.abs(np.subtract(box[:4], row["box_xyxy"])).max() < 0.02


def test_on_what_the_original_saw_the_boxes_are_the_same(run, originals, detector):
    file = MIRROR / "reference/input-detect.png"
    (given,) = originals(detector, SHOWN, [file])
    seen, whole = np.asarray(Image.open(io.BytesIO(base64.b64decode(given["fitted"])))), pictures.read(file)
    sides = np.array([seen.shape[1], seen.shape[0]] * 2)
    theirs = np.array([box[:4] for box in given["boxes"]]) * sides / np.array([whole.shape[1], whole.shape[0]] * 2)
    found = run(seen, SHOWN)
    assert [box[4] for box in found] == [box[4] for box in given["boxes"]]
    assert np.abs([a[5] - b[5] for a, b in zip(found, given["boxes"], strict=True)]).max() < 1e-3
    assert np.abs(np.array([box[:4] for box in found]) - theirs.clip(0, sides)).max() < 0.1


# proves: D12
def test_the_average_precision_is_the_originals(run, originals, detector, record_property):
    files = [file for file in pictures.files(DATA, "coco128-val") if taught.truth_of(file) is not None]
    assert len(files) == 72
    given = [[tuple(box) for box in told["boxes"]] for told in originals(detector, MEASURED, files)]
    theirs, _ = ap.mean_ap(zip(given, map(taught.truth_of, files), strict=True))
    (row,) = judge_of(manifest_of(f"detect/{detector}")).measure(run, DATA)
    record_property("AP50", f"{row['value']:.4f}, the original {theirs:.4f}")
    assert abs(row["value"] - theirs) <= LOSS


def test_a_box_lies_on_what_it_names(run):
    """The largest thing of a sample picture, known by eye: a bus in the middle of the street."""
    found = run(pictures.read(recipes.ROOT / "samples/street_buses.jpg"), SHOWN)
    bus = NAMES.index("bus")
    assert any(kind == bus for *_, kind, _ in found)
