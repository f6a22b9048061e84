"""From weights to what is served: both files, the manifest, the card and its picture. All of it is written here."""

import hashlib
import json
import sys
import tempfile
from pathlib import Path

import torch

from workshop import graph, sittings, train
from workshop import recipe as recipes
from workshop.card import write_card
from workshop.goals import allowed
from workshop.knobs import value_of
from workshop.networks import FACES
from workshop.runners import runner, speed
from workshop.sets import told
from workshop.tasks import TASKS

LARGEST = 6_000_000  # bytes of a file
UNFINISHED = "model.json.new"  # no folder is a variant before its model.json is there
FILES = {"float": "model.onnx", "int8": "model.int8.onnx"}


class Refused(SystemExit):
    """The 8-bit file is worse than allowed; nothing was written."""


def inputs_of(face, knobs: dict | None = None) -> tuple[dict, dict]:
    """Example inputs of a face and their dynamic axes: of labels the count alone, of boxes the sides alone."""
    network, main = face.network, graph.outputs_of(face)[0]
    count, height, width = (torch.export.Dim(n) for n in ("count", "height", "width"))
    multiple, sides = network.multiple, (24, 28)
    if multiple > 1:
        height, width = multiple * height, multiple * width
        sides = (3 * multiple, 4 * multiple) if multiple > 4 else sides
    if main == "scores":
        sample, shapes = torch.zeros(2, network.side, network.side, 3), {0: count}
    elif main == "boxes":
        sample, shapes = torch.zeros(1, *sides, 3), {1: height, 2: width}
    else:
        sample, shapes = torch.zeros(2, *sides, 3), {0: count, 1: height, 2: width}
    samples, axes = {"picture": sample.byte()}, {"picture": shapes}
    if "context" in face.inputs:
        samples["context"] = torch.zeros(2, network.context, network.context, 3, dtype=torch.uint8)
        axes["context"] = {0: count}
    for knob in network.knobs:
        samples[knob] = torch.from_numpy(value_of((knobs or {}).get(knob, {"default": 0.0})))
        axes[knob] = None
    return samples, axes


def files(network, calibration: list[dict], folder: Path, task=None, precisions=tuple(FILES)) -> dict[str, Path]:
    """The files of a network, in `folder`; a float file that would be too large keeps its weights in 16 bits."""
    face = FACES[type(network)](network.eval())
    paths = {precision: folder / FILES[precision] for precision in precisions}
    graph.write_float(face, paths["float"], *inputs_of(face, task.knobs if task else None))
    if "int8" in paths:
        graph.write_int8(paths["float"], paths["int8"], calibration, network)
    if paths["float"].stat().st_size > LARGEST:
        graph.halve(paths["float"])
    return paths


def weights_entry(path: Path, precision: str, parameters: int) -> dict:
    """One row of `weights`."""
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return {
        "file": path.name,
        "precision": precision,
        "sha256": digest,
        "bytes": len(data),
        "parameters": parameters,
    }


def manifest(recipe: dict, network, paths: dict[str, Path], quality: list[dict], times: list[dict], run: dict) -> dict:
    """model.json, whose members common/src/manifest.rs tells. `run`: steps, minutes and sittings of the training."""
    function, variant = recipe["name"].split("/")
    task = TASKS[function](recipe)
    parameters = sum(p.numel() for p in network.parameters())
    return {
        "function": function,
        "variant": variant,
        "title": recipe["title"],
        "summary": recipe["summary"],
        "task": task.kind,
        "paper": network.paper,
        "licence": "Apache-2.0",
        "status": "ready",
        "weights": [weights_entry(paths[p], p, parameters) for p in paths],
        "from": {
            "recipe": recipe["path"],
            "command": command(recipe, network, run),
            "data": told(recipe["data"]),
        }
        | run,
        "picture": task.geometry(network),
        "knobs": {k: task.knobs[k] for k in network.knobs},
        **task.members(),
        "resources": {"memory_mb": 2048, "storage_mb": 512, "timeout_s": 60} | recipe.get("resources", {}),
        "quality": quality,
        "speed": times,
    }


