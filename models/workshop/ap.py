"""Average precision of boxes, as COCO measures it at one overlap."""

from collections.abc import Iterable

import numpy as np

from workshop.boxes import Box, overlaps


def average_precision(hits: np.ndarray, truths: int) -> float:
    """Hits (bool, best score first) against a number of true boxes: precision at 101 recalls, averaged."""
    true = np.cumsum(hits)
    precision = true / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    at = np.searchsorted(true / truths, np.linspace(0, 1, 101) - 1e-12)
    return float(np.append(precision, 0.0)[np.minimum(at, len(precision))].mean())


def hits_of(given: list[Box], truth: np.ndarray, iou: float) -> list[bool]:
    """For boxes of one picture and class, best first: does each meet a true box [N,4] that no better one has taken?"""
    free, hits = np.ones(len(truth), bool), []
    for box in given:
        near = np.where(free, overlaps(np.array([box[:4]]), truth)[0], -1.0) if len(truth) else np.array([-1.0])
        best = int(near.argmax())
        hits.append(bool(near[best] >= iou))
        if hits[-1]:
            free[best] = False
    return hits


def mean_ap(pictures: Iterable[tuple[list[Box], np.ndarray]], iou: float = 0.5) -> tuple[float, dict[int, float]]:
    """Pairs of (boxes given, truth [N,5] of class x1 y1 x2 y2) -> mean over the classes present, and each class's."""
    pairs = list(pictures)
    each = {}
    for name in sorted({int(c) for _, truth in pairs for c in truth[:, 0]}):
        scored: list[tuple[float, bool]] = []
        count = 0
        for given, truth in pairs:
            mine = sorted((b for b in given if b[4] == name), key=lambda b: -b[5])
            theirs = truth[truth[:, 0] == name, 1:]
            count += len(theirs)
            scored += zip((b[5] for b in mine), hits_of(mine, theirs, iou), strict=True)
        scored.sort(key=lambda s: -s[0])
        each[name] = average_precision(np.array([h for _, h in scored], bool), count)
    return float(np.mean(list(each.values()))), each
