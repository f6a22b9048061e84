"""Reading and making pictures: uint8 arrays [H,W,3] RGB."""

import io
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from workshop.sets import SETS

ENDINGS = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


class Missing(SystemExit):
    """A set of pictures that is not there."""


def files(data: Path, name: str) -> list[Path]:
    """The picture files of one set, sorted by name; ends the program with one clear line when there are none."""
    folder = Path(data) / name
    folder = folder / "images" if (folder / "images").is_dir() else folder  # labels stand beside
    found = sorted(f for f in folder.glob("*") if f.suffix.lower() in ENDINGS) if folder.is_dir() else []
    if not found:
        print(
            f"workshop: no pictures in {folder}. Name with DATA= a folder of picture sets; this needs its set "
            f"'{name}': {SETS[name].what} (JPEG, PNG or WebP files).",
            file=sys.stderr,
        )
        raise Missing(2)
    return found


def dry(data: Path, name: str) -> list[Path]:
    """The set without the photographs that show real rain, as the table beside it tells (`<name>.tsv`: file, source)."""
    table = Path(data) / f"{name}.tsv"
    rows = [line.split("\t") for line in table.read_text().splitlines()] if table.is_file() else []
    wet = {row[0] for row in rows if "realrain" in row[1:2]}
    return [f for f in files(data, name) if f.name not in wet]


def read(path: Path) -> np.ndarray:
    """One picture as RGB."""
    return np.asarray(Image.open(path).convert("RGB"))


def read_set(data: Path, name: str) -> dict[str, np.ndarray]:
    """A set as {file name without ending: picture}."""
    return {f.stem: read(f) for f in files(data, name)}


def resize(picture: np.ndarray, width: int, height: int, how=Image.Resampling.BICUBIC) -> np.ndarray:
    """Antialiased resizing (Pillow's filters grow with the reduction)."""
    return np.asarray(Image.fromarray(picture).resize((width, height), how))


def shrink(picture: np.ndarray, factor: int) -> np.ndarray:
    """Antialiased bicubic reduction by a whole factor; the picture must be a multiple of it."""
    height, width = picture.shape[:2]
    return resize(picture, width // factor, height // factor)


def modulo(picture: np.ndarray, factor: int) -> np.ndarray:
    """Cut right and bottom to a multiple of the factor."""
    height, width = picture.shape[:2]
    return picture[: height - height % factor, : width - width % factor]


def context_of(picture: np.ndarray, side: int = 64) -> np.ndarray:
    """The whole picture as a network sees it beside a tile: aspect not kept, antialiased bilinear."""
    return resize(picture, side, side, Image.Resampling.BILINEAR)


def as_levels(picture: np.ndarray) -> torch.Tensor:
    """uint8 [H,W,3] -> float [1,3,H,W] of whole levels 0..255."""
    return torch.from_numpy(picture.copy()).permute(2, 0, 1)[None].float()


def jpeg(picture: np.ndarray, quality: int) -> np.ndarray:
    """The picture after JPEG of that quality (halved colour, Pillow's default)."""
    store = io.BytesIO()
    Image.fromarray(picture).save(store, "JPEG", quality=quality)
    return np.asarray(Image.open(store).convert("RGB"))


def luma(picture: np.ndarray) -> np.ndarray:
    """Y of BT.601 in studio range (16..235), as papers measure PSNR; float64."""
    return 16 + picture.astype(np.float64) @ np.array([65.481, 128.553, 24.966]) / 255


def psnr(a: np.ndarray, b: np.ndarray) -> float:
    """Peak signal-to-noise ratio in dB for a peak of 255."""
    error = np.mean((a.astype(np.float64) - b.astype(np.float64)) ** 2)
    return float(10 * np.log10(255**2 / max(error, 1e-10)))
