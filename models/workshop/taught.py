"""Pictures with a teacher's answers, made once and kept: what the detector learns from.

Teaching beside the training would cost as much as the training itself. So some thousand canvases (crops, shrunk
pictures, mosaics of four) are made once, the teacher looks at each, and the training cuts its samples out of them.
Labels correct the teacher: what it has missed is written into the rows of the cell that should have seen it.
"""

import io
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from tqdm import tqdm

from workshop import pictures
from workshop.boxes import GREY, overlaps
from workshop.networks.detector import CLASSES, corners, grid
from workshop.teachers import Yolox

LIMIT = 8.0  # logits are kept in steps of 1/16 between -LIMIT and LIMIT
PIXEL = 16  # coordinates are kept in sixteenths of a pixel


@dataclass
class Labelled:
    """A photograph and its true boxes [N,5]: class, x1, y1, x2, y2 in pixels; None where it has no labels."""

    picture: np.ndarray
    truth: np.ndarray | None


def labelled(data: Path, names: list[str]) -> list[Labelled]:
    """The photographs of the sets, with the labels that stand beside some of them."""
    return [Labelled(pictures.read(f), truth_of(f)) for name in names for f in pictures.files(data, name)]


def truth_of(path: Path) -> np.ndarray | None:
    """Labels of images/x.jpg from labels/x.txt (class, centre, size as parts of the picture)."""
    beside = path.parent.parent / "labels" / f"{path.stem}.txt"
    if path.parent.name != "images" or not beside.is_file():
        return None
    width, height = Image.open(path).size
    rows = np.array([line.split() for line in beside.read_text().splitlines()], np.float64).reshape(-1, 5)
    side = np.array([width, height, width, height])
    low, high = rows[:, 1:3] - rows[:, 3:] / 2, rows[:, 1:3] + rows[:, 3:] / 2
    return np.hstack([rows[:, :1], np.hstack([low, high]) * side])


def placed(canvas: np.ndarray, of: Labelled, box: tuple[int, int, int, int], scale: float, random) -> np.ndarray:
    """Draws the picture at `scale` (sides off by up to a sixth) into the canvas's box x1 y1 x2 y2; its truth there.

    Where it is larger than the box a random part of it is shown. Truth of which less than a third shows is dropped.
    """
    x1, y1, x2, y2 = box
    height, width = of.picture.shape[:2]
    stretch = float(np.exp(random.uniform(-0.15, 0.15)))
    sides = max(8, round(width * scale * stretch)), max(8, round(height * scale / stretch))
    picture = Image.fromarray(of.picture).resize(sides, Image.Resampling.BILINEAR)
    mirror = bool(random.integers(2))
    if mirror:
        picture = picture.transpose(Image.Transpose.FLIP_LEFT_RIGHT)
    dx, dy = (int(random.integers(min(0, room), max(0, room) + 1)) for room in (x2 - x1 - sides[0], y2 - y1 - sides[1]))
    whole = Image.new("RGB", (x2 - x1, y2 - y1), (GREY,) * 3)
    whole.paste(picture, (dx, dy))
    canvas[y1:y2, x1:x2] = np.asarray(whole)
    if of.truth is None:
        return np.zeros((0, 5))
    boxes = of.truth[:, 1:] * np.tile([sides[0] / width, sides[1] / height], 2)
    if mirror:
        boxes = np.stack([sides[0] - boxes[:, 2], boxes[:, 1], sides[0] - boxes[:, 0], boxes[:, 3]], 1)
    boxes = boxes + np.tile([dx + x1, dy + y1], 2)
    cut = np.clip(boxes, np.tile([x1, y1], 2), np.tile([x2, y2], 2))
    area, left = ((b[:, 2] - b[:, 0]) * (b[:, 3] - b[:, 1]) for b in (boxes, cut))
    return np.hstack([of.truth[:, :1], cut])[left > np.maximum(area / 3, 64)]


