"""Style transfer by optimising the pixels (Gatys et al. 2015, https://arxiv.org/abs/1508.06576), with the losses of the fast network."""

import time
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from workshop import loss_network, pictures, styles
from workshop import recipe as recipes
from workshop.loss_network import LossNetwork
from workshop.networks import FAMILIES
from workshop.runners import runner
from workshop.style_loss import Targets, as_input, content
from workshop.tasks.stylize import Task, sample

STEPS = 100
TABLE = (("people_astronaut", "starry-night"), ("landscape_field", "great-wave"))


def optimise(targets: Targets, photograph: np.ndarray, recipe: dict, steps: int = STEPS) -> np.ndarray:
    """Pixels changed until their features are the painting's (the first of `targets`): uint8 [H,W,3] -> the same."""
    begun, which = as_input(photograph), torch.zeros(1, dtype=torch.long)
    pixels = begun.clone().requires_grad_(True)
    optimizer = torch.optim.Adam([pixels], lr=0.03)
    for _ in range(steps):
        loss = targets.loss(pixels, begun, which, recipe).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        with torch.no_grad():
            pixels.clamp_(0, 1)
    return (pixels.detach()[0] * 255).round().byte().permute(1, 2, 0).numpy()


def fast(models: Path, recipe: dict):
    """The served network as `run(picture, knobs)`."""
    path = models / "stylize/default/model.int8.onnx"
    if not path.is_file():
        raise SystemExit(f"workshop: no fast network at {path}; train it first (make train NAME=stylize/default)")
    return runner(path, FAMILIES["stylize"](**recipe["network"]), torch.get_num_threads(), Task(recipe))


def compare(photograph: np.ndarray, name: str, data: Path, steps: int) -> tuple[dict[str, np.ndarray], list[list]]:
    """A photograph in one style, slow and fast: pictures, and rows of (way, seconds, style loss, content loss)."""
    recipe = recipes.load("stylize/default")
    painting = pictures.read(styles.path_of(data, name))
    targets = Targets(LossNetwork(loss_network.read()), [painting])
    run = fast(recipes.ROOT / "models", recipe)
    ways = {
        f"slow, {steps} steps": lambda: optimise(targets, photograph, recipe, steps),
        "fast, 8 bits": lambda: run(photograph, {"style": name}),
    }
    made, rows = {}, []
    with torch.no_grad():
        plain = targets.network(as_input(photograph))
    for way, make in ways.items():
        begun = time.perf_counter()
        made[way] = make()
        seconds = time.perf_counter() - begun
        with torch.no_grad():
            seen = targets.network(as_input(made[way]))
            apart = [targets.style(seen, torch.tensor([0])).item(), content(seen, plain).item()]
        rows.append([way, f"{seconds:.2f}", *(f"{v:.3f}" for v in apart)])
    return made, rows


def run(image: Path, name: str, data: Path, steps: int = STEPS) -> Path:
    """One photograph slowly: writes out/slow.png (and out/fast.png beside), prints both rows."""
    if not image.is_file():
        raise SystemExit(f"workshop style-slow: IMAGE names no file: {image}")
    made, rows = compare(pictures.read(image), name, data, steps)
    folder = recipes.ROOT / "out"
    folder.mkdir(exist_ok=True)
    for file, picture in zip(("slow.png", "fast.png"), made.values(), strict=True):
        Image.fromarray(picture).save(folder / file)
    show([[name, *row] for row in rows], ["style", "way", "seconds", "style loss", "content loss"])
    return folder / "slow.png"


def table(data: Path, steps: int = STEPS) -> None:
    """Slow against fast at 256 and 512 pixels, two photographs in a style each."""
    rows = []
    for side in (256, 512):
        for photograph, name in TABLE:
            for row in compare(sample(recipes.ROOT / "samples", photograph, side), name, data, steps)[1]:
                rows.append([side, photograph, name, *row])
    show(rows, ["longer side", "photograph", "style", "way", "seconds", "style loss", "content loss"])


def show(rows: list[list], head: list[str]) -> None:
    """A Markdown table on standard output."""
    for line in (head, ["---"] * len(head), *rows):
        print("| " + " | ".join(str(cell) for cell in line) + " |")
