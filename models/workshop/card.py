"""CARD.md of a variant, written from its manifest and its recipe."""

from pathlib import Path

from workshop import sittings
from workshop.sets import SETS


def write_card(manifest: dict, recipe: dict, folder: Path, sheet: str | None) -> None:
    """Write the card. `sheet`: what the picture beside it shows, None where there is none."""
    name = recipe["name"]
    parts = [f"# {name}: {manifest['title']}", manifest["summary"]]
    if sheet:
        parts.append(f"![{sheet}](sheet.jpg)\n\n{sheet}")
    parts += [
        "## Network",
        f"Follows {manifest['paper']}; {manifest['weights'][0]['parameters']:,} parameters, recipe "
        f"`{manifest['from']['recipe']}`. Weights and code: {manifest['licence']}. Bytes in, bytes out.",
        table(["file", "precision", "bytes", "sha256"], [file_row(w) for w in manifest["weights"]]),
    ]
    if manifest["knobs"]:
        rows = [knob_row(name, knob) for name, knob in manifest["knobs"].items()]
        parts += ["## Knobs", table(["name", "default", "range", "meaning"], rows)]
    if manifest.get("styles"):
        rows = [[f"`{s['name']}`", s["title"], s["painter"], s["year"], s["rights"]] for s in manifest["styles"]]
        parts += ["## Styles", table(["name", "painting", "painter", "year", "rights"], rows)]
    parts += [
        *(training(manifest["from"], recipe) if recipe["data"] else ["## Made", recipe["training"]]),
        f"Again: `{manifest['from']['command']}`.",
        "## Measured",
        quality_table(manifest["quality"]),
        table(["precision", "picture", "threads", "ms"], [speed_row(s) for s in manifest["speed"]]),
        "Measured by the exporter with ONNX Runtime on the machine of the training; none of these pictures was trained on.",
        "## Limits",
        "\n".join(f"- {limit}" for limit in recipe["limits"]),
        "This page was written by the exporter.",
    ]
    (folder / "CARD.md").write_text("\n\n".join(parts) + "\n")


def training(origin: dict, recipe: dict) -> list[str]:
    """What the network was trained on, how, and how long."""
    told = [(name, SETS[name]) for name in recipe["data"]]
    sets = [f"- {name}: {s.what}, from {s.source}; licence of the pictures: {s.licence}." for name, s in told]
    long = f"{sittings.words(origin['sittings'])}; {recipe['batch']} samples a step." if "sittings" in origin else ""
    return ["## Trained on", "\n".join(sets), f"{recipe['training']} {long}".strip()]


def knob_row(name: str, knob: dict) -> list:
    if "names" in knob:
        return [f"`{name}`", knob["default"], f"one of {len(knob['names'])} or a mix", knob["meaning"]]
    return [f"`{name}`", knob["default"], f"{knob['min']}..{knob['max']}", knob["meaning"]]


def table(head: list, rows: list[list]) -> str:
    """A Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def file_row(weights: dict) -> list:
    return [weights["file"], weights["precision"], f"{weights['bytes']:,}", f"`{weights['sha256']}`"]


def speed_row(row: dict) -> list:
    return [
        row["precision"],
        row["size"],
        row["threads"],
        f"{row['seconds'] * 1000:.{0 if row['seconds'] >= 0.01 else 2}f}",
    ]


def quality_table(rows: list[dict]) -> str:
    """A line a measure: the input's figure (or bicubic's), the float file's, the 8-bit file's."""
    keys = list(dict.fromkeys((r["set"], r["metric"], r["unit"]) for r in rows))
    lines = []
    for key in keys:
        of = {r["precision"]: r for r in rows if (r["set"], r["metric"], r["unit"]) == key}
        first = next(iter(of.values()))
        unit = "" if key[2] == "1" else f" ({key[2]})"
        cells = [of[p]["value"] if p in of else "" for p in ("float", "int8")]
        lines.append([key[0], key[1] + unit, first.get("input", ""), *cells])
    return table(["set", "measure", "input", "float", "int8"], lines)
