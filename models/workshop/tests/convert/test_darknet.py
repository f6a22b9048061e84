"""The reader of darknet files and what its networks are made of, beside what OpenCV answered.

`files/darknet-tiny.weights` is random: two convolutions with batch norm and a head. `darknet-tiny.npz` is what the dnn module of OpenCV
4.14 gave for `given()`, whose batch norm has an epsilon of its own: rows of centre and side as parts of the picture, objectness,
scores.
"""

import struct
from pathlib import Path

import numpy as np
import pytest
import torch

from workshop import graph
from workshop.convert import networks
from workshop.convert.check import check
from workshop.convert.darknet_graph import Darknet, Head, Step
from workshop.convert.readers import Damaged, darknet

FILES = Path(__file__).parent / "files"
TINY = FILES / "darknet-tiny.weights"
SIDE = 8


class Tiny(Darknet):
    """RGB [1,3,8,8] in 0..1 -> 48 boxes."""

    side, fit, multiple = SIDE, "stretch", 1

    def __init__(self):
        super().__init__()
        steps = Step(3, 4, 3, 2), Step(4, 4, 3, 1, 4)
        self.all = torch.nn.Sequential(*steps, Head(4, 2, ((3, 4), (5, 2), (6, 7))))

    def forward(self, x: torch.Tensor):
        return self.all(x)


def given() -> torch.Tensor:
    """A picture by arithmetic, [1,3,8,8] in 0..1."""
    return (torch.arange(3 * SIDE * SIDE) * 37 % 101 / 100).reshape(1, 3, SIDE, SIDE)


def written(path: Path, numbers: np.ndarray, version=(0, 2, 5), seen: str = "q") -> list[Path]:
    """A file of these numbers."""
    path.write_bytes(struct.pack(f"<3i{seen}", *version, 77) + np.asarray(numbers, "<f4").tobytes())
    return [path]


# proves: D03
def test_boxes_and_scores_are_those_of_opencv():
    network = Tiny.made(darknet.read([TINY])).eval()
    with torch.no_grad():
        boxes, scores = network(given())
    rows = np.load(FILES / "darknet-tiny.npz")["rows"]
    centre, side = rows[:, :2] * SIDE, rows[:, 2:4] * SIDE
    rows = np.hstack([centre - side / 2, centre + side / 2, rows[:, 5:]])
    ours = np.hstack([boxes.numpy(), scores.numpy()])
    # OpenCV tells the anchors of a cell one after another, here the cells of an anchor are.
    ours = ours.reshape(3, -1, 84).transpose(1, 0, 2).reshape(-1, 84)
    np.testing.assert_allclose(ours, rows, atol=1e-4)


def test_it_is_written_and_answers_the_same(tmp_path):
    network = Tiny.made(darknet.read([TINY]))
    network.eval().write(tmp_path / "converted.onnx")
    check(network, tmp_path / "converted.onnx")
    picture = np.random.default_rng(1).integers(0, 256, (1, SIDE, SIDE, 3), np.uint8)
    answers = graph.session(tmp_path / "converted.onnx").run(["boxes", "scores"], {"picture": picture})
    with torch.no_grad():
        expected = network(torch.from_numpy(picture).permute(0, 3, 1, 2) / 255)
    for ours, theirs in zip(answers, expected, strict=True):
        np.testing.assert_allclose(ours, theirs.numpy(), rtol=1e-4, atol=1e-4)


def test_the_count_is_that_of_the_file():
    assert Tiny().count() == darknet.read([TINY]).values.size


def test_an_old_header_counts_its_pictures_in_four_bytes(tmp_path):
    assert darknet.read(written(tmp_path / "old.weights", [1, 2, 3], (0, 1, 0), "i")).values.tolist() == [1, 2, 3]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda data: data[:15], "is not a darknet file"),
        (lambda data: b"\x80\x05\x95" + data, "of a known version"),
        (lambda data: data[:-2], "does not end with a whole number"),
        (lambda data: data[:-4] + struct.pack("<f", float("nan")), "that are no numbers"),
        (lambda data: data[:-4], "ends too early"),
        (lambda data: data + data[-4:], "holds 1,452 numbers, the network has 1,451"),
    ],
    ids=["empty", "pickle", "torn", "nan", "short", "long"],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, change, says):
    path = tmp_path / "wrong.weights"
    path.write_bytes(change(TINY.read_bytes()))
    with pytest.raises(Damaged, match=f"wrong.weights .*{says}"):
        Tiny.made(darknet.read([path]))


def test_yolo_fastest_has_the_numbers_of_its_file():
    assert networks.definition("yolo-fastest")().count() == 346_062
