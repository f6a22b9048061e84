"""Before/after sheets: rows of pictures side by side with a label above each."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

LABEL = 16


def save(rows: list[list[tuple[str, np.ndarray]]], path: Path, largest: int = 200_000) -> None:
    """Rows of (label, picture of one height a row) as a JPEG of at most `largest` bytes."""
    whole = joined(rows)
    for quality in (92, 85, 75, 60, 45):
        Image.fromarray(whole).save(path, quality=quality, optimize=True)
        if path.stat().st_size <= largest:
            return


def joined(rows: list[list[tuple[str, np.ndarray]]]) -> np.ndarray:
    """Rows of (label, picture of one height a row) as one picture."""
    lines = [line(row) for row in rows]
    width = max(part.shape[1] for part in lines)
    return np.vstack([np.pad(p, ((0, 0), (0, width - p.shape[1]), (0, 0)), constant_values=255) for p in lines])


def line(row: list[tuple[str, np.ndarray]]) -> np.ndarray:
    """One row of labelled pictures."""
    cells = []
    for label, picture in row:
        head = Image.new("RGB", (picture.shape[1] + 4, LABEL), "white")
        ImageDraw.Draw(head).text((2, 2), label, fill="black")
        cells.append(np.vstack([np.asarray(head), np.pad(picture, ((0, 4), (0, 4), (0, 0)), constant_values=255)]))
    return np.hstack(cells)
