"""The bench's figures as text."""

FORMS = {"picture": "JPEG in, JPEG out", "labels": "JPEG in, JSON out", "boxes": "JPEG in, JSON out"}


def lines(name: str, figures: dict, megapixels: dict[str, float]) -> list[str]:
    out = [
        f"## {name}",
        "",
        f"Milliseconds of one answer ({FORMS[figures['task']]}, one client), beside the floor:",
        "",
    ]
    kinds = list(figures["seconds"]["640x480"])
    out += row("picture", *kinds, "float/int8", "s/megapixel", head=True)
    for size, each in figures["seconds"].items():
        cells = [latency(kind, each) for kind in kinds]
        int8, floats = each["http"]["p50"], each.get("http float")
        gain = f"{floats['p50'] / int8:.2f}" if floats else "-"
        out += row(size, *cells, gain, f"{int8 / megapixels[size]:.2f}")
    out += ["", "Answers a second, 640x480:", ""]
    kinds = list(figures["answers_per_second"][1])
    out += row("clients", *kinds, head=True)
    for clients, each in figures["answers_per_second"].items():
        out += row(str(clients), *(f"{each[kind]:.2f}" for kind in kinds))
    if figures["task"] == "boxes":
        kept = each_of(figures["answers_per_second"][1], "{:.1f}")
        out += ["", f"Camera, frames a second of 640x480 JPEG over one kept-alive connection, one at a time: {kept}."]
    out += ["", "Start, in seconds from the start of the process; the first 640x480 answer beside the next ones:", ""]
    out += row("", "ready", "first answer", "first/next", head=True)
    for kind, each in figures["start"].items():
        out += row(kind, f"{each['ready']:.2f}", f"{each['answered']:.2f}", f"{each['first_to_next']:.2f}")
    out += ["", "Resident memory in MB:", ""]
    columns = ["idle", "after 640x480", "peak 640x480", "peak large", "10 s after large"]
    large = figures["memory_mb"]["http"]["large"]
    out += row("", *(column.replace("large", large) for column in columns), head=True)
    for kind, each in figures["memory_mb"].items():
        out += row(kind, *(f"{each[column]:.0f}" if column in each else "-" for column in columns))
    return [*out, ""]


def each_of(figures: dict[str, float], form: str) -> str:
    """One figure a contender, in a sentence."""
    return ", ".join(f"{kind} {form.format(value)}" for kind, value in figures.items())


def latency(kind: str, each: dict) -> str:
    if kind not in each:
        return "-"
    text = f"{each[kind]['p50'] * 1000:.1f}"
    return text if kind == "floor" else f"{text} (x{each[kind]['to_floor']:.2f})"


def row(*cells: str, head: bool = False) -> list[str]:
    """A line of a Markdown table, readable as it is."""
    line = "| " + " | ".join(f"{cell:<13}" for cell in cells) + " |"
    return [line, "|" + "|".join("-" * 15 for _ in cells) + "|"] if head else [line]
