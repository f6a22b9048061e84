"""A small part of the measuring, for CI: made damage on the pictures of samples/, bounds on what the functions serve."""

import sys
import time

import numpy as np

from workshop import pictures
from workshop import recipe as recipes
from workshop.quality import manifest_of
from workshop.served import Client, run_of, served
from workshop.tasks import TASKS

SAMPLES = recipes.ROOT / "samples"
Figure = tuple[str, float, float]  # what, figure, bound: at least


def sample(name: str, width: int | None = None) -> np.ndarray:
    """A sample picture, reduced to a width."""
    picture = pictures.read(SAMPLES / f"{name}.jpg")
    return pictures.resize(picture, width, round(picture.shape[0] * width / picture.shape[1])) if width else picture


def upscale(run) -> list[Figure]:
    """Reduced by 3 and enlarged again, against bicubic, on brightness."""
    truth = pictures.modulo(sample("cat_chelsea"), 3)
    small = pictures.shrink(truth, 3)
    plain = pictures.resize(small, truth.shape[1], truth.shape[0])
    given = [pictures.psnr(pictures.luma(truth), pictures.luma(p)) for p in (run(small, {}), plain)]
    return [("cat x3: dB over bicubic", given[0] - given[1], 0.7)]


def lowlight(run) -> list[Figure]:
    """Darkened by a gamma, with noise."""
    truth = sample("people_astronaut", 320)
    noise = np.random.default_rng(7).normal(0, 3, truth.shape)
    dark = np.clip(np.rint(255 * (truth / 255) ** 3.2 + noise), 0, 255).astype(np.uint8)
    return [("astronaut, gamma 3.2: PSNR", pictures.psnr(truth, run(dark, {})), 22.0)]


def derain(run) -> list[Figure]:
    """Bright streaks drawn over a picture; and the picture without them."""
    truth, random = sample("landscape_field", 320), np.random.default_rng(5)
    height, width = truth.shape[:2]
    rainy = truth.astype(np.float32)
    for _ in range(160):
        x, y, length = random.integers(width), random.integers(height), random.integers(14, 34)
        rows = np.arange(y, min(height, y + length))
        columns = (x + 0.2 * (rows - y)).astype(int)
        inside = columns < width
        rainy[rows[inside], columns[inside]] += 0.45 * (255 - rainy[rows[inside], columns[inside]])
    worn = np.rint(rainy).astype(np.uint8)
    gain = pictures.psnr(truth, run(worn, {})) - pictures.psnr(truth, worn)
    return [
        ("streaks: dB gained", gain, 2.0),
        ("without rain: PSNR to itself", pictures.psnr(truth, run(truth, {})), 42.0),
    ]


def dehaze(run) -> list[Figure]:
    """Haze that grows with the height in the picture."""
    truth = sample("street_buses", 480)
    share = np.linspace(0.35, 0.8, truth.shape[0])[:, None, None]
    hazy = np.rint(truth * share + 0.85 * 255 * (1 - share)).astype(np.uint8)
    gain = pictures.psnr(truth, run(hazy, {})) - pictures.psnr(truth, hazy)
    return [("haze: dB gained", gain, 4.0)]


def stylize(run) -> list[Figure]:
    """Two styles differ from the picture and from each other; the picture shows through."""
    picture = sample("people_astronaut", 256)
    names = TASKS["stylize"](recipes.load("stylize/default")).knobs["style"]["names"]
    first, second = (run(picture, {"style": name}) for name in names[:2])
    shapes = [pictures.resize(p, 32, 32).mean(2).ravel() for p in (picture, first, second)]
    seen = min(np.corrcoef(shapes[0], shape)[0, 1] for shape in shapes[1:])
    apart = np.abs(first.astype(float) - second).mean()
    return [("two styles: levels apart", float(apart), 15.0), ("content: correlation at 32x32", float(seen), 0.5)]


def classify(run) -> list[Figure]:
    """The probability of the right class."""
    street = sample("street_buses")
    cat, *cars = (
        run(sample("cat_chelsea"), {})[3],
        run(street[310:456, 395:600], {})[1],
        run(street[255:420, 100:290], {})[1],
    )
    return [("cat: probability", float(cat), 0.5), ("two cars: least probability", float(min(cars)), 0.5)]


def detect(run) -> list[Figure]:
    """The best score of what is there and large; the starter misses the close cat, and mistakes the buses for one thing."""
    asked = (("people_astronaut", 0, "person"), ("street_buses", 2, "car"))
    rows = []
    for name, which, word in asked:
        found = [box[5] for box in run(sample(name), {"threshold": 0.05}) if box[4] == which]
        rows.append((f"{word}: best score", max(found, default=0.0), 0.3))
    return rows


MEASURES = {
    "upscale": upscale,
    "lowlight": lowlight,
    "derain": derain,
    "dehaze": dehaze,
    "stylize": stylize,
    "classify": classify,
    "detect": detect,
}


def run(url: str | None = None) -> int:
    """Print a line a figure; 0 when all reach their bounds, 1 otherwise. `url`: where functions run already."""
    begun, missed = time.monotonic(), 0
    for function, measure in MEASURES.items():
        task = TASKS[function](recipes.load(f"{function}/default"))
        manifest = manifest_of(f"{function}/default")
        if not manifest:
            missed += 1
            print(f"{function:9} there is no default network  MISSED")
            continue
        with served(function, url) as base:
            figures = measure(run_of(Client(base), task, manifest))
        for what, figure, bound in figures:
            missed += figure < bound
            print(f"{function:9} {what:36} {figure:8.3f}  >= {bound:5.2f}  {'met' if figure >= bound else 'MISSED'}")
    print(f"{missed} missed, {time.monotonic() - begun:.0f} s", file=sys.stderr)
    return int(missed > 0)
