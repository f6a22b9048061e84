"""What was measured, as a page of text: a table for every panel of the boards."""

from infra.monitoring.panels import Board, Panel, Query

Samples = list[tuple[dict[str, str], float]]


def text(boards: tuple[Board, ...], samples: dict[Query, Samples], about: str) -> str:
    """Markdown; `samples` are what each panel's query gave."""
    lines = ["# Report", "", about, ""]
    for board in boards:
        lines += [f"## {board.title}", ""]
        for panel in board.panels:
            lines += [f"### {panel.title}", "", panel.text, "", *table(panel, samples), ""]
    return "\n".join(lines)


def table(panel: Panel, samples: dict[Query, Samples]) -> list[str]:
    """A row for what the first query tells apart, a column for each query."""
    labels = [
        label for label in panel.queries[0].labels if any(label in found for found, _ in samples[panel.queries[0]])
    ]
    head = [*labels, *(query.name for query in panel.queries)]
    rows = sorted([found.get(label, "") for label in labels] for found, _ in samples[panel.queries[0]])
    cells = [
        [*row, *(cell(panel, samples[query], dict(zip(labels, row, strict=True))) for query in panel.queries)]
        for row in rows
    ]
    return [f"| {' | '.join(line)} |" for line in [head, ["---"] * len(head), *cells]]


def cell(panel: Panel, samples: Samples, row: dict[str, str]) -> str:
    """The value of the sample whose labels are all in the row's."""
    for labels, value in samples:
        shared = {label: labels[label] for label in row if label in labels}
        if shared.items() <= row.items():
            return shown(panel.unit, value)
    return ""


def shown(unit: str, value: float) -> str:
    if unit == "percentunit":
        return f"{value:.1%}"
    if unit == "currencyUSD":
        return f"{value:.4f}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:,.0f}"
