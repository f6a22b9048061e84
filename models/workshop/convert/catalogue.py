"""`make catalogue`: every variant of every function, those of one family together."""

import math
from collections import Counter
from pathlib import Path

from workshop.convert.source import MODELS, Wrong
from workshop.convert.state import found, served

HEADS = ("", "here", "licence", "terms", "bytes", "parameters", "quality", "s/MP")
NUMBERS = ("bytes", "parameters", "s/MP")
LONG = 28  # letters of a licence; the manifest has all of them
STATES = {"fetch": "not fetched"}  # what else a status is called


def run(function: str | None = None, models: Path = MODELS) -> int:
    """Print the table; 0."""
    folders = sorted(path.parent for path in models.glob(f"{function or '*'}/[!.]*/model.json"))
    if not folders:
        known = ", ".join(sorted({path.parts[-3] for path in models.glob("*/[!.]*/model.json")}))
        raise Wrong(f"there is no function {function}; there are: {known}")
    manifests = [found(folder) for folder in folders]
    for name in sorted({manifest["function"] for manifest in manifests}):
        print(name)
        print(table([manifest for manifest in manifests if manifest["function"] == name]), end="\n\n")
    print(summary(manifests))
    return 0


def table(manifests: list[dict]) -> str:
    """The variants of one function in the order of its tree; under what cannot be had by `make weights`, why."""
    nodes = [
        (title, [(one, cells(one, "  " if title else "")) for one in members]) for title, members in tree(manifests)
    ]
    rows = [HEADS, *(row for _, members in nodes for _, row in members)]
    wide = [max(len(row[at]) for row in rows) for at in range(len(HEADS))]
    lines = [line(HEADS, wide)]
    for title, members in nodes:
        lines += [f"  {title}"] if title else []
        for manifest, row in members:
            lines.append(line(row, wide))
            if manifest["status"] not in ("ready", "fetch"):
                lines.append(f"      {manifest.get('reason', 'no reason is given')}")
    return "\n".join(lines)


def line(row: tuple[str, ...], wide: list[int]) -> str:
    """The cells of a row, numbers to the right."""
    text = (c.rjust(w) if head in NUMBERS else c.ljust(w) for head, c, w in zip(HEADS, row, wide, strict=True))
    return f"  {'  '.join(text)}".rstrip()


def tree(manifests: list[dict]) -> list[tuple[str, list[dict]]]:
    """(family's title, or nothing; variants), by name, as `GET /models` has it: a family of one is none."""
    sizes = Counter(manifest["family"]["name"] for manifest in manifests if "family" in manifest)
    nodes: dict[str, tuple[str, list[dict]]] = {}
    for manifest in manifests:
        family = manifest.get("family")
        alone = not family or sizes[family["name"]] == 1
        name, title = (manifest["variant"], "") if alone else (family["name"], family["title"])
        nodes.setdefault(name, (title, []))[1].append(manifest)
    return [nodes[name] for name in sorted(nodes)]


def cells(manifest: dict, indent: str) -> tuple[str, ...]:
    """One variant's line; what is not known is empty."""
    status, precision = manifest["status"], served(manifest)
    weights = next((row for row in manifest["weights"] if row["precision"] == precision), {})
    return (
        indent + manifest["variant"],
        STATES.get(status, status),
        manifest["licence"] if len(manifest["licence"]) <= LONG else manifest["licence"][: LONG - 1] + "…",
        manifest.get("terms", "free"),
        f"{weights['bytes']:,}" if weights else "",
        f"{weights['parameters']:,}" if weights else "",
        quality(manifest, precision),
        seconds(manifest, precision),
    )


def quality(manifest: dict, precision: str) -> str:
    """The first measure in the precision that serves."""
    row = next((row for row in manifest["quality"] if row["precision"] == precision), None)
    if not row:
        return ""
    unit = "" if row["unit"] == "1" else f" {row['unit']}"
    return f"{row['metric']} {row['value']:g}{unit}, {row['set']}"


def seconds(manifest: dict, precision: str) -> str:
    """Seconds a megapixel, of the first size that was timed."""
    row = next((row for row in manifest["speed"] if row["precision"] == precision), None)
    if not row:
        return ""
    pixels = math.prod(int(side) for side in row["size"].split("x"))
    return f"{row['seconds'] / pixels * 1e6:.3f}"


def summary(manifests: list[dict]) -> str:
    """How many there are of each state, and how to get the others."""
    counts = Counter(STATES.get(manifest["status"], manifest["status"]) for manifest in manifests)
    told = f"{len(manifests)} variants: " + ", ".join(f"{count} {state}" for state, count in counts.most_common())
    if not counts["not fetched"]:
        return told
    return (
        f"{told}\n`make weights FUNCTION=… MODEL=…` fetches those that are not; "
        "ACCEPT_LICENCES=… takes terms that are not free"
    )
