"""Measures what the functions really serve: starts their binaries and sends the measuring pictures over HTTP."""

import contextlib
import io
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from workshop import recipe as recipes
from workshop.tasks import TASKS


class Goal:
    """What a figure has to be: at least or at most a value, or relative to another row."""

    def __init__(self, text: str, met):
        self.text, self.met = text, met


GOALS = {
    ("upscale", "Set5", "PSNR-Y"): Goal(">= 33.8", lambda row, rows: row["value"] >= 33.8),
    ("upscale", "Set14", "PSNR-Y"): Goal(">= 29.9", lambda row, rows: row["value"] >= 29.9),
    ("upscale", "Set5, JPEG 40, denoise 1", "PSNR-Y"): Goal(
        ">= denoise 0 + .5", lambda row, rows: row["value"] >= rows["Set5, JPEG 40, denoise 0", "PSNR-Y"]["value"] + 0.5
    ),
    ("lowlight", "Kodak 12, gamma 2.5/3.2/4, noise 3/255", "PSNR"): Goal(
        ">= 21.9", lambda row, rows: row["value"] >= 21.9
    ),
    ("lowlight", "DICM 20", "exposure off .6, mean"): Goal(
        "<= half the input's", lambda row, rows: row["value"] <= row["input"] / 2
    ),
    ("lowlight", "DICM 20", "colour share shift, median"): Goal("<= .05", lambda row, rows: row["value"] <= 0.05),
    ("lowlight", "DICM 20", "colour share shift, worst"): Goal("<= .15", lambda row, rows: row["value"] <= 0.15),
    ("lowlight", "DICM 20", "rank correlation, worst"): Goal(">= .7", lambda row, rows: row["value"] >= 0.7),
}


@contextlib.contextmanager
def served(function: str, url: str | None) -> Iterator[str]:
    """The address of a function: `url`/<function> where given, else target/release/<function> started on a free port."""
    if url:
        yield f"{url.rstrip('/')}/{function}"
        return
    program = recipes.ROOT / "target" / "release" / function
    if not program.is_file():
        raise SystemExit(
            f"workshop quality: {program.relative_to(recipes.ROOT)} is not built; cargo build --release builds it"
        )
    library = recipes.ROOT / ".tools" / "onnxruntime" / "libonnxruntime.so"
    given = {"ORT_DYLIB_PATH": str(library), "MODELS": str(recipes.ROOT / "models")} | dict(os.environ) | {"PORT": "0"}
    process = subprocess.Popen([program], env=given, cwd=recipes.ROOT, stdout=subprocess.PIPE, text=True)
    try:
        yield address(process, function)
    finally:
        process.terminate()
        process.wait()


def address(process: subprocess.Popen, function: str) -> str:
    """The address out of the log line that says ready."""
    for line in process.stdout:
        with contextlib.suppress(json.JSONDecodeError):
            said = json.loads(line)
            if said.get("msg") == "ready":
                # The log goes on: a full pipe would stop the server.
                threading.Thread(target=lambda: [None for _ in process.stdout], daemon=True).start()
                return said["address"]
    raise SystemExit(f"workshop quality: {function} ended with code {process.wait()} before it was ready")


def client(base: str):
    """The function behind an address as `run(picture, knobs) -> picture`; PNG both ways."""

    def run(picture: np.ndarray, knobs: dict) -> np.ndarray:
        body = io.BytesIO()
        Image.fromarray(picture).save(body, "PNG", compress_level=1)
        turned = {k: v for k, v in knobs.items() if v}
        url = f"{base}/?{urllib.parse.urlencode(turned)}" if turned else f"{base}/"
        heads = {"Content-Type": "image/png", "Accept": "image/png"}
        try:
            with urllib.request.urlopen(urllib.request.Request(url, body.getvalue(), heads), timeout=300) as answer:
                return np.asarray(Image.open(io.BytesIO(answer.read())).convert("RGB"))
        except urllib.error.HTTPError as error:
            raise SystemExit(f"workshop quality: {url} answered {error.code}: {error.read()[:500]!r}") from error
        except urllib.error.URLError as error:
            raise SystemExit(f"workshop quality: {url}: {error.reason}") from error

    return run


def run(data: Path, url: str | None = None) -> int:
    """Print the table, write out/quality.json; 0 when every goal is met, 1 otherwise. `url`: where functions run already."""
    found = []
    precision = os.environ.get("PRECISION", "auto")
    for function in TASKS:
        task = TASKS[function](recipes.load(f"{function}/default"))
        with served(function, url) as base:
            rows = task.measure(client(base), data)
        found += [{"function": function, "precision": precision} | row for row in rows]
    for row in found:
        of = {(r["set"], r["metric"]): r for r in found if r["function"] == row["function"]}
        goal = GOALS.get((row["function"], row["set"], row["metric"]))
        if goal:
            row |= {"goal": goal.text, "met": bool(goal.met(row, of))}
    folder = recipes.ROOT / "out"
    folder.mkdir(exist_ok=True)
    (folder / "quality.json").write_text(json.dumps(found, indent=2) + "\n")
    show(found, precision)
    missed = sum(row.get("met") is False for row in found)
    if missed:
        print(f"workshop quality: {missed} goals are not met", file=sys.stderr)
    return int(missed > 0)


def show(rows: list[dict], precision: str) -> None:
    """The rows as a table on stdout."""
    print(f"As served, default variants, PRECISION={precision}")
    line = "{:9} {:40} {:27} {:>8} {:>8} {:3} {:20} {}"
    print(line.format("function", "set", "measure", "input", "value", "", "goal", ""))
    for row in rows:
        unit = "" if row["unit"] == "1" else row["unit"]
        state = {True: "met", False: "MISSED", None: ""}[row.get("met")]
        cells = (
            row["function"],
            row["set"],
            row["metric"],
            row.get("input", ""),
            row["value"],
            unit,
            row.get("goal", ""),
        )
        print(line.format(*cells, state))
