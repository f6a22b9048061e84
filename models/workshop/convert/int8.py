"""The 8-bit file of a converted network, kept where it loses no more than the measures allow (`goals.allowed`)."""

import tempfile
from pathlib import Path
from types import SimpleNamespace

from workshop import export, graph, pictures
from workshop import recipe as recipes
from workshop.boxes import letterboxed, stretched
from workshop.convert import measure
from workshop.convert.run import manifest_of
from workshop.convert.source import FILES, MODELS, UNFINISHED
from workshop.goals import allowed
from workshop.tasks import TASKS

PICTURES = 48  # that show a detector's 8-bit file its ranges


def add(name: str, data: Path, models: Path = MODELS, inputs: list[dict] | None = None) -> str | None:
    """Make `converted.int8.onnx` of a converted variant and put both files' figures into its manifest.

    `inputs`: what the file is shown to find its ranges; None: training pictures of the function's own default.
    Returns why there is none, where it is refused: what it loses, or that it is no faster.
    """
    manifest, folder = manifest_of(name, models), models / name
    with tempfile.TemporaryDirectory(prefix=UNFINISHED, dir=folder.parent) as made:
        made = Path(made)
        path = made / FILES["int8"]
        shown = calibration(manifest, data) if inputs is None else inputs
        try:
            graph.write_int8(folder / FILES["float"], path, shown, SimpleNamespace(in_float=(), ends=()))
        except Exception as cause:  # the quantizer fails in its own ways on graphs that it does not know
            return f"it cannot be quantized: {str(cause).splitlines()[0][:200]}"
        path.replace(folder / FILES["int8"])
    plain, rows = (measure.quality(name, data, precision, models) for precision in FILES)
    times = measure.speed(name, models)
    why = worse(plain, rows) or slower(times)
    kept = [row for row in manifest["weights"] if row["precision"] == "float"]
    if why:
        (folder / FILES["int8"]).unlink()
        measure.tell(name, models, weights=kept, quality=plain, speed=[t for t in times if t["precision"] == "float"])
        return why
    row = export.weights_entry(folder / FILES["int8"], "int8", kept[0]["parameters"])
    measure.tell(name, models, weights=[*kept, row], quality=plain + rows, speed=times)
    return None


def worse(plain: list[dict], rows: list[dict]) -> str | None:
    """What 8 bits lose more of than allowed."""
    for before, row in zip(plain, rows, strict=True):
        lost, most = before["value"] - row["value"], allowed(row)
        if most is not None and lost > most:
            unit = "" if row["unit"] == "1" else f" {row['unit']}"
            return f"it loses {lost:.3f}{unit} of {row['metric']} on {row['set']}, more than {most}"
    return None


def slower(times: list[dict]) -> str | None:
    """That 8 bits gain no time."""
    took = {row["precision"]: row["seconds"] for row in times}
    return f"it is no faster: {took['int8']} s, not {took['float']}" if took["int8"] >= took["float"] else None


def calibration(manifest: dict, data: Path) -> list[dict]:
    """Inputs as the default of the function is shown them; of boxes photographs of coco-train, fitted."""
    function, told = manifest["function"], manifest["picture"]
    if manifest["task"] != "boxes":
        task = TASKS[function](recipes.load(f"{function}/default"))
        return [{"picture": each["picture"]} for each in task.calibration(task.shown(data))]
    read = [pictures.read(file) for file in pictures.files(data, "coco-train")[:PICTURES]]
    side = told["size"]
    fit = [letterboxed(p, side, told["multiple"]) if told["fit"] == "letterbox" else stretched(p, side) for p in read]
    return [{"picture": picture[None]} for picture, _ in fit]
