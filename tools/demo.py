"""`make demo`: every sample picture through every function's HTTP door; answers and a before/after sheet in out/demo.

    .tools/pictures/bin/python tools/demo.py FUNCTION...

Each function is started fresh on a free port, and asked as any client would: a JPEG in the body, a JPEG back.
"""

import io
import json
import os
import random
import subprocess
import sys
import threading
import time
import urllib.request
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

ROOT = Path(__file__).resolve().parent.parent
OUT = ROOT / "out" / "demo"
SAMPLES = sorted((ROOT / "samples").glob("*.jpg"))
COLUMN, GAP, LABEL = 480, 12, 26


def main(functions: list[str]) -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    for function in functions:
        with Door(function) as door:
            answers = OUT / function
            answers.mkdir(exist_ok=True)
            for sample in SAMPLES:
                start = time.perf_counter()
                (answers / sample.name).write_bytes(door.enhance(sample.read_bytes()))
                seconds = time.perf_counter() - start
                print(f"{function}: {sample.name} in {seconds:.2f} s -> {(answers / sample.name).relative_to(ROOT)}")
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

    def enhance(self, picture: bytes) -> bytes:
        request = urllib.request.Request(self.address + "/", picture, {"content-type": "image/jpeg"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return answer.read()

    def __call__(self, picture: Image.Image) -> Image.Image:
        """The answer to a picture, sent as PNG so that nothing but the function changes it."""
        out = io.BytesIO()
        picture.save(out, "PNG")
        return Image.open(io.BytesIO(self.enhance(out.getvalue()))).convert("RGB")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def plain(door: Door) -> list[dict[str, Image.Image]]:
    return [{"before": opened(name), "after": door(opened(name))} for name in ("street_buses", "landscape_field")]


def lowlight(door: Door) -> list[dict[str, Image.Image]]:
    rows = []
    for name, dark in (("night_rocket", False), ("food_coffee", True), ("people_astronaut", True)):
        picture = darkened(opened(name)) if dark else opened(name)
        rows.append({"darkened sample" if dark else "sample": picture, "lowlight": door(picture)})
    return rows


def upscale(door: Door) -> list[dict[str, Image.Image]]:
    """A third of each sample enlarged back, so that the truth can stand beside; a detail of each."""
    rows = []
    details = (("cat_chelsea", 120, 60), ("street_buses", 270, 150), ("people_astronaut", 150, 20))
    for name, left, top in details:
        truth = opened(name)
        small = truth.resize((truth.width // 3, truth.height // 3), Image.Resampling.BICUBIC)
        ours = door(small)
        frame = (left, top, left + 180, top + 180)
        views = {
            "a third of the sample": small.resize(ours.size, Image.Resampling.NEAREST),
            "bicubic x3": small.resize(ours.size, Image.Resampling.BICUBIC),
            f"upscale x{ours.width // small.width}": ours,
            "sample": truth,
        }
        crops = {label: view.crop(frame) for label, view in views.items()}
        rows.append({label: crop.resize((360, 360), Image.Resampling.NEAREST) for label, crop in crops.items()})
    return rows


SHEETS = {"lowlight": lowlight, "upscale": upscale}


def opened(name: str) -> Image.Image:
    return Image.open(ROOT / "samples" / f"{name}.jpg").convert("RGB")


def darkened(picture: Image.Image) -> Image.Image:
    """Gamma 3 and noise of 3/255, the same each time."""
    chance = random.Random(7)
    curve = [(level / 255) ** 3 * 255 for level in range(256)]
    noisy = bytes(min(255, max(0, round(curve[level] + chance.gauss(0, 3)))) for level in picture.tobytes())
    return Image.frombytes("RGB", picture.size, noisy)


def sheet(rows: list[dict[str, Image.Image]]) -> Image.Image:
    """Rows of labelled pictures, each no wider than a column."""
    font = ImageFont.load_default(16)
    fitted = [{label: fit(picture) for label, picture in row.items()} for row in rows]
    heights = [max(picture.height for picture in row.values()) + LABEL + GAP for row in fitted]
    widths = [sum(picture.width + GAP for picture in row.values()) for row in fitted]
    page = Image.new("RGB", (max(widths) + GAP, sum(heights) + GAP), "white")
    draw = ImageDraw.Draw(page)
    y = GAP
    for row, height in zip(fitted, heights, strict=True):
        x = GAP
        for label, picture in row.items():
            draw.text((x, y), label, "black", font)
            page.paste(picture, (x, y + LABEL))
            x += picture.width + GAP
        y += height
    return page


def fit(picture: Image.Image) -> Image.Image:
    if picture.width <= COLUMN:
        return picture
    height = round(picture.height * COLUMN / picture.width)
    return picture.resize((COLUMN, height), Image.Resampling.LANCZOS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
