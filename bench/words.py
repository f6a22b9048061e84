"""What the peer does around networks of labels and boxes, in NumPy and Pillow."""

import numpy
from PIL import Image


def stretched(picture: Image.Image, side: int) -> numpy.ndarray:
    """Antialiased to a square: uint8 [1,side,side,3]."""
    return numpy.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))[None]


def letterboxed(picture: Image.Image, side: int, multiple: int) -> tuple[numpy.ndarray, float]:
    """The longer side becomes `side`, grey to a multiple right and below: (uint8 [1,H,W,3], pixels of it a pixel)."""
    scale = side / max(picture.size)
    width, height = (max(1, round(length * scale)) for length in picture.size)
    whole = numpy.full((-(-height // multiple) * multiple, -(-width // multiple) * multiple, 3), 114, numpy.uint8)
    whole[:height, :width] = picture.resize((width, height), Image.Resampling.BILINEAR)
    return whole[None], scale


def labels(scores: numpy.ndarray, names: list[str], top: int = 5) -> list[dict]:
    """The best classes of [classes]."""
    order = scores.argsort()[::-1][:top]
    return [{"class_id": int(each), "name": names[each], "score": float(scores[each])} for each in order]


def boxes(
    bounds: numpy.ndarray, scores: numpy.ndarray, names: list[str], threshold: float = 0.3, most: int = 100
) -> list[dict]:
    """The boxes of [M,4] and [M,classes] that stay after suppression by class, best first."""
    rows, classes = numpy.nonzero(scores >= threshold)
    bounds, scores = bounds[rows].astype(numpy.float64), scores[rows, classes]
    # One suppression for all classes: each class is moved to a place of its own.
    kept = suppressed(bounds + classes[:, None] * 1e5, scores)[:most]
    return [
        {
            "box": bounds[each].tolist(),
            "class_id": int(classes[each]),
            "name": names[classes[each]],
            "score": float(scores[each]),
        }
        for each in kept
    ]


def suppressed(bounds: numpy.ndarray, scores: numpy.ndarray, iou: float = 0.5) -> list[int]:
    """Greedy non-maximum suppression: the rows that stay, best first."""
    areas = (bounds[:, 2] - bounds[:, 0]) * (bounds[:, 3] - bounds[:, 1])
    order, kept = scores.argsort(kind="stable")[::-1], []
    while order.size:
        best, rest = order[0], order[1:]
        kept.append(int(best))
        low = numpy.maximum(bounds[best, :2], bounds[rest, :2])
        high = numpy.minimum(bounds[best, 2:], bounds[rest, 2:])
        shared = (high - low).clip(0).prod(1)
        order = rest[shared <= iou * (areas[best] + areas[rest] - shared)]
    return kept
