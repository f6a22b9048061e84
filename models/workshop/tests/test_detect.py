"""Detection: average precision, suppression, the letterbox, the grid and its windows, corrections, the face."""

import hashlib

import numpy as np
import onnxruntime
import pytest
import torch
from PIL import Image

from workshop import ap, boxes, distil, mirror, recipe, taught, train
from workshop.networks.detector import WIDTHS, Detector, coded, corners, decode, grid
from workshop.networks.face_boxes import DetectorFace, folded
from workshop.tasks import detect
from workshop.teachers import PLACES
from workshop.tests import made


def truth(*rows) -> np.ndarray:
    """True boxes [N,5]."""
    return np.array(rows, np.float64).reshape(-1, 5)


ONE = truth([0, 10, 10, 50, 50])
GOOD, OFF = (11, 11, 50, 50), (10, 10, 29, 50)  # overlap with it: .95 and .475


@pytest.mark.parametrize(
    ("pairs", "value"),
    [
        ([([(*GOOD, 0, 0.4)], ONE)], 1.0),
        ([([(*OFF, 0, 0.9)], ONE)], 0.0),
        ([([(*GOOD, 1, 0.9)], ONE)], 0.0),  # another class
        ([([], ONE)], 0.0),
        ([([(*GOOD, 0, 0.8), (*GOOD, 0, 0.9)], ONE)], 1.0),  # the double comes after full recall
        ([([(*GOOD, 0, 0.4), (*OFF, 0, 0.9)], ONE)], 0.5),
        ([([(*GOOD, 0, 0.9)], ONE), ([], ONE)], 51 / 101),  # recalls 0 .. .5 of 101
        ([([(*GOOD, 0, 0.3)], ONE), ([(*OFF, 0, 0.6), (*GOOD, 0, 0.5)], ONE)], 2 / 3),
        ([([(*GOOD, 0, 0.9)], np.vstack([ONE, truth([3, 0, 0, 9, 9])]))], 0.5),  # mean over two classes
    ],
)
def test_average_precision_of_hand_made_cases(pairs, value):
    assert ap.mean_ap(pairs)[0] == pytest.approx(value)


def test_a_true_box_is_taken_once_by_the_best():
    assert ap.hits_of([(*GOOD, 0, 0.9), (10, 10, 50, 50, 0, 0.8)], ONE[:, 1:], 0.5) == [True, False]


def test_suppression_is_a_class_and_keeps_the_best_first():
    places = np.array([[0, 0, 40, 40], [2, 0, 42, 40], [100, 0, 140, 40]], np.float64)
    scores = np.array([[0.5, 0.6], [0.7, 0.1], [0.9, 0.2]])
    kept = boxes.suppressed(places, scores, 0.15, 0.5, 10)
    assert [(b[0], b[4], b[5]) for b in kept] == [(100, 0, 0.9), (2, 0, 0.7), (0, 1, 0.6), (100, 1, 0.2)]
    assert len(boxes.suppressed(places, scores, 0.15, 0.5, 2)) == 2
    assert boxes.suppressed(places, scores, 0.95, 0.5, 10) == []


@pytest.mark.parametrize(
    ("height", "width", "fitted"), [(480, 640, (64, 64)), (640, 480, (64, 64)), (30, 96, (32, 64))]
)
def test_the_letterbox_is_mapped_back(height, width, fitted):
    picture = np.full((height, width, 3), 200, np.uint8)
    seen = []

    def answer(given: np.ndarray):
        seen.append(given)
        small = (given == 200).all(2)
        rows, columns = np.flatnonzero(small.any(1)), np.flatnonzero(small.any(0))
        assert (given[rows[-1] + 1 :] == boxes.GREY).all()
        assert (given[:, columns[-1] + 1 :] == boxes.GREY).all()
        return np.array([[0, 0, columns[-1] + 1, rows[-1] + 1]], np.float64), np.array([[0.9]])

    ((*box, kind, score),) = boxes.boxes_of(picture, answer, 64, {})
    assert seen[0].shape == (*fitted, 3)
    assert box == pytest.approx([0, 0, width, height], abs=width / 64)
    assert (kind, score) == (0, 0.9)


def test_the_grid_is_the_teachers():
    cells = grid(416, 416)
    assert len(cells) == 3549
    assert cells[53].tolist() == [1, 1, 8]
    assert cells[52 * 52].tolist() == [0, 0, 16]
    assert cells[-1].tolist() == [12, 12, 32]
    assert len(grid(64, 96)) == 8 * 12 + 4 * 6 + 2 * 3


def test_boxes_are_decoded_as_told():
    cells = torch.tensor([[3.0, 2.0, 16.0]])
    box = corners(torch.tensor([[0.5, 0.25, np.log(2), np.log(4)]]), cells)
    assert box[0].tolist() == pytest.approx([56 - 16, 36 - 32, 56 + 16, 36 + 32], rel=1e-5)
    assert corners(coded(box, cells), cells)[0].tolist() == pytest.approx(box[0].tolist(), rel=1e-5)
    rows = torch.zeros(len(grid(32, 32)), 85)
    places, scores = decode(rows, 32, 32)
    assert scores.unique().tolist() == [0.25]
    assert places[0].tolist() == [-4, -4, 4, 4]


