"""Recipes: recipes/<function>-<variant>.json over these defaults."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
RECIPES = Path(__file__).resolve().parent / "recipes"
DEFAULTS = {
    "batch": 16,
    "rate": 8e-4,
    "warm": 200,
    "fall": "cosine",  # or line
    "optimizer": "adam",  # or sgd
    "decay": 0.0,
    "own": [],  # parts that begin anew where FROM has others
    "clip": 0.5,
    "average": 0.999,
    "seed": 1,
    "save_every": 250,
    "measure_every": 1000,
    "threads": 2,
}


def load(name: str, steps: int | None = None) -> dict:
    """The recipe of `function/variant`, with `name` and the number of steps (if given) put in."""
    path = RECIPES / f"{name.replace('/', '-')}.json"
    if not path.is_file():
        known = ", ".join(sorted(f.stem.replace("-", "/", 1) for f in RECIPES.glob("*.json")))
        raise SystemExit(f"workshop: no recipe named '{name}'; there are: {known}")
    recipe = DEFAULTS | json.loads(path.read_text())
    recipe["name"] = name
    recipe["path"] = str(path.relative_to(ROOT))
    if steps:
        recipe["steps"] = steps
    return recipe


def out(name: str) -> Path:
    """Where a training keeps its checkpoint and plot."""
    return ROOT / "out" / "train" / name.replace("/", "-")
