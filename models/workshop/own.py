"""A style of one's own: one more row of scales and shifts, learned from one picture, everything else as it was."""

import json
import re
from pathlib import Path

import torch

from workshop import export, graph, train
from workshop import recipe as recipes

BASE = "stylize/default"
ROWS = (".scale", ".shift")  # endings of the weights that hold a row for each style


def recipe_of(name: str, image: Path, base: dict, told: list[dict]) -> dict:
    """The base's recipe for one more style; `told`: the styles of the base as its manifest shows them."""
    names = [style["name"] for style in told]
    network = base["network"] | {"styles": len(names) + 1}
    return base | {
        "name": f"stylize/{name}",
        "network": network,
        "styles": [*names, name],
        "style": name,
        "taught": [name],
        "told": told,
        "image": str(image),
        "data": ["photo-bsds-hq"],
        "steps": 3000,
        "rate": 3e-3,
        "plain": 0.0,
        "command": f"make style IMAGE={image.name} NAME={name}",
        "title": f"{base['title']}, and {name}",
        "summary": f"{base['summary']} With `{name}`, a style of one's own.",
        "training": f"Everything as in {BASE}; the row of scales and shifts of `{name}` alone was learned, from {image.name}.",
    }


def extended(weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Weights with one more row where there are rows: their mean."""
    return {k: torch.cat([v, v.mean(0, keepdim=True)]) if k.endswith(ROWS) else v for k, v in weights.items()}


def run(name: str, image: Path, data: Path, numbers: dict) -> Path:
    """Learn the style, write models/stylize/<name> with all styles of the default and the new one; `numbers`: steps, minutes."""
    folder = recipes.ROOT / "models" / BASE
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", name):
        raise SystemExit(f"workshop style: NAME is made of a-z, 0-9 and '-', not '{name}'")
    if not image.is_file():
        raise SystemExit(f"workshop style: IMAGE names no file: {image}")
    if not (folder / "model.onnx").is_file():
        raise SystemExit(f"workshop style: no network to add to; train it first (make train NAME={BASE})")
    told = json.loads((folder / "model.json").read_text())["styles"]
    if name == "default" or name in [style["name"] for style in told]:
        raise SystemExit(f"workshop style: there is a style '{name}' already; give another NAME")
    recipe = recipe_of(name, image, recipes.load(BASE), told) | numbers
    (recipes.out(recipe["name"]) / "checkpoint.pt").unlink(missing_ok=True)  # of another picture, perhaps
    train.run(recipe, data, weights=extended(graph.weights(folder / "model.onnx")))
    return export.from_training(recipe, data)