def command(recipe: dict, network, run: dict) -> str:
    """What makes this variant again."""
    if "command" in recipe:
        return recipe["command"]
    if not sum(p.numel() for p in network.parameters()):
        return f"python -m workshop export NAME={recipe['name']}"
    return sittings.commands(recipe["name"], run.get("sittings", [])) or f"make train NAME={recipe['name']}"


def check(quality: list[dict], paths: dict[str, Path]) -> None:
    """Refuse files that are too large, and an 8-bit file that is worse than the float file by more than allowed."""
    for path in paths.values():
        if path.stat().st_size > LARGEST:
            raise refused(f"{path.name} has {path.stat().st_size:,} bytes, more than {LARGEST:,}")
    plain = {(r["set"], r["metric"]): r["value"] for r in quality if r["precision"] == "float"}
    for row in quality:
        lost, most = plain[row["set"], row["metric"]] - row["value"], allowed(row)
        if row["precision"] == "int8" and most is not None and lost > most:
            unit = "" if row["unit"] == "1" else f" {row['unit']}"
            text = f"{lost:.3f}{unit} of {row['metric']} on {row['set']}, more than {most}"
            raise refused(f"the 8-bit file loses {text}")


def refused(why: str) -> Refused:
    print(f"workshop: refused: {why}; nothing was written", file=sys.stderr)
    return Refused(3)


def run(
    recipe: dict,
    weights: dict,
    samples,
    measure,
    models: Path,
    pictured: Path | None = None,
    trained: dict | None = None,
) -> Path:
    """Write models/<function>/<variant>.

    `samples`: training crops to calibrate on; `measure(run) -> rows`; `trained`: steps, minutes and sittings of the training.
    Everything is made in a folder of its own first and then put in place, the manifest last: what is served is always whole.
    """
    network = train.build(recipe)
    network.load_state_dict(weights)
    task = TASKS[recipe["name"].split("/")[0]](recipe)
    folder = models / recipe["name"]
    precisions = recipe.get("precisions", list(FILES))
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".", dir=folder.parent) as made:
        made = Path(made)
        calibration = task.calibration(samples) if "int8" in precisions else []
        paths = files(network, calibration, made, task, precisions)
        runs = {precision: runner(path, network, task=task) for precision, path in paths.items()}
        quality = [{"precision": p} | row for p, r in runs.items() for row in measure(r)]
        check(quality, paths)
        given = manifest(recipe, network, paths, quality, speed(paths, network, task), trained or {})
        for name, data in task.files():
            (made / name).write_bytes(data)
        served = paths.get("int8", paths["float"])
        sheet = task.sheet(runner(served, network, task=task), pictured, made) if pictured else None
        write_card(given, recipe, made, sheet)
        folder.mkdir(exist_ok=True)
        for path in sorted(made.iterdir()):
            path.replace(folder / path.name)
        (made / UNFINISHED).write_text(json.dumps(given, indent=2, ensure_ascii=False) + "\n")
        (made / UNFINISHED).replace(folder / "model.json")
    for left in set(FILES.values()) - {path.name for path in paths.values()}:
        (folder / left).unlink(missing_ok=True)  # of an export in other precisions
    return folder


def from_training(recipe: dict, data: Path, models: Path | None = None) -> Path:
    """Export the averaged weights of the training's checkpoint (a network without weights needs none)."""
    torch.set_num_threads(recipe["threads"])
    task, network = TASKS[recipe["name"].split("/")[0]](recipe), train.build(recipe)
    task.there(data)
    path, trained = recipes.out(recipe["name"]) / "checkpoint.pt", {}
    if path.is_file():
        state = torch.load(path, weights_only=True)
        network.load_state_dict(state["average"])
        sat = sittings.of(state)
        minutes = sittings.minutes(sat[-1])
        trained = {"steps": state["step"]} | ({"minutes": minutes} if minutes else {}) | {"sittings": sat}
    elif any(True for _ in network.parameters()):
        raise SystemExit(
            f"workshop: no checkpoint of {recipe['name']}; train it first (make train NAME={recipe['name']})"
        )
    network.eval()
    task.finish(network, data)
    return run(
        recipe,
        network.state_dict(),
        task.shown(data) if "int8" in recipe.get("precisions", FILES) else None,
        lambda answer: task.measure(answer, data),
        models or recipes.ROOT / "models",
        recipes.ROOT / "samples",
        trained,
    )
