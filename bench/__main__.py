"""python -m bench [--runs 5] [--features "..."] FUNCTION...: measures, prints tables, writes out/bench.json.

It reports and never fails on a figure. Other work on the machine shows in every row: what is compared is interleaved.
"""

import argparse
import json
import os
import platform
import signal
import sys
import time
from pathlib import Path

from bench import measure, pictures, table

OUT = Path(__file__).resolve().parent.parent / "out"


def main() -> None:
    arguments = argparse.ArgumentParser(prog="bench")
    arguments.add_argument("--runs", type=int, default=5, help="rounds of everything")
    arguments.add_argument("--features", default="", help="what cargo gets to build, for the emulator")
    arguments.add_argument("functions", nargs="+")
    chosen = arguments.parse_args()
    # An end from outside unwinds like any other, so that every server is stopped.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench: stopped"))
    made = pictures.make(OUT / "bench")
    megapixels = {name: width * height / 1e6 for name, (width, height) in pictures.SIZES.items()}
    result = {"machine": machine(), "runs": chosen.runs, "functions": {}}
    print(
        f"# Bench: {result['machine']['cpu']}, {result['machine']['cores']} cores, {chosen.runs} rounds\n", flush=True
    )
    for name in chosen.functions:
        figures = measure.function(name, made, chosen.runs, chosen.features.split())
        result["functions"][name] = figures
        print("\n".join(table.lines(name, figures, megapixels)), flush=True)
        (OUT / "bench.json").write_text(json.dumps(result, indent=1) + "\n")
    print("written: out/bench.json")


def machine() -> dict:
    """What the figures were taken on, and how busy it was before."""
    names = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    cpu = names[0].split(":", 1)[1].strip() if names else platform.processor()
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "date": time.strftime("%Y-%m-%d"),
    }


if __name__ == "__main__":
    main()
