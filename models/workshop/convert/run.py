"""A converted file as the functions run it, told by its manifest alone: no definition and no weights are needed."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np

from workshop import graph
from workshop.boxes import boxes_of
from workshop.convert.source import FILES, MODELS, manifest_in
from workshop.runners import runner


def manifest_of(name: str, models: Path = MODELS) -> dict:
    """model.json of function/variant."""
    return manifest_in(models / name)


def run_of(name: str, precision: str = "float", models: Path = MODELS, threads: int = 2) -> Callable:
    """`run(picture, knobs) -> answer` of a converted variant, see `tasks.base.Task.kind`; in one piece, without tiles."""
    manifest, file = manifest_of(name, models), models / name / FILES[precision]
    told, kind = manifest["picture"], manifest["task"]
    shape = SimpleNamespace(
        scale=told.get("scale", 1),
        multiple=told.get("multiple", 1),
        context=told.get("context"),
        side=told.get("size"),
        knobs=tuple(manifest["knobs"]),
    )
    if kind == "boxes":
        return boxes(file, told, threads)
    answer = runner(file, shape, threads, SimpleNamespace(kind=kind, knobs=manifest["knobs"]))
    least = told.get("min", 1)
    return answer if least == 1 else lambda picture, knobs: small(answer, picture, knobs, least, shape.scale)


def boxes(file: Path, told: dict, threads: int) -> Callable:
    """A detector: the picture is fitted as `told`, `picture` of its manifest, says."""
    session = graph.session(file, threads)

    def answer(fitted: np.ndarray) -> list[np.ndarray]:
        return session.run(["boxes", "scores"], {"picture": fitted[None]})

    return lambda picture, knobs: boxes_of(picture, answer, told["size"], knobs, told["fit"], told.get("multiple", 1))


def small(answer: Callable, picture: np.ndarray, knobs: dict, least: int, scale: int) -> np.ndarray:
    """A picture that may be smaller than the network takes: padded by its last row and column, the answer cut again."""
    height, width = picture.shape[:2]
    room = ((0, max(0, least - height)), (0, max(0, least - width)), (0, 0))
    return answer(np.pad(picture, room, mode="edge"), knobs)[: height * scale, : width * scale]
