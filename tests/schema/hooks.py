"""What the document cannot draw by itself: real pictures and videos where it says that bytes are one.

Schemathesis reads this file beside schemathesis.toml. It makes no wrong request right on purpose and no right one
wrong: cases of the negative kind stay as they are drawn.
"""

import base64
import io
import os
import subprocess
import zlib
from pathlib import Path
from urllib.parse import urljoin

import requests
import schemathesis
from hypothesis import strategies as st
from PIL import Image

ROOT = Path(__file__).resolve().parent.parent.parent
# Small, so that the time goes into requests: odd sides, one row, one column, and one that is not tiny.
SIZES = [(8, 8), (13, 7), (1, 1), (33, 1), (1, 20), (64, 48)]
FORMATS = {
    "image/png": ("PNG", ["RGB", "RGBA", "L", "P", "1"]),
    "image/jpeg": ("JPEG", ["RGB", "L", "CMYK"]),
    "image/webp": ("WEBP", ["RGB", "RGBA"]),
    "image/gif": ("GIF", ["P"]),
    "image/bmp": ("BMP", ["RGB"]),
    "image/tiff": ("TIFF", ["RGB", "L"]),
}


def picture(sample: str, size: tuple[int, int], form: str, mode: str) -> bytes:
    """A sample photograph, made small, in a format and a mode of colours."""
    out = io.BytesIO()
    with Image.open(ROOT / "samples" / sample) as photo:
        photo.convert("RGB").resize(size).convert(mode).save(out, form)
    return out.getvalue()


def clip() -> bytes:
    """The first frames of a sample video, small."""
    cut = ["-v", "error", "-i", str(ROOT / "samples/video/cars.mp4"), "-frames:v", "3", "-vf", "scale=64:36"]
    made = ["-f", "mp4", "-movflags", "frag_keyframe+empty_moov", "-"]
    return subprocess.run([os.environ["FFMPEG"], *cut, *made], check=True, capture_output=True).stdout


CAT = "cat_chelsea.jpg"
PICTURES = {
    kind: [picture(CAT, size, form, mode) for size in SIZES for mode in modes]
    for kind, (form, modes) in FORMATS.items()
}
EVERY = [one for each in PICTURES.values() for one in each]
CLIP = clip()
# The members of JSON that hold a picture.
BASE64 = {"img_data", "image"}
# Ids of what is kept: an upload for each address, results as they came.
UPLOADED: dict[str, str] = {}
RESULTS: list[str] = []

for kind, each in PICTURES.items():
    schemathesis.openapi.media_type(kind, st.sampled_from(each))
schemathesis.openapi.media_type("video/mp4", st.just(CLIP))
schemathesis.openapi.media_type("application/octet-stream", st.sampled_from(EVERY))


def announced(case: schemathesis.Case, length: int) -> dict | None:
    """What is told of a file that may be put now; nothing where nothing is kept."""
    told = requests.post(
        f"{case.operation.base_url}/uploads", json={"type": "application/octet-stream", "length": length}, timeout=30
    )
    return None if told.status_code == 501 else told.json()


def uploaded(case: schemathesis.Case) -> str | None:
    """The id of a file that was announced and put."""
    content = CLIP if case.path == "/video" else EVERY[0]
    if case.path not in UPLOADED and (told := announced(case, len(content))):
        address = urljoin(f"{case.operation.base_url}/uploads", told["url"])
        requests.put(address, content, headers=told["headers"], timeout=30).raise_for_status()
        UPLOADED[case.path] = told["id"]
    return UPLOADED.get(case.path)


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case) -> schemathesis.Case:
    """Makes a right request agree with itself and with what is there, where no schema can ask that of it."""
    if case.meta is None or not case.meta.generation.mode.is_positive:
        return case
    if case.path == "/result/{id}" and RESULTS:
        case.path_parameters["id"] = RESULTS[-1]
    if case.method == "PUT" and isinstance(case.body, bytes) and (told := announced(case, len(case.body))):
        case.path_parameters["id"], case.query["token"] = told["id"], told["url"].rpartition("token=")[2]
    if case.method != "POST" or case.path in ("/uploads", "/warmup"):
        return case
    body = case.body if isinstance(case.body, dict) else {}
    if zlib.crc32(repr((case.query, case.body)).encode()) % 4:
        # Mostly the answer itself, not where it is or will be.
        case.headers.pop("prefer", None)
        drop([case.query, body], "link")
    if isinstance(case.body, bytes) and case.path == "/video":
        case.body = CLIP
    for name in BASE64 & set(body):
        body[name] = base64.b64encode(EVERY[len(repr(body)) % len(EVERY)]).decode()
    # An option that stands in query and body has to be the same in both; an upload is instead of a body.
    for name in set(case.query) & set(body) | {"upload"}:
        case.query.pop(name, None)
    if "upload" in body:
        body["upload"] = uploaded(case) or body["upload"]
    if "render" in body or "render" in case.query:
        # A kind of video is for answers that are one.
        case.headers["accept"] = "video/*"
    agree(case, [case.query, body])
    return case


def agree(case: schemathesis.Case, places: list[dict]) -> None:
    """Leaves out what another option forbids: `scale` chooses the model, and a knob is of some models only."""
    given = {name for place in places for name in place}
    schemas = {one["name"]: one["schema"] for one in case.operation.definition.raw["parameters"]}
    if "scale" in given:
        drop(places, "model")
    model = next((place["model"] for place in places if "model" in place), schemas["model"]["default"])
    for name in given & set(schemas):
        if model not in schemas[name].get("x-models", [model]):
            drop(places, name)


def drop(places: list[dict], name: str) -> None:
    for place in places:
        place.pop(name, None)


@schemathesis.hook
def after_call(context: schemathesis.HookContext, case: schemathesis.Case, response: schemathesis.Response) -> None:
    """Remembers where answers are kept."""
    for place in response.headers.get("content-location", []):
        RESULTS.append(place.rpartition("/")[2])
