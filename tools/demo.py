"""`make demo`: every sample picture through every function's HTTP door; answers and a before/after sheet in out/demo.

    .tools/pictures/bin/python tools/demo.py FUNCTION...

Each function is started fresh on a free port, and asked as any client would: a JPEG in the body, a JPEG (labels: JSON) back.
"""

import io
import json
import os
import subprocess
import sys
import threading
import time
import urllib.parse
import urllib.request
from pathlib import Path

from PIL import Image
from sheets import SHEETS, plain, sheet

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out" / "demo"
SAMPLES = sorted((ROOT / "samples").glob("*.jpg"))


def main(functions: list[str]) -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    for function in functions:
        with Door(function) as door:
            answers = OUT / function
            answers.mkdir(exist_ok=True)
            for sample in SAMPLES:
                if door.kind == "labels" and sample.name.startswith("people"):
                    continue  # none of the classes is a person, and a wrong word about one is no joke
                start = time.perf_counter()
                path = answers / (f"{sample.stem}.json" if door.kind == "labels" else sample.name)
                path.write_bytes(door.send(sample.read_bytes()))
                seconds = time.perf_counter() - start
                print(f"{function}: {sample.name} in {seconds:.2f} s -> {path.relative_to(ROOT)}")
            rows = SHEETS.get(function, plain)(door)
            path = OUT / f"{function}.png"
            sheet(rows).save(path)
            print(f"{function}: before and after -> {path.relative_to(ROOT)}", flush=True)
    return 0


class Door:
    """A function's own process on a free port; its ready line tells the address."""

    def __init__(self, function: str):
        environment = {**os.environ, "PORT": "0"}
        environment.setdefault("ORT_DYLIB_PATH", str(ROOT / ".tools/onnxruntime/libonnxruntime.so"))
        environment.setdefault("MODELS", str(ROOT / "models"))
        variant = Path(environment["MODELS"]) / function / environment.get("MODEL", "default")
        self.manifest = json.loads((variant / "model.json").read_text())
        self.kind = self.manifest["task"]
        binary = ROOT / "target" / "release" / function
        self.process = subprocess.Popen([binary], env=environment, stdout=subprocess.PIPE, text=True)
        self.address = self.ready()
        threading.Thread(target=lambda: [None for _ in self.process.stdout], daemon=True).start()

    def ready(self) -> str:
        for line in self.process.stdout:
            entry = json.loads(line)
            if entry.get("msg") == "ready":
                return entry["address"]
        sys.exit(f"demo: {self.process.args[0].name} did not start; its own words stand above")

    def send(self, picture: bytes, options: dict | None = None) -> bytes:
        """The answer to a picture's bytes: a picture (boxes are drawn into it), or the JSON of labels."""
        query = f"?{urllib.parse.urlencode(options)}" if options else ""
        accept = "application/json" if self.kind == "labels" else "image/*"
        heads = {"content-type": "application/octet-stream", "accept": accept}
        request = urllib.request.Request(f"{self.address}/{query}", picture, heads)
        with urllib.request.urlopen(request, timeout=300) as answer:
            return answer.read()

    def __call__(self, picture: Image.Image, **options) -> Image.Image:
        """The answer to a picture, sent as PNG so that nothing but the function changes it."""
        return Image.open(io.BytesIO(self.send(png(picture), options))).convert("RGB")

    def labels(self, picture: Image.Image) -> list[dict]:
        """The classes of a picture, best first: `name`, `score`."""
        return json.loads(self.send(png(picture)))["data"]["classes"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
