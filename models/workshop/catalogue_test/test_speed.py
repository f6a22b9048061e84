"""The run stage of a function beside ONNX Runtime's own Python run of the same file, as that runs unasked, each a few times in turn.

The table out/catalogue-speed.tsv has a line a variant: seconds a megapixel of the function, of the runtime, and their ratio.
"""

import time

import numpy as np
import onnxruntime
import pytest

from workshop import recipe as recipes
from workshop.convert.run import manifest_of
from workshop.convert.source import FILES, MODELS

MOST = 1.1  # times ONNX Runtime's own
SIZE = (240, 320)
ROUNDS, TRIES = 5, 4  # the best of so many; another try where other work on the machine got into one


@pytest.fixture(scope="module")
def table():
    """The table, begun anew."""
    path = recipes.ROOT / "out" / "catalogue-speed.tsv"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as lines:
        yield lines


def test_the_run_stage_is_as_fast_as_the_runtime_alone(ask, table, variant):
    function, name = variant.split("/")
    told = manifest_of(variant)["picture"]
    picture = np.random.default_rng(1).integers(0, 256, (*SIZE, 3), np.uint8)
    if "size" in told:
        picture = picture[:1, :1].repeat(told["size"], 0).repeat(told["size"], 1)
    picture = picture[: told.get("tile"), : told.get("tile")]  # one piece
    step = told.get("multiple", 1)
    picture = picture[: picture.shape[0] // step * step, : picture.shape[1] // step * step]
    run = runtime(variant, picture)
    accept = "image/png" if manifest_of(variant)["task"] == "picture" else "application/json"
    rows = []
    for _ in range(TRIES):
        # Not one by one: the runtime's threads would still spin in here while the function runs.
        ours = min(ask(function).ask(picture, {"model": name}, accept)[1]["run"] / 1000 for _ in range(ROUNDS))
        theirs = min(run() for _ in range(ROUNDS))
        rows.append((ours / theirs, ours, theirs))
        if rows[-1][0] <= MOST:
            break
    ratio, ours, theirs = min(rows)
    million = picture.shape[0] * picture.shape[1] / 1e6
    table.write(f"{variant}\t{ours / million:.4f}\t{theirs / million:.4f}\t{ratio:.3f}\n")
    assert ratio <= MOST


def runtime(variant: str, picture: np.ndarray):
    """A function that runs the file once, and says how many seconds it took."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 2  # as the functions on this many cores
    file = MODELS / variant / FILES["float"]
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    feed = {"picture": picture[None]}

    def run() -> float:
        begun = time.perf_counter()
        session.run(None, feed)
        return time.perf_counter() - begun

    return run
