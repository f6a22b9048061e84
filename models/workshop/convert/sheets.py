"""A contact sheet of a function over all its variants: the same pictures through each, side by side, to be looked at."""

from pathlib import Path

import numpy as np

from workshop import pictures, sheet
from workshop import recipe as recipes
from workshop.convert.run import manifest_of, run_of
from workshop.convert.source import FILES, MODELS, Wrong, sources
from workshop.tasks.detect import drawn

HEIGHT = 220  # pixels of a row
SIDE = 400  # of what a network is given
SHOWN = {  # set of DATA (or samples/) and the files of it
    "upscale": [("set5", "butterfly"), ("set14", "comic")],
    "dehaze": [("dehaze-real", 0), ("dehaze-pairs", 2), ("samples", "street_buses")],
    "derain": [("rain100l", 1), ("samples", "people_astronaut")],
    "lowlight": [("lowlight-dicm", 1), ("lowlight-dicm", 7), ("samples", "night_rocket")],
    "stylize": [("samples", "people_astronaut"), ("samples", "landscape_field")],
    "detect": [("samples", "street_buses"), ("samples", "cat_chelsea")],
    "classify": [("samples", "cat_chelsea"), ("samples", "street_buses")],
}


def run(data: Path, function: str | None = None) -> int:
    """Writes out/sheets/catalogue-<function>-<number>.png; 0."""
    if function and function not in SHOWN:
        raise Wrong(f"there is no function {function}; there are: {', '.join(SHOWN)}")
    folder = recipes.ROOT / "out" / "sheets"
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name in [function] if function else SHOWN:
        shown = [photograph(data, *each) for each in SHOWN[name]]
        groups = [[("input", picture) for picture in shown]]
        for source in sources():
            if source.manifest["function"] == name and (source.folder / FILES["float"]).is_file():
                groups.append([(source.manifest["variant"], answer(source.name, picture)) for picture in shown])
        written += sheet.pages(groups, folder / f"catalogue-{name}", HEIGHT)
    print("\n".join(f"written: {path.relative_to(recipes.ROOT)}" for path in written))
    return 0


def photograph(data: Path, of: str, which: str | int) -> np.ndarray:
    """A picture by its name, or by its place in its set, its longer side at most `SIDE`."""
    there = pictures.files(recipes.ROOT if of == "samples" else data, of)
    file = there[which] if isinstance(which, int) else next(f for f in there if f.stem == which)
    picture = pictures.read(file)
    share = min(1.0, SIDE / max(picture.shape[:2]))
    return pictures.resize(picture, round(picture.shape[1] * share), round(picture.shape[0] * share))


def answer(name: str, picture: np.ndarray) -> np.ndarray:
    """What a variant makes of a picture, as a picture: of boxes they are drawn, of labels the best are written above."""
    manifest, run = manifest_of(name), run_of(name)
    if manifest["task"] == "boxes":
        return drawn(picture, run(picture, {"threshold": 0.3}))
    if manifest["task"] == "labels":
        scores = run(picture, {})
        names = (MODELS / name / manifest["labels"]).read_text().split()
        best = ", ".join(f"{names[i]} {scores[i]:.2f}" for i in np.argsort(-scores)[:2])
        return sheet.joined([[(best, picture)]])
    if manifest["picture"].get("scale", 1) > 1:  # what enlarges is shown its own reduction
        scale = manifest["picture"]["scale"]
        return run(pictures.shrink(pictures.modulo(picture, scale), scale), {})
    return run(picture, {})