def canvas_of(draw, side: int, random) -> tuple[np.ndarray, np.ndarray]:
    """A canvas [side,side,3] and its truth [N,5]; `draw()` gives the next photograph.

    A quarter are fitted as when serving, four in ten larger or smaller and cut, the others mosaics of four.
    """
    canvas = np.full((side, side, 3), GREY, np.uint8)
    kind = random.random()
    if kind < 0.65:
        of = draw()
        fit = side / max(of.picture.shape[:2])
        scale = fit if kind < 0.25 else fit * float(np.exp(random.uniform(np.log(0.55), np.log(1.7))))
        return canvas, placed(canvas, of, (0, 0, side, side), scale, random)
    x, y = (int(random.uniform(0.3, 0.7) * side) for _ in range(2))
    truths = []
    for box in ((0, 0, x, y), (x, 0, side, y), (0, y, x, side), (x, y, side, side)):
        of = draw()
        fit = max(box[2] - box[0], box[3] - box[1]) / max(of.picture.shape[:2])
        truths.append(placed(canvas, of, box, fit * random.uniform(0.8, 1.6), random))
    return canvas, np.vstack(truths)


def logits(parts: np.ndarray) -> np.ndarray:
    """Probabilities -> logits cut to +-LIMIT, as whole numbers 0..255."""
    parts = np.clip(parts, 1e-6, 1 - 1e-6)
    return np.clip(np.rint((np.log(parts / (1 - parts)) + LIMIT) * 16), 0, 255).astype(np.uint8)


def corrected(scores: np.ndarray, boxes: np.ndarray, truth: np.ndarray, cells: np.ndarray) -> None:
    """Writes true boxes [N,5] that no row has found into rows: scores [R,81] (objectness, classes), boxes [R,4].

    The row is that of the cell in the box's middle, at the stride that fits the box's size.
    """
    for name, *box in truth:
        kind, box = int(name), np.array(box)
        mine = scores[:, 0] * scores[:, 1 + kind]
        near = np.flatnonzero(mine > 0.25)
        if near.size and overlaps(box[None], boxes[near]).max() > 0.5:
            continue
        side = np.sqrt((box[2:] - box[:2]).prod())
        stride = 8 if side < 48 else 16 if side < 112 else 32
        column, row = ((box[:2] + box[2:]) / 2 // stride).astype(int)
        at = np.flatnonzero((cells[:, 2] == stride) & (cells[:, 0] == column) & (cells[:, 1] == row))
        scores[at] = 0.004
        scores[at, 0], scores[at, 1 + kind], boxes[at] = 0.8, 0.9, box


def make(folder: Path, data: Path, sets: dict[str, float], count: int, side: int, seed: int) -> Path:
    """Canvases of the sets (each with its share) and the teacher's answers, in `folder`; kept ones are taken as they are."""
    told = {"sets": sets, "count": count, "side": side, "seed": seed}
    note = folder / "told.json"
    if note.is_file() and json.loads(note.read_text()) == told:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    note.unlink(missing_ok=True)
    random, teacher = np.random.default_rng(seed), Yolox()
    given = {name: labelled(data, [name]) for name in sets}
    names, shares = list(sets), np.array(list(sets.values())) / sum(sets.values())
    cells = grid(side, side).numpy()

    def draw() -> Labelled:
        of = given[names[random.choice(len(names), p=shares)]]
        return of[random.integers(len(of))]

    shape = (count, len(cells))
    kept = np.lib.format.open_memmap(folder / "logits.npy", "w+", np.uint8, (*shape, 1 + CLASSES))
    places = np.lib.format.open_memmap(folder / "boxes.npy", "w+", np.int16, (*shape, 4))
    ends, total = np.zeros(count + 1, np.int64), 0
    with (folder / "canvases.bin").open("wb") as store:
        for at in tqdm(range(count), desc="teacher", mininterval=10):
            canvas, truth = canvas_of(draw, side, random)
            packed = io.BytesIO()
            Image.fromarray(canvas).save(packed, "JPEG", quality=90)
            rows = teacher.rows(np.asarray(Image.open(packed)))
            boxes = corners(torch.from_numpy(rows[:, :4]), torch.from_numpy(cells)).numpy()
            scores = rows[:, 4:].copy()
            corrected(scores, boxes, truth, cells)
            kept[at], places[at] = logits(scores), np.clip(np.rint(boxes * PIXEL), -32768, 32767)
            ends[at + 1] = total = total + store.write(packed.getvalue())
    np.save(folder / "ends.npy", ends)
    note.write_text(json.dumps(told))
    return folder
