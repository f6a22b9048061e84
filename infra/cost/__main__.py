"""python -m infra.cost [--pictures 1000] [FUNCTION...]: what 1,000 pictures and a month cost on every way to deploy.

Prices with their dates and sources stand in `prices.toml`; seconds come from measurements alone, and a way that nobody has measured says so.
"""

import argparse
import datetime
import sys
import tomllib
from pathlib import Path

from infra.cost import seconds, ways
from infra.functions import Function, Wrong, functions

PRICES = Path(__file__).resolve().parent / "prices.toml"
GPUS = ("managed", "cloud_run", "rented")
OLD_DAYS = 365


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="infra.cost")
    parser.add_argument("--pictures", type=int, default=1000, help="pictures a day that a function is asked for")
    parser.add_argument("functions", nargs="*", help="default: every function with a model")
    chosen = parser.parse_args(arguments)
    try:
        if chosen.pictures < 1:
            raise Wrong(f"{chosen.pictures} pictures a day; at least 1")
        prices = read(PRICES)
        for line in report(picked(chosen.functions), prices, chosen.pictures):
            print(line)
    except Wrong as error:
        print(f"cost: {error}", file=sys.stderr)
        return 1
    return 0


def read(path: Path) -> dict:
    """The price tables, each with a source and a date."""
    try:
        prices = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise Wrong(f"{path.name}: {error}") from error
    for name, table in prices.items():
        if name != "assumed" and not (
            table.get("source", "").startswith("https://") and isinstance(table.get("date"), datetime.date)
        ):
            raise Wrong(f"{path.name}: [{name}] needs its source and date")
    return prices


def picked(names: list[str]) -> list[Function]:
    known = {function.name: function for function in functions() if function.has_model}
    if unknown := [name for name in names if name not in known]:
        raise Wrong(f"no function with a model is called {', '.join(unknown)}; there are: {', '.join(known)}")
    return [known[name] for name in names or known]


def report(chosen: list[Function], prices: dict, pictures: int) -> list[str]:
    """A table for every function, then where the figures come from."""
    lines = [
        f"Dollars at {pictures:,} pictures a day for each function (640x480), a month of 30 days, before tax and free tiers."
    ]
    for function in chosen:
        timings = seconds.on_cpu(function)
        on_gpu = {table: seconds.on_gpu(function, prices[table]["device"]) for table in GPUS}
        rows = ways.cpu(function, timings, prices) + ways.gpu(on_gpu, prices)
        origins = "; ".join(sorted({timing.origin for timing in timings.values()}))
        lines += ["", f"{function.name}: {function.memory_mb} MB, {origins}", *table(rows, pictures)]
    return [*lines, "", *sources(prices)]


def table(rows: list[ways.Way], pictures: int) -> list[str]:
    """Every way in a line: all that it costs for 1,000 pictures and a month, and what of it is paid without a picture."""
    head = ("", "s a picture", "1,000 pictures", "a month", "of it idle")
    width = max(len(row.name) for row in rows)
    lines = [f"  {head[0]:<{width}}" + "".join(f"{word:>16}" for word in head[1:])]
    for row in rows:
        month = row.month(pictures)
        if month is None:
            cells = ["not measured", "", "", f"{row.idle:.2f}"]
        else:
            cells = [f"{row.seconds:.4f}", f"{month / pictures / 30 * 1000:.4f}", f"{month:.2f}", f"{row.idle:.2f}"]
        lines.append(f"  {row.name:<{width}}" + "".join(f"{cell:>16}" for cell in cells))
    return lines


def sources(prices: dict) -> list[str]:
    assumed = ", ".join(f"{name} {value}" for name, value in prices["assumed"].items())
    today = datetime.date.today()
    lines = [f"assumed: {assumed} (infra/cost/prices.toml)"]
    for name, entry in prices.items():
        if name != "assumed":
            old = "; more than a year ago: look again" if (today - entry["date"]).days > OLD_DAYS else ""
            lines.append(f"prices of {name}: {entry['source']}, {entry['date']}{old}")
    return lines


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
