"""The pictures of the bench, made from the samples: JPEG of quality 90 with whole colours (4:4:4)."""

import io
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parent.parent
SIZES = {"64x64": (64, 64), "640x480": (640, 480), "4 MP": (2304, 1728), "24 MP": (6000, 4000)}
SAMPLES = ["landscape_field", "street_buses", "food_coffee", "night_rocket", "people_astronaut", "cat_chelsea"]


def make(folder: Path) -> dict[str, Path]:
    """Writes one picture a size and names them by size."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for name, size in SIZES.items():
        out = io.BytesIO()
        scene(size).save(out, "JPEG", quality=90, subsampling=0)
        paths[name] = folder / f"{name.replace(' ', '')}.jpg"
        paths[name].write_bytes(out.getvalue())
    return paths


def scene(size: tuple[int, int]) -> Image.Image:
    """One sample up to its own size; beyond, a wall of all of them, so that detail does not get thin."""
    width, height = size
    samples = [Image.open(ROOT / "samples" / f"{name}.jpg").convert("RGB") for name in SAMPLES]
    if width <= samples[0].width:
        return samples[0].resize(size, Image.Resampling.LANCZOS)
    wall = Image.new("RGB", size)
    columns, rows = -(-width // 640), -(-height // 480)
    for number in range(columns * rows):
        sample = samples[number % len(samples)].resize((640, 480), Image.Resampling.LANCZOS)
        wall.paste(sample, (number % columns * 640, number // columns * 480))
    return wall
