"""Quality and speed of converted files, put into their manifests: on the sets that the function's own networks are measured on."""

from pathlib import Path

import numpy as np

from workshop.convert.run import manifest_of, run_of
from workshop.convert.source import FILES, MODELS, put, sources
from workshop.runners import seconds, timed
from workshop.tasks import judge_of

QUICK = 0.7  # seconds for 320x240: a network that takes longer is timed at that size
ROUNDS = 4
SLOW = 4.0  # seconds a megapixel: a network that takes longer is measured on a part of the pictures, by the first measure alone


def run(data: Path, function: str | None = None, variant: str | None = None) -> int:
    """Measure every converted variant, or those named; 0."""
    for source in sources():
        wanted = function in (None, source.manifest["function"]) and variant in (None, source.manifest["variant"])
        if wanted and (source.folder / FILES["float"]).is_file():
            times = speed(source.name)
            rows = quality(source.name, data, quick=million(times[0]) > SLOW)
            tell(source.name, quality=rows, speed=times)
            print(f"{source.name}: {rows[0]['metric']} {rows[0]['value']} on {rows[0]['set']}", flush=True)
    return 0


def quality(name: str, data: Path, precision: str = "float", models: Path = MODELS, quick: bool = False) -> list[dict]:
    """Rows of `quality`, as `tasks.base.Task.measure` gives them."""
    rows = judge_of(manifest_of(name, models)).measure(run_of(name, precision, models), data, quick)
    return [{"precision": precision} | row for row in rows]


def million(row: dict) -> float:
    """Seconds a megapixel out of a row of `speed`."""
    width, height = map(int, row["size"].split("x"))
    return row["seconds"] / width / height * 1e6


def speed(name: str, models: Path = MODELS) -> list[dict]:
    """Rows of `speed`: seconds for 640x480 (slow networks: 320x240, labels and boxes: the network's own size) on 2 threads, the
    best of some rounds, of every file that is there."""
    told = manifest_of(name, models)["picture"]
    there = [precision for precision, file in FILES.items() if (models / name / file).is_file()]
    runs = {precision: run_of(name, precision, models) for precision in there}
    width, height = (told["size"],) * 2 if "size" in told else (320, 240)
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    if "size" not in told and seconds(runs["float"], picture) < QUICK:
        width, height = 640, 480
        picture = picture.repeat(2, 0).repeat(2, 1)
    return timed(runs, picture, ROUNDS)


def tell(name: str, models: Path = MODELS, **members) -> None:
    """Put members into a manifest."""
    put(models / name, manifest_of(name, models) | members)
