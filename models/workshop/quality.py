"""Measures what the functions really serve: sends the measuring pictures over HTTP, in 8 bits and in float."""

import contextlib
import json
import sys
from pathlib import Path

from workshop import pictures
from workshop import recipe as recipes
from workshop.convert import state
from workshop.goals import FASTER, GOALS, SPEED, VARIANTS, allowed
from workshop.served import Client, run_of, served
from workshop.tasks import TASKS, judge_of

TIMED = "street_buses"  # the sample picture, 640x480, that speed is measured on
ROUNDS = 5


def variants(function: str) -> list[str]:
    """What is measured of a function: its default, what has goals, and every other variant that can be run."""
    named = ["default", *VARIANTS.get(function, ())]
    found = sorted(path.parent for path in (recipes.ROOT / "models" / function).glob("[!.]*/model.json"))
    others = [folder.name for folder in found if folder.name not in named]
    return named + [variant for variant in others if is_measured(f"{function}/{variant}")]


def is_measured(name: str) -> bool:
    """Whether function/variant can be run. A style of one's own is not measured: it has the recipe of another."""
    manifest = manifest_of(name)
    return manifest is not None and not manifest["from"].get("command", "").startswith("make style")


def manifest_of(name: str) -> dict | None:
    """The manifest of function/variant; None where there is none that can be run."""
    return state.usable(recipes.ROOT / "models" / name)


def measured(function: str, data: Path, url: str | None) -> tuple[list[dict], list[dict]]:
    """Rows of figures and rows of speed of all variants of a function; `float` beside `value` unless `url` is given."""
    rows, speeds = [], []
    with contextlib.ExitStack() as stack:
        precisions = ("auto",) if url else ("auto", "float")
        clients = {p: Client(stack.enter_context(served(function, url, p))) for p in precisions}
        for variant in variants(function):
            name = f"{function}/{variant}"
            manifest = manifest_of(name)
            if not manifest:
                rows.append({"name": name, "set": "", "metric": "", "unit": "1", "goal": "to be there", "met": False})
                continue
            task = judge_of(manifest)
            asked = {p: c for p, c in clients.items() if p == "auto" or state.served(manifest) == "int8"}
            found = {p: task.measure(run_of(c, task, manifest), data) for p, c in asked.items()}
            for row, plain in zip(found["auto"], found.get("float", found["auto"]), strict=True):
                rows.append({"name": name} | row | ({"float": plain["value"]} if "float" in clients else {}))
            speeds.append(speed(name, manifest, clients))
            print(f"{name} measured", file=sys.stderr, flush=True)
    return rows, speeds


def speed(name: str, manifest: dict, clients: dict[str, Client]) -> dict:
    """Seconds a megapixel of the run stage, the best of interleaved rounds, beside the files' sizes."""
    picture = pictures.read(recipes.ROOT / "samples" / f"{TIMED}.jpg")
    options = {"model": name.split("/")[1]}
    accept = "image/png" if manifest["task"] == "picture" else "application/json"
    took: dict[str, list[float]] = {precision: [] for precision in clients}
    for _ in range(ROUNDS + 1):
        for precision, client in clients.items():
            took[precision].append(client.ask(picture, options, accept)[1]["run"])
    million = picture.shape[0] * picture.shape[1] / 1e6
    seconds = {p: round(min(t[1:]) / 1000 / million, 4) for p, t in took.items()}
    files = {w["precision"]: w["bytes"] for w in manifest["weights"]}
    return {"name": name, "parameters": manifest["weights"][0]["parameters"], "bytes": files, "seconds": seconds}


def judge(rows: list[dict], speeds: list[dict]) -> None:
    """Put goals, and whether they are met, into the rows."""
    of = {(r["name"], r["set"], r["metric"]): r for r in rows}
    for row in rows:
        goal = GOALS.get((row["name"], row["set"], row["metric"]))
        if goal:
            row |= {"goal": goal.text, "met": bool(goal.met(row, of))}
        lost = row["float"] - row["value"] if "float" in row else 0.0
        if (limit := allowed(row)) is not None and lost > limit + 1e-9:
            row |= {"goal": f"{row.get('goal', '')} float - {limit:g}".strip(), "met": False}
    seconds = {s["name"]: s["seconds"] for s in speeds}
    for row in speeds:
        goals = []
        if "float" in row["seconds"]:
            row["ratio"] = round(row["seconds"]["float"] / row["seconds"]["auto"], 2)
            if "int8" in row["bytes"] and row["name"] not in FASTER:
                times = SPEED.get(row["name"].split("/")[0], 1.0)
                goals.append((f"int8 x{times:g}", row["ratio"] >= times))
        other, times = FASTER.get(row["name"], ("", 0))
        if other in seconds:
            row["faster"] = round(seconds[other]["auto"] / row["seconds"]["auto"], 2)
            goals.append((f"{other.split('/')[1]} x{times:g}", row["faster"] >= times))
        if goals:
            row |= {"goal": ", ".join(text for text, _ in goals), "met": all(met for _, met in goals)}


def run(data: Path, url: str | None = None, only: str | None = None) -> int:
    """Print the tables, write out/quality.json; 0 when every goal is met, 1 otherwise.

    `url`: where functions run already; `only`: functions, with commas between.
    """
    asked = only.split(",") if only else list(TASKS)
    if unknown := [f for f in asked if f not in TASKS]:
        raise SystemExit(f"workshop quality: no function '{unknown[0]}'; there are {', '.join(sorted(TASKS))}")
    rows, speeds = [], []
    for function in asked:
        figures, times = measured(function, data, url)
        rows, speeds = rows + figures, speeds + times
    judge(rows, speeds)
    folder = recipes.ROOT / "out"
    folder.mkdir(exist_ok=True)
    (folder / "quality.json").write_text(json.dumps({"figures": rows, "speed": speeds}, indent=2) + "\n")
    show(rows, speeds)
    missed = sum(row.get("met") is False for row in rows + speeds)
    if missed:
        print(f"workshop quality: {missed} goals are not met", file=sys.stderr)
    return int(missed > 0)


def show(rows: list[dict], speeds: list[dict]) -> None:
    """The rows as two tables on stdout."""
    state = {True: "met", False: "MISSED", None: ""}
    line = "{:32} {:40} {:27} {:>8} {:>8} {:>8} {:5} {:20} {}"
    print("As served with default options: 8 bits where the manifest lists them, and float")
    print(line.format("network", "set", "measure", "input", "float", "served", "", "goal", ""))
    for row in rows:
        unit = "" if row["unit"] == "1" else row["unit"]
        cells = (
            row["name"],
            row["set"],
            row["metric"],
            row.get("input", ""),
            row.get("float", ""),
            row.get("value", ""),
        )
        print(line.format(*cells, unit, row.get("goal", ""), state[row.get("met")]))
    line = "{:32} {:>10} {:>11} {:>11} {:>10} {:>10} {:>6} {:22} {}"
    print("\nSize, and seconds a megapixel of the run stage (640x480, best of 5)")
    print(
        line.format("network", "parameters", "float bytes", "int8 bytes", "float s/MP", "served", "ratio", "goal", "")
    )
    for row in speeds:
        size, took = row["bytes"], row["seconds"]
        cells = (row["name"], f"{row['parameters']:,}", f"{size.get('float', 0):,}", f"{size.get('int8', 0):,}")
        cells += (took.get("float", ""), took["auto"], row.get("ratio", ""))
        print(line.format(*cells, row.get("goal", ""), state[row.get("met")]))
