"""What each part of a network is worth: trained again without it, as many steps, measured the same way."""

import re
from pathlib import Path

import torch

from workshop import recipe as recipes
from workshop import train
from workshop.card import table
from workshop.tasks import TASKS

COSTS_NOTHING = 0.1  # in the measure's unit: less lost than this is nothing
WHOLE = "all parts"


def run(name: str, data: Path, steps: int) -> Path:
    """Trains the recipe of `name` and each of its `ablations` for `steps`; writes models/<name>/ABLATION.md."""
    recipe = recipes.load(name, steps)
    if "ablations" not in recipe:
        raise SystemExit(f"workshop ablation: the recipe of '{name}' names no `ablations`")
    recipe.pop("minutes", None)
    rows = [one(recipe, title, parts, data) for title, parts in ({WHOLE: {}} | recipe["ablations"]).items()]
    path = recipes.ROOT / "models" / name / "ABLATION.md"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(page(recipe, rows))
    return path


def one(recipe: dict, title: str, over: dict, data: Path) -> dict:
    """One network trained and measured: its title, parameters and first figure."""
    given = recipe | {"network": recipe["network"] | over}
    part = re.sub(r"\W+", "-", title)
    folder = recipes.out(recipe["name"]) / f"{part}-{recipe['steps']}"
    (folder / "checkpoint.pt").unlink(missing_ok=True)  # each network is trained from the beginning
    network = train.run(given, data, folder=folder).average
    torch.set_num_threads(recipe["threads"])
    figure = TASKS[recipe["name"].split("/")[0]](given).measure(train.runner(network), data, quick=True)[0]
    return {"title": title, "parameters": sum(p.numel() for p in network.parameters())} | figure


def page(recipe: dict, rows: list[dict]) -> str:
    """The table and what it says."""
    whole, unit = rows[0]["value"], rows[0]["unit"]
    lines = [
        [r["title"], f"{r['parameters']:,}", r["value"], "" if r is rows[0] else f"{r['value'] - whole:+.2f}"]
        for r in rows
    ]
    idle = [r["title"] for r in rows[1:] if whole - r["value"] < COSTS_NOTHING]
    said = f"Nothing is lost {' and '.join(idle)}." if idle else "Each part is worth something."
    return "\n\n".join(
        [
            f"# {recipe['name']}: what each part is worth",
            f"Each network trained from the beginning for {recipe['steps']:,} steps of {recipe['batch']} samples on the same "
            f"data with the same seed and measured in float on {rows[0]['set']} (input: {rows[0]['input']} {unit}). One training "
            f"each: differences below {COSTS_NOTHING} {unit} say nothing.",
            table(["network", "parameters", f"{rows[0]['metric']} ({unit})", "against all parts"], lines),
            said,
            f"Again: `make ablation NAME={recipe['name']} STEPS={recipe['steps']}`. Written by that command.\n",
        ]
    )
