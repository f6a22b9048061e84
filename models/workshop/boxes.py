"""Boxes: the fit of a picture to a detector's size, overlap, suppression, and back to the picture's pixels."""

from collections.abc import Callable

import numpy as np
from PIL import Image

from workshop import pictures

Box = tuple[float, float, float, float, int, float]  # x1, y1, x2, y2, class, score
GREY = 114  # beside a letterboxed picture
CANDIDATES = 10_000  # that are weighed against each other, at most


def overlaps(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Intersection over union of boxes [N,4] and [M,4], x1 y1 x2 y2: [N,M]."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(2)
    area = [np.clip(v[:, 2:] - v[:, :2], 0, None).prod(1) for v in (a, b)]
    return both / np.maximum(area[0][:, None] + area[1][None] - both, 1e-9)


def suppressed(boxes: np.ndarray, scores: np.ndarray, threshold: float, iou: float, most: int) -> list[Box]:
    """Boxes [R,4] with scores [R,C]: those at or above the threshold after suppression by class, the best first."""
    row, kind = np.nonzero((scores >= threshold) & np.isfinite(boxes).all(1, keepdims=True))
    order = np.argsort(-scores[row, kind], kind="stable")[:CANDIDATES]
    row, kind = row[order], kind[order]
    kept: list[int] = []
    for name in np.unique(kind):
        left = np.flatnonzero(kind == name)
        while left.size:
            kept.append(int(left[0]))
            near = overlaps(boxes[row[left[:1]]], boxes[row[left[1:]]])[0]
            left = left[1:][near <= iou]
    best = sorted(kept)[:most]
    return [(*boxes[row[i]].tolist(), int(kind[i]), float(scores[row[i], kind[i]])) for i in best]


def letterboxed(picture: np.ndarray, size: int, multiple: int = 32) -> tuple[np.ndarray, np.ndarray]:
    """The longer side becomes `size`, then grey to the right and below up to a multiple, as the functions do.

    Also the new sides over the old ones, across and down: [2].
    """
    sides = np.array([picture.shape[1], picture.shape[0]])
    inner = np.maximum((sides * size + sides.max() // 2) // sides.max(), 1)
    small = pictures.resize(picture, *inner.tolist(), Image.Resampling.BILINEAR)
    edge = ((0, -inner[1] % multiple), (0, -inner[0] % multiple), (0, 0))
    return np.pad(small, edge, constant_values=GREY), inner / sides


def stretched(picture: np.ndarray, size: int) -> tuple[np.ndarray, np.ndarray]:
    """The picture as a square of `size`, as the functions do; also the new sides over the old ones, across and down: [2]."""
    small = pictures.resize(picture, size, size, Image.Resampling.BILINEAR)
    return small, size / np.array([picture.shape[1], picture.shape[0]])


def boxes_of(picture: np.ndarray, answer: Callable, size: int, knobs: dict, fit: str = "letterbox", multiple: int = 32):
    """Boxes (list of `Box`) in pixels of the picture, as served, from `answer(fitted) -> (boxes [R,4], scores [R,C])`.

    `fit`, `size`, `multiple`: how the picture is brought to the detector's size, as in a manifest. Knobs as in a request:
    `threshold` .3, `iou` .5, `max_boxes` 100.
    """
    height, width = picture.shape[:2]
    small, ratio = letterboxed(picture, size, multiple) if fit == "letterbox" else stretched(picture, size)
    boxes, scores = answer(small)
    told = knobs.get("threshold", 0.3), knobs.get("iou", 0.5), knobs.get("max_boxes", 100)
    found = suppressed(boxes / np.tile(ratio, 2), scores, *told)
    cut = ((*np.clip(box[:4], 0, [width, height, width, height]).tolist(), *box[4:]) for box in found)
    return [box for box in cut if box[0] < box[2] and box[1] < box[3]]  # the rest lay in the grey
