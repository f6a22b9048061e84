"""Functions as they are served: their binaries started, or reached by address, and asked over HTTP."""

import contextlib
import http.client
import io
import json
import os
import subprocess
import threading
import urllib.parse
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image

from workshop import recipe as recipes


@contextlib.contextmanager
def served(function: str, url: str | None, precision: str = "auto", models: Path | None = None) -> Iterator[str]:
    """The address of a function: `url`/<function> where given, else target/release/<function> started on a free port, with
    the variants of another folder where `models` is given."""
    if url:
        yield f"{url.rstrip('/')}/{function}"
        return
    program = recipes.ROOT / "target" / "release" / function
    if not program.is_file():
        raise SystemExit(
            f"workshop quality: {program.relative_to(recipes.ROOT)} is not built; cargo build --release builds it"
        )
    library = recipes.ROOT / ".tools" / "onnxruntime" / "libonnxruntime.so"
    given = {"ORT_DYLIB_PATH": str(library), "MODELS": str(recipes.ROOT / "models")} | dict(os.environ)
    given |= {"PORT": "0", "PRECISION": precision} | ({"MODELS": str(models)} if models else {})
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


class Client:
    """A function behind an address, one connection kept open; pictures go as PNG."""

    def __init__(self, base: str):
        parts = urllib.parse.urlsplit(base)
        kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self.base, self.path, self.connection = base, parts.path.rstrip("/"), kind(parts.netloc, timeout=300)

    def ask(self, picture: np.ndarray, options: dict, accept: str) -> tuple[bytes, dict[str, float]]:
        """The answer's body, and the milliseconds of each stage."""
        body = io.BytesIO()
        Image.fromarray(picture).save(body, "PNG", compress_level=1)
        target = f"{self.path}/" + (f"?{urllib.parse.urlencode(options)}" if options else "")
        heads = {"Content-Type": "image/png", "Accept": accept}
        for again in (True, False):
            try:
                self.connection.request("POST", target, body.getvalue(), heads)
                answer = self.connection.getresponse()
                given = answer.read()
                break
            except (OSError, http.client.HTTPException) as error:
                self.connection.close()
                if not (again and isinstance(error, ConnectionError)):  # idle for long: once more, on a new one
                    raise SystemExit(f"workshop quality: {self.base}: {error}") from error
        if answer.status != 200:
            raise SystemExit(f"workshop quality: {self.base}{target} answered {answer.status}: {given[:500]!r}")
        stages = (part.strip().split(";dur=") for part in answer.headers.get("Server-Timing", "").split(",") if part)
        return given, {name: float(took) for name, took in stages}


def run_of(client: Client, task, manifest: dict) -> Callable:
    """The manifest's variant as the measures want it: `run(picture, knobs) -> answer`, see `tasks.base.Task.kind`."""

    known = manifest["knobs"]
    names = recipes.ROOT / "models" / manifest["function"] / manifest["variant"] / manifest.get("labels", "")
    classes = len(names.read_text().splitlines()) if "labels" in manifest else 0

    def asked(knobs: dict) -> dict:
        return {"model": manifest["variant"]} | {
            k: written(known.get(k, {}), v) for k, v in knobs.items() if turned(k, v)
        }

    def turned(name: str, value) -> bool:
        """Whether a knob is not as it is anyway: a variant without it then need not be told."""
        default = task.knobs.get(name, {}).get("default")
        return not (isinstance(value, (int, float, str)) and value == default)

    def picture(given: np.ndarray, knobs: dict) -> np.ndarray:
        body, _ = client.ask(given, asked(knobs), "image/png")
        return np.asarray(Image.open(io.BytesIO(body)).convert("RGB"))

    def labels(given: np.ndarray, knobs: dict) -> np.ndarray:
        body, _ = client.ask(given, asked(knobs) | {"top_k": classes}, "application/json")
        scores = np.zeros(classes)
        for row in json.loads(body)["data"]["classes"]:
            scores[row["class_id"]] = row["score"]
        return scores

    def boxes(given: np.ndarray, knobs: dict) -> list[tuple]:
        body, _ = client.ask(given, asked(knobs), "application/json")
        return [(*row["box"], row["class_id"], row["score"]) for row in json.loads(body)["data"]["boxes"]]

    return {"picture": picture, "labels": labels, "boxes": boxes}[task.kind]


def written(knob: dict, value) -> str:
    """A knob's value as a request writes it: a number, a name, or the shares of a mix."""
    if isinstance(value, (int, float, str)):
        return str(value)
    shares = zip(knob["names"], np.asarray(value, float).ravel(), strict=True)
    return ",".join(f"{name}:{share:g}" for name, share in shares if share > 0)
