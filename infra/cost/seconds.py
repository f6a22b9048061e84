"""Measured seconds of one picture: `out/bench.json` where `make bench` has run here, else the manifests, and for GPUs `measured.toml`."""

import json
import tomllib
from dataclasses import dataclass
from pathlib import Path

from infra.functions import ROOT, Function, Wrong

BENCH = ROOT / "out" / "bench.json"
MEASURED = Path(__file__).resolve().parent / "measured.toml"
PRECISIONS = ("int8", "float")
# What `bench` calls a function's own HTTP door, by precision.
DOORS = {"int8": "http", "float": "http float"}


@dataclass(frozen=True)
class Timing:
    """Seconds of one picture on `cores` cores, and where that was measured."""

    seconds: float
    cores: int
    origin: str


def on_cpu(function: Function, bench: Path = BENCH) -> dict[str, Timing]:
    """By precision: from the bench, with decoding and encoding, or of the network alone from the manifest."""
    return from_bench(function, bench) or from_manifest(function)


def from_bench(function: Function, path: Path) -> dict[str, Timing]:
    if not path.is_file():
        return {}
    bench = json.loads(path.read_text())
    doors = bench["functions"].get(function.name, {}).get("seconds", {}).get("640x480", {})
    origin = f"bench of {bench['machine']['date']}, {bench['machine']['cpu']}"
    found = {precision: doors[door]["p50"] for precision, door in DOORS.items() if door in doors}
    return {precision: Timing(seconds, bench["machine"]["cores"], origin) for precision, seconds in found.items()}


def from_manifest(function: Function) -> dict[str, Timing]:
    rows = function.variants[0].manifest["speed"]
    found = {row["precision"]: row for row in rows}
    return {
        precision: Timing(row["seconds"], row["threads"], f"manifest, the network alone at {row['size']}")
        for precision, row in ((each, found.get(each)) for each in PRECISIONS)
        if row
    }


def on_gpu(function: Function, device: str, path: Path = MEASURED) -> float | None:
    """Seconds on a device; none where nobody has measured it."""
    try:
        row = tomllib.loads(path.read_text()).get(function.name, {}).get(device)
        return None if row is None else float(row["seconds"])
    except (tomllib.TOMLDecodeError, KeyError, ValueError) as error:
        raise Wrong(f"{path.name}: {error}") from error
