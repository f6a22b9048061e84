"""The peer: one network behind FastAPI, uvicorn, ONNX Runtime, Pillow and NumPy, as people serve one in Python today.

    PEER_WEIGHTS=models/upscale/default/model.onnx PEER_THREADS=2 uvicorn bench.peer:app

Any of our ONNX files, knobs at their defaults: a picture in, a JPEG, the five best classes or the boxes out. What a
function does around its network (stylize's median filter, tiles) the peer leaves undone: it has the smaller task.
The endpoint is synchronous, so that FastAPI runs it in its pool of threads; the session is shared, as it may be.
"""

import io
import json
import os
from pathlib import Path

import numpy
import onnxruntime
from fastapi import Depends, FastAPI, Request, Response
from fastapi.responses import JSONResponse
from PIL import Image

from bench.words import boxes, labels, letterboxed, stretched

WEIGHTS = Path(os.environ["PEER_WEIGHTS"])
MANIFEST = json.loads((WEIGHTS.parent / "model.json").read_text())
TASK, GEOMETRY = MANIFEST["task"], MANIFEST["picture"]
NAMES = (WEIGHTS.parent / MANIFEST["labels"]).read_text().splitlines() if "labels" in MANIFEST else []


def load() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["PEER_THREADS"])
    return onnxruntime.InferenceSession(WEIGHTS, options, providers=["CPUExecutionProvider"])


def default(knob: dict) -> numpy.ndarray:
    """A knob where nobody turns it: a number, or the shares of a mix."""
    if "names" in knob:
        return numpy.array([[name == knob["default"] for name in knob["names"]]], numpy.float32)
    return numpy.array([knob["default"]], numpy.float32)


SESSION = load()
INPUTS = {each.name for each in SESSION.get_inputs()}
KNOBS = {name: default(knob) for name, knob in MANIFEST.get("knobs", {}).items() if name in INPUTS}
app = FastAPI()


async def body(request: Request) -> bytes:
    return await request.body()


@app.post("/")
def answer(data: bytes = Depends(body)) -> Response:  # noqa: B008 this is how FastAPI is told
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    if TASK == "labels":
        (scores,) = SESSION.run(["scores"], {"picture": stretched(picture, GEOMETRY["size"]), **KNOBS})
        return JSONResponse({"classes": labels(scores[0], NAMES)})
    if TASK == "boxes":
        given, scale = letterboxed(picture, GEOMETRY["size"], GEOMETRY["multiple"])
        bounds, scores = SESSION.run(["boxes", "scores"], {"picture": given, **KNOBS})
        found = boxes(bounds / scale, scores, NAMES)
        return JSONResponse({"width": picture.width, "height": picture.height, "boxes": found})
    feed = {"picture": numpy.asarray(picture)[None], **KNOBS}
    if "context" in INPUTS:
        feed["context"] = stretched(picture, GEOMETRY["context"])
    (given,) = SESSION.run(["answer"], feed)
    out = io.BytesIO()
    Image.fromarray(given[0]).save(out, "JPEG", quality=90, subsampling=0)
    return Response(out.getvalue(), media_type="image/jpeg")
