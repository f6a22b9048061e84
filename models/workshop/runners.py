"""A file as the functions run it: a picture and its knobs in, the kind's answer out (see `tasks.base.Task.kind`)."""

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from workshop import graph, pictures
from workshop.boxes import Box, boxes_of
from workshop.knobs import value_of


def runner(path: Path, network, threads: int = 2, task=None) -> Callable:
    """A file as `run(picture, knobs) -> answer`; without a task: of a picture."""
    session = graph.session(path, threads)
    kind = task.kind if task else "picture"
    told = task.knobs if task else {}

    def feed(picture: np.ndarray, knobs: dict) -> dict:
        zero = {"default": 0.0}
        given = {k: value_of(told.get(k, zero), knobs.get(k)) for k in network.knobs}
        return {"picture": picture[None]} | given

    def enhance(picture: np.ndarray, knobs: dict) -> np.ndarray:
        """In one piece: uint8 [H,W,3] -> uint8 [s*H,s*W,3]."""
        given = feed(padded(picture, network.multiple), knobs)
        if "context" in {i.name for i in session.get_inputs()}:
            given["context"] = pictures.context_of(picture, network.context)[None]
        height, width = picture.shape[0] * network.scale, picture.shape[1] * network.scale
        return session.run(["answer"], given)[0][0, :height, :width]

    def labels(picture: np.ndarray, knobs: dict) -> np.ndarray:
        """Stretched to the network's side: uint8 [H,W,3] -> float [classes], sum 1."""
        small = pictures.resize(picture, network.side, network.side, Image.Resampling.BILINEAR)
        return session.run(["scores"], feed(small, knobs))[0][0]

    def boxes(picture: np.ndarray, knobs: dict) -> list[Box]:
        """Letterboxed to the network's size: uint8 [H,W,3] -> boxes in its pixels, the best first."""
        size, names = task.geometry(network)["size"], ["boxes", "scores"]
        return boxes_of(picture, lambda small: session.run(names, feed(small, knobs)), size, knobs)

    return {"picture": enhance, "labels": labels, "boxes": boxes}[kind]


def speed(paths: dict[str, Path], network, task=None, rounds: int = 6) -> list[dict]:
    """Seconds for 640x480 (labels: the network's own size) on 2 threads, the best of interleaved rounds: other work on the
    machine only adds."""
    width, height = (network.side, network.side) if task and task.kind == "labels" else (640, 480)
    picture = np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)
    runs = {precision: runner(path, network, task=task) for precision, path in paths.items()}
    return timed(runs, picture, rounds * (20 if width < 64 else 1))


def timed(runs: dict[str, Callable], picture: np.ndarray, rounds: int) -> list[dict]:
    """A row of `speed` for each precision: the best of interleaved rounds of `run(picture, knobs)` on 2 threads."""
    times = {precision: [] for precision in runs}
    for _ in range(rounds):
        for precision, run in runs.items():
            times[precision].append(seconds(run, picture))
    size = f"{picture.shape[1]}x{picture.shape[0]}"
    return [{"precision": p, "size": size, "threads": 2, "seconds": round(min(t), 5)} for p, t in times.items()]


def seconds(run: Callable, picture: np.ndarray) -> float:
    """One run."""
    begun = time.perf_counter()
    run(picture, {})
    return time.perf_counter() - begun


def padded(picture: np.ndarray, multiple: int) -> np.ndarray:
    """Right and bottom edges repeated up to a multiple, as the functions do."""
    height, width = picture.shape[:2]
    return np.pad(picture, ((0, -height % multiple), (0, -width % multiple), (0, 0)), mode="edge")
