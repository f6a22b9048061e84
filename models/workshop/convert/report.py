"""What a run shows: bars at a terminal, else a line for each thing done; and the table at its end."""

import sys
from collections import Counter
from dataclasses import dataclass

from tqdm import tqdm

STATES = {
    "done": "converted now",
    "there": "converted before",
    "licence": "not accepted",
    "missing": "files not to be had",
    "refused": "files that are not what they should be",
    "failed": "not converted",
}


@dataclass(frozen=True)
class Row:
    """What became of a variant: a state of STATES, why, and the bytes of the converted file."""

    name: str
    state: str
    why: str = ""
    bytes: int | None = None


class Progress:
    """A bar, or lines where stderr is no terminal."""

    def __init__(self, what: str, total: int):
        self.bar = tqdm(total=total, desc=what, unit="", disable=not sys.stderr.isatty())

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.bar.close()

    def done(self, line: str, count: int = 1) -> None:
        """That much more is done."""
        self.bar.update(count)
        if self.bar.disable:
            print(line, file=sys.stderr, flush=True)


def table(rows: list[Row]) -> str:
    """One line a variant, and one that counts them."""
    wide = max((len(row.name) for row in rows), default=0)
    size = {row: f"{row.bytes:,}" if row.bytes else "" for row in rows}
    lines = [f"{row.name:{wide}}  {row.state:7}  {size[row]:>12}  {row.why}".rstrip() for row in rows]
    counts = Counter(row.state for row in rows)
    told = ", ".join(f"{counts[state]} {state} ({words})" for state, words in STATES.items() if counts[state])
    return "\n".join([*lines, f"variants: {told}"])