@pytest.fixture(scope="module")
def canvases(tmp_path_factory):
    """Two canvases of 96 pixels with one sure box each, as `taught` keeps them."""
    folder, cells = tmp_path_factory.mktemp("taught"), grid(96, 96).numpy()
    store, ends = b"", [0]
    scores, places = np.full((2, len(cells), 81), 0.001), np.zeros((2, len(cells), 4))
    for at, box in enumerate(([40, 36, 60, 66], [34, 40, 90, 92])):
        picture = made.picture(at, 96, 96)
        picture[box[1] : box[3], box[0] : box[2]] = 255
        beside = folder / "one.png"
        Image.fromarray(picture).save(beside)
        store += beside.read_bytes()
        ends.append(len(store))
        taught.corrected(scores[at], places[at], truth([7, *box]), cells)
    (folder / "canvases.bin").write_bytes(store)
    np.save(folder / "ends.npy", ends)
    np.save(folder / "logits.npy", taught.logits(scores))
    np.save(folder / "boxes.npy", np.rint(places * taught.PIXEL).astype(np.int16))
    return folder


def test_windows_carry_their_boxes_along(canvases):
    samples = detect.Samples(canvases, [64], 5)
    found = 0
    for _ in range(12):
        levels, logits, places = samples.batch(2)
        assert levels.shape == (2, 64, 64, 3)
        cells = grid(64, 64)
        assert logits.shape == (2, len(cells), 81)
        scores = torch.sigmoid(logits.float() / 16 - taught.LIMIT)
        for picture, one, rows in zip(levels, places, scores, strict=True):
            for at in torch.nonzero(rows[:, 0] * rows[:, 8] > 0.5)[:, 0]:
                x1, y1, x2, y2 = one[at].tolist()
                middle = (cells[at, :2] + 0.5) * cells[at, 2]
                assert abs(middle[0] - (x1 + x2) / 2) <= 32
                assert x1 <= middle[0] <= x2
                assert y1 <= middle[1] <= y2
                inside = picture[round(y1) : round(y2), round(x1) : round(x2)].float()
                whole = inside.std((0, 1)).max()  # a white box stays of one colour under every tint
                assert whole == 0
                found += 1
    assert found > 5


def test_a_mirrored_window_mirrors_rows_and_boxes():
    cells = grid(64, 64).numpy()
    plain = detect.rows_of(cells, 64, 0, 0, 64, False)
    turned = detect.rows_of(cells, 64, 0, 0, 64, True)
    assert (plain == cells).all()
    assert (turned[:, 0] == 64 / cells[:, 2] - 1 - cells[:, 0]).all()
    assert (turned[:, 1:] == cells[:, 1:]).all()
    part = detect.rows_of(grid(96, 96).numpy(), 96, 32, 0, 64, False)
    assert (part[:, 0] - cells[:, 0] == 32 / cells[:, 2]).all()
    assert (part[:, 1:] == cells[:, 1:]).all()


def test_labels_are_written_where_the_teacher_saw_nothing():
    cells = grid(64, 64).numpy()
    scores, places = np.full((len(cells), 81), 0.001), np.zeros((len(cells), 4))
    told = truth([3, 20, 8, 40, 28])
    taught.corrected(scores, places, told, cells)
    at = int((scores[:, 0] * scores[:, 4]).argmax())
    assert cells[at].tolist() == [3, 2, 8]
    assert places[at].tolist() == told[0, 1:].tolist()
    before = scores.copy()
    taught.corrected(scores, places, told, cells)  # now it is seen
    assert (scores == before).all()


def test_placed_truth_stays_on_its_thing():
    picture = np.zeros((60, 90, 3), np.uint8)
    picture[20:40, 30:70] = 255
    of = taught.Labelled(picture, truth([5, 30, 20, 70, 40]))
    for seed in range(8):
        canvas = np.full((128, 128, 3), boxes.GREY, np.uint8)
        told = taught.placed(canvas, of, (32, 0, 128, 96), 1.2, np.random.default_rng(seed))
        assert (canvas[:, :32] == boxes.GREY).all()
        y, x = np.nonzero((canvas > 127).all(2))
        assert told[0, 1:] == pytest.approx([x.min(), y.min(), x.max() + 1, y.max() + 1], abs=2)


def test_the_loss_is_least_for_the_teachers_own_rows():
    cells = grid(64, 64)
    random = torch.Generator().manual_seed(1)
    told = torch.randn(len(cells), 85, generator=random) * 2
    told[:, :4] = torch.rand(len(cells), 4, generator=random)
    logits = ((told[:, 4:].clamp(-7, 7) + taught.LIMIT) * 16).round().byte()
    places = corners(told[:, :4], cells)
    same = told.clone()
    same[:, 4:] = logits.float() / 16 - taught.LIMIT
    best = distil.rows_loss(same, logits, places, cells)
    for part in (slice(0, 2), slice(2, 4), slice(5, 85)):
        other = same.clone()
        other[:, part] += 0.5
        assert distil.rows_loss(other, logits, places, cells) > best + 0.01
    assert distil.overlap(places, places).min() > 0.999


