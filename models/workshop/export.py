"""From weights to what is served: both files, the manifest, the card and its picture. All of it is written here."""

import hashlib
import json
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from workshop import graph, pictures, train
from workshop import recipe as recipes
from workshop.card import write_card
from workshop.networks import FACES
from workshop.sets import told
from workshop.tasks import TASKS

LOSS = 0.1  # dB that 8 bits may cost
LARGEST = 6_000_000  # bytes of a file
FILES = {"float": "model.onnx", "int8": "model.int8.onnx"}


class Refused(SystemExit):
    """The 8-bit file is worse than allowed; nothing was written."""


def inputs_of(face) -> tuple[dict, dict]:
    """Example inputs of a face and their dynamic axes."""
    count, height, width = (torch.export.Dim(n) for n in ("count", "height", "width"))
    multiple = face.network.multiple
    if multiple > 1:
        height, width = multiple * height, multiple * width
    sample = {"picture": torch.zeros(2, 24, 28, 3, dtype=torch.uint8)}
    shapes = {"picture": {0: count, 1: height, 2: width}}
    if "context" in face.inputs:
        sample["context"] = torch.zeros(2, 64, 64, 3, dtype=torch.uint8)
        shapes["context"] = {0: count}
    for knob in face.network.knobs:
        sample[knob], shapes[knob] = torch.zeros(1), None
    return sample, shapes


def files(network, calibration: list[dict], folder: Path) -> dict[str, Path]:
    """Both files of a network, in `folder`."""
    face = FACES[type(network)](network.eval())
    paths = {precision: folder / name for precision, name in FILES.items()}
    graph.write_float(face, paths["float"], *inputs_of(face))
    graph.write_int8(paths["float"], paths["int8"], calibration, network.in_float)
    return paths


def padded(picture: np.ndarray, multiple: int) -> np.ndarray:
    """Right and bottom edges repeated up to a multiple, as the functions do."""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, -height % multiple), (0, -width % multiple), (0, 0)), mode="edge")


def runner(path: Path, network, threads: int = 2):
    """A file as a function of one picture and its knobs, as the functions run it (in one piece)."""
    session = graph.session(path, threads)
    names = {i.name for i in session.get_inputs()}

    def run(picture: np.ndarray, knobs: dict) -> np.ndarray:
        feed = {"picture": padded(picture, network.multiple)[None]}
        if "context" in names:
            feed["context"] = pictures.context_of(picture)[None]
        feed |= {k: np.array([knobs.get(k, 0.0)], np.float32) for k in network.knobs}
        scale = network.scale
        return session.run(None, feed)[0][0, : picture.shape[0] * scale, : picture.shape[1] * scale]

    return run


def speed(paths: dict[str, Path], network, rounds: int = 6) -> list[dict]:
    """Seconds for 640x480 on 2 threads, the best of interleaved rounds: other work on the machine only adds."""
    picture = np.random.default_rng(1).integers(0, 256, (480, 640, 3), np.uint8)
    runs = {precision: runner(path, network) for precision, path in paths.items()}
    times = {precision: [] for precision in paths}
    for _ in range(rounds):
        for precision, run in runs.items():
            begun = time.perf_counter()
            run(picture, {})
            times[precision].append(time.perf_counter() - begun)
    return [{"precision": p, "size": "640x480", "threads": 2, "seconds": round(min(t), 4)} for p, t in times.items()]


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


def manifest(recipe: dict, network, paths: dict[str, Path], quality: list[dict], times: list[dict]) -> dict:
    """model.json, see DESIGN of the project."""
    function, variant = recipe["name"].split("/")
    task = TASKS[function](recipe)
    parameters = sum(p.numel() for p in network.parameters())
    picture = {
        "scale": network.scale,
        "multiple": network.multiple,
        "halo": -(-network.radius // network.multiple) * network.multiple,
        "tile": task.tile,
        "min": 1,
    }
    if "context" in FACES[type(network)].inputs:
        picture["context"] = 64
    return {
        "function": function,
        "variant": variant,
        "title": recipe["title"],
        "summary": recipe["summary"],
        "task": "picture",
        "paper": network.paper,
        "licence": "Apache-2.0",
        "status": "ready",
        "weights": [weights_entry(paths[p], p, parameters) for p in paths],
        "from": {
            "recipe": recipe["path"],
            "command": f"make train NAME={recipe['name']}",
            "data": told(recipe["data"]),
        },
        "picture": picture,
        "knobs": {k: task.knobs[k] for k in network.knobs},
        "resources": {"memory_mb": 2048, "storage_mb": 512, "timeout_s": 60},
        "quality": quality,
        "speed": times,
    }


def check(quality: list[dict], paths: dict[str, Path]) -> None:
    """Refuse files that are too large, and an 8-bit file that is worse than the float file by more than allowed."""
    for path in paths.values():
        if path.stat().st_size > LARGEST:
            raise refused(f"{path.name} has {path.stat().st_size:,} bytes, more than {LARGEST:,}")
    plain = {(r["set"], r["metric"]): r["value"] for r in quality if r["precision"] == "float"}
    for row in quality:
        lost = plain[row["set"], row["metric"]] - row["value"]
        if row["precision"] == "int8" and row["unit"] == "dB" and lost > LOSS:
            text = f"{lost:.3f} dB of {row['metric']} on {row['set']}, more than {LOSS}"
            raise refused(f"the 8-bit file loses {text}")


def refused(why: str) -> Refused:
    print(f"workshop: refused: {why}; nothing was written", file=sys.stderr)
    return Refused(3)


def run(recipe: dict, weights: dict, samples, measure, models: Path, pictured: Path | None = None) -> Path:
    """Write models/<function>/<variant>. `samples`: training crops to calibrate on; `measure(run) -> rows`."""
    network = train.build(recipe)
    network.load_state_dict(weights)
    task = TASKS[recipe["name"].split("/")[0]](recipe)
    folder = models / recipe["name"]
    with tempfile.TemporaryDirectory() as beside:
        paths = files(network, task.calibration(samples), Path(beside))
        runs = {precision: runner(path, network) for precision, path in paths.items()}
        quality = [{"precision": p} | row for p, r in runs.items() for row in measure(r)]
        check(quality, paths)
        given = manifest(recipe, network, paths, quality, speed(paths, network))
        folder.mkdir(parents=True, exist_ok=True)
        for path in paths.values():
            (folder / path.name).write_bytes(path.read_bytes())
    (folder / "model.json").write_text(json.dumps(given, indent=2, ensure_ascii=False) + "\n")
    sheet = task.sheet(runner(folder / FILES["int8"], network), pictured, folder) if pictured else None
    write_card(given, recipe, folder, sheet)
    return folder


def from_training(recipe: dict, data: Path, models: Path | None = None) -> Path:
    """Export the averaged weights of the training's checkpoint."""
    path = recipes.out(recipe["name"]) / "checkpoint.pt"
    if not path.is_file():
        raise SystemExit(
            f"workshop: no checkpoint of {recipe['name']}; train it first (make train NAME={recipe['name']})"
        )
    task = TASKS[recipe["name"].split("/")[0]](recipe)
    weights = torch.load(path, weights_only=True)["average"]
    torch.set_num_threads(recipe["threads"])
    samples = task.generated([pictures.read(f) for f in pictures.files(data, recipe["data"][0])[:40]])
    return run(
        recipe,
        weights,
        samples,
        lambda answer: task.measure(answer, data),
        models or recipes.ROOT / "models",
        recipes.ROOT / "samples",
    )
