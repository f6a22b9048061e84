"""Before/after sheets: rows of pictures side by side with a label above each; and pages of them to be looked at."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from workshop import pictures

LABEL = 16
WIDTH, ROWS = 1600, 12  # of a page: pixels, rows


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


Group = list[tuple[str, np.ndarray]]


def pages(groups: list[Group], path: Path, height: int = 200) -> list[Path]:
    """Pictures that belong together (input, output, target), as many groups beside each other as fit; <path>-1.png, ..."""
    lines: list[Group] = []
    for group in groups:
        group = [(label, low(picture, height)) for label, picture in group]
        room = WIDTH - sum(picture.shape[1] + 4 for _, picture in lines[-1]) if lines else -1
        if sum(picture.shape[1] + 4 for _, picture in group) > room:
            lines.append([])
        lines[-1] += group
    written = []
    for at in range(0, len(lines), ROWS):
        written.append(path.with_name(f"{path.name}-{1 + at // ROWS}.png"))
        Image.fromarray(joined(lines[at : at + ROWS])).save(written[-1])
    return written


def low(picture: np.ndarray, height: int) -> np.ndarray:
    """As high as a row of a page."""
    return pictures.resize(picture, round(picture.shape[1] * height / picture.shape[0]), height)


def against(truth: np.ndarray, picture: np.ndarray, seen=np.asarray) -> str:
    """PSNR as a label; `seen` picks what is compared."""
    return f"{pictures.psnr(seen(truth), seen(picture)):.2f} dB"