NARROW = {"size": 64, "widths": [8, 8, 16, 16], "heads": [16, 16, 16]}


@pytest.fixture(scope="module")
def network() -> Detector:
    """A narrow network whose batch norms have seen something."""
    torch.manual_seed(3)
    given = Detector(**NARROW)
    with torch.no_grad():
        given.train()(torch.rand(4, 3, 64, 64) * 255)
    return given.eval()


def test_parts_have_the_teachers_widths_and_take_its_features(network):
    levels = torch.rand(1, 3, 64, 96) * 255
    with torch.no_grad():
        read, given = network.parts(levels)
        assert [g.shape[1] for g in given] == [*WIDTHS[:4], *[WIDTHS[4]] * 4]
        assert [64 // g.shape[2] for g in given] == [4, 8, 16, 32, 16, 8, 16, 32]
        again, same = network.parts(levels, given)
        assert all(torch.allclose(a, b, atol=1e-4) for a, b in zip(same, given, strict=True))
        _, other = network.parts(levels * 0, given)  # only the first part looks at the picture
        moved = [not torch.allclose(a, b, atol=1e-4) for a, b in zip(other, given, strict=True)]
        assert moved == [True] + [False] * 7
        assert torch.allclose(network.rows(again), network(levels), atol=1e-3)
    assert len(PLACES) == len(given)


def test_features_need_only_match_where_the_teacher_has_something():
    told = torch.tensor([-0.2, 1.0, 2.0, -0.1]).view(1, 1, 1, 4)
    assert distil.features_loss(torch.tensor([-3.0, 1.0, 2.0, -1.0]).view(1, 1, 1, 4), told) == 0
    assert distil.features_loss(torch.tensor([0.5, 1.0, 2.0, -1.0]).view(1, 1, 1, 4), told) > 0
    assert distil.features_loss(torch.tensor([-3.0, 1.0, 1.0, -1.0]).view(1, 1, 1, 4), told) > 0


def test_a_short_training_learns(canvases, tmp_path):
    short = {"network": NARROW, "batch": 2, "steps": 80, "forced": 0, "drawn": 0, "warm": 1, "rate": 3e-3}
    given = recipe.load("detect/default") | short
    training = train.Training(given, detect.Task(given), tmp_path)
    samples = detect.Samples(canvases, [64], 1)
    losses = [training.advance(detect.Task(given), samples, step / 80) for step in range(80)]
    assert np.isfinite(losses).all()
    assert np.mean(losses[-5:]) < 0.8 * np.mean(losses[:5])


def test_a_missing_or_changed_file_of_published_weights_is_refused(tmp_path, monkeypatch):
    digest = hashlib.sha256(b"right").hexdigest()
    monkeypatch.setenv("WEIGHTS_MIRROR", str(tmp_path))
    with pytest.raises(SystemExit, match="WEIGHTS_MIRROR="):
        mirror.published("detect/one.onnx", digest)
    (tmp_path / "detect").mkdir()
    (tmp_path / "detect/one.onnx").write_bytes(b"right")
    assert mirror.published("detect/one.onnx", digest) == b"right"
    (tmp_path / "detect/one.onnx").write_bytes(b"wrong")
    with pytest.raises(SystemExit, match="SHA-256 is not"):
        mirror.published("detect/one.onnx", digest)
    monkeypatch.setenv("WEIGHTS_MIRROR", "")
    with pytest.raises(SystemExit, match="there is no ../shared/weights/detect/one.onnx"):
        mirror.published("detect/one.onnx", digest)


def test_folding_changes_no_answer(network):
    levels = torch.rand(1, 3, 64, 96) * 255
    with torch.no_grad():
        assert torch.allclose(folded(network)(levels), network(levels), atol=1e-4)
    assert not any("norm" in name for name, _ in folded(network).named_parameters())


def test_the_default_is_small():
    given = recipe.load("detect/default")
    assert sum(p.numel() for p in Detector(**given["network"]).parameters()) <= 1_500_000


def test_the_face_takes_any_multiple_of_32(network, tmp_path):
    from workshop import export, graph

    face = DetectorFace(network)
    path = tmp_path / "model.onnx"
    graph.write_float(face, path, *export.inputs_of(face))
    session = onnxruntime.InferenceSession(str(path))
    assert [o.name for o in session.get_outputs()] == ["boxes", "scores"]
    for height, width in ((64, 96), (32, 32), (160, 64)):
        picture = np.random.default_rng(1).integers(0, 256, (1, height, width, 3), np.uint8)
        places, scores = session.run(None, {"picture": picture})
        rows = len(grid(height, width))
        assert (places.shape, scores.shape) == ((rows, 4), (rows, 80))
        assert (places.dtype, scores.dtype) == (np.float32, np.float32)
        with torch.no_grad():
            told = face(torch.from_numpy(picture))
        assert np.allclose(places, told[0], atol=1e-2)
        assert np.allclose(scores, told[1], atol=1e-4)
