"""The peer: one network behind FastAPI, uvicorn, ONNX Runtime and Pillow, as people serve one in Python today.

    PEER_WEIGHTS=models/upscale/default/model.onnx PEER_THREADS=2 uvicorn bench.peer:app

Any of our ONNX files: `picture` uint8 [1,H,W,3] in, `answer` out, `context` where the graph has one, knobs at their defaults.
The endpoint is synchronous, so that FastAPI runs it in its pool of threads; the session is shared, as it may be.
"""

import io
import json
import os
from pathlib import Path

import numpy
import onnxruntime
from fastapi import Depends, FastAPI, Request, Response
from PIL import Image

WEIGHTS = Path(os.environ["PEER_WEIGHTS"])
MANIFEST = json.loads((WEIGHTS.parent / "model.json").read_text())


def load() -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = int(os.environ["PEER_THREADS"])
    return onnxruntime.InferenceSession(WEIGHTS, options, providers=["CPUExecutionProvider"])


SESSION = load()
INPUTS = {each.name for each in SESSION.get_inputs()}
KNOBS = {
    name: numpy.array([knob["default"]], numpy.float32)
    for name, knob in MANIFEST.get("knobs", {}).items()
    if name in INPUTS
}
app = FastAPI()


async def body(request: Request) -> bytes:
    return await request.body()


@app.post("/")
def enhance(data: bytes = Depends(body)) -> Response:  # noqa: B008 this is how FastAPI is told
    picture = Image.open(io.BytesIO(data)).convert("RGB")
    feed = {"picture": numpy.asarray(picture)[None], **KNOBS}
    if "context" in INPUTS:
        side = MANIFEST["picture"]["context"]
        feed["context"] = numpy.asarray(picture.resize((side, side), Image.Resampling.BILINEAR))[None]
    (answer,) = SESSION.run(["answer"], feed)
    out = io.BytesIO()
    Image.fromarray(answer[0]).save(out, "JPEG", quality=90, subsampling=0)
    return Response(out.getvalue(), media_type="image/jpeg")
