"""The reader of frozen TensorFlow graphs, and what a network of luma alone makes of one, beside OpenCV's whole numbers.

`files/tensorflow-graph-tiny.pb` is `graph(weights())`: a random FSRCNN, twice the size, of 4 channels, 2 of them in the middle.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workshop.convert import convert, source
from workshop.convert.readers import Damaged, tensorflow_graph
from workshop.convert.readers.tensorflow_messages import TENSORFLOW
from workshop.convert.run import run_of
from workshop.tests import made

TINY = Path(__file__).parent / "files" / "tensorflow-graph-tiny.pb"
OPTIONS = {"scale": 2, "channels": 4, "shrunk": 2, "maps": 1}


def weights() -> dict[str, np.ndarray]:
    """Random weights; the first kernel hands on its middle, so that a picture is seen in what comes out."""
    random = np.random.default_rng(11)
    shapes = {"f1": (5, 5, 1, 4), "f2": (1, 1, 4, 2), "f3": (3, 3, 2, 2), "f4": (1, 1, 2, 4), "f5": (1, 1, 4, 4)}
    held = {name: random.normal(0.2, 0.1, shape) / np.prod(shape[:2]) for name, shape in shapes.items()}
    held |= {f"b{n}": random.normal(0, 0.02, shapes[f"f{n}"][3]) for n in range(1, 5)}
    held |= {f"alpha{n}": random.uniform(0, 0.5, shapes[f"f{n}"][3]) for n in range(1, 5)}
    held["f1"][2, 2] += 1
    held["f5"] += 0.5
    return {name: value.astype(np.float32) for name, value in held.items()} | {"b5": np.float32([0.01])}


def graph(held: dict[str, np.ndarray]) -> bytes:
    """A GraphDef: a placeholder, arithmetic that is not read, a number and a shape, and the weights."""
    made_of = TENSORFLOW.classes["GraphDef"]()
    made_of.node.add(name="IteratorGetNext", op="Placeholder")
    for name, value in {"mul_1/y": np.float32(0.5), "order": np.int32([0, 3, 1, 2])}.items():
        constant(made_of, name, value)
    for name, value in held.items():
        constant(made_of, name, value)
    made_of.node.add(name="conv1", op="Conv2D", input=["IteratorGetNext", "f1"])
    return made_of.SerializeToString(deterministic=True)


def constant(made_of, name: str, value: np.ndarray) -> None:
    """Add a Const node; one number lies in a list of its own, more as bytes."""
    entry = made_of.node.add(name=name, op="Const").attr.add(key="value")
    tensor = entry.value.tensor
    tensor.dtype = {"f": 1, "i": 3}[value.dtype.kind]
    for side in value.shape:
        tensor.tensor_shape.dim.add(size=side)
    if value.size == 1:
        tensor.float_val.append(float(value.reshape(())))
    else:
        tensor.tensor_content = value.tobytes()


def test_the_weights_of_the_committed_file_are_read():
    read = tensorflow_graph.read([TINY])
    assert TINY.read_bytes() == graph(weights())
    assert read.keys() == weights().keys()
    for name, value in weights().items():
        np.testing.assert_array_equal(read[name], value)


def opencv(picture: np.ndarray) -> np.ndarray:
    """The picture by the paper's layers, its colours as OpenCV reckons them, written once more."""
    red, green, blue = picture.astype(np.int64).transpose(2, 0, 1)
    luma = (4899 * red + 9617 * green + 1868 * blue + 8192) >> 14
    cr, cb = (np.clip((p * (c - luma) + (128 << 14) + 8192) >> 14, 0, 255) for p, c in ((11682, red), (9241, blue)))
    held = {name: torch.from_numpy(value) for name, value in weights().items()}
    x = torch.from_numpy(luma / 255).float()[None, None]
    for n in range(1, 5):
        kernel = held[f"f{n}"].permute(3, 2, 0, 1)
        x = F.conv2d(x, kernel, held[f"b{n}"], padding=kernel.shape[2] // 2)
        x = torch.relu(x) + held[f"alpha{n}"].reshape(1, -1, 1, 1) * (x - x.abs()) * 0.5
    x = F.pixel_shuffle(F.conv2d(x, held["f5"].permute(3, 2, 0, 1)), 2) + held["b5"]
    luma = np.rint(x[0, 0].numpy() * 255).clip(0, 255).astype(np.int64)
    planes = torch.from_numpy(np.stack([cr, cb]) / 255)[None]
    cr, cb = np.rint(F.interpolate(planes, scale_factor=2, mode="bilinear")[0].numpy() * 255).astype(np.int64) - 128
    parts = (22987 * cr, -11698 * cr - 5636 * cb, 29049 * cb)
    return np.stack([luma + ((part + 8192) >> 14) for part in parts], 2).clip(0, 255).astype(np.uint8)


# proves: D03, U16
def test_a_manifest_makes_a_network_of_it(tmp_path):
    folder = tmp_path / "upscale" / "tiny"
    folder.mkdir(parents=True)
    files = [{"file": TINY.name, "address": "https://example.org/tiny.pb"}]
    origin = {"converter": "fsrcnn", "format": "tensorflow-graph", "options": OPTIONS, "files": files}
    given = {"function": "upscale", "variant": "tiny", "from": origin, "weights": [], "picture": {}, "knobs": {}}
    (folder / "model.json").write_text(json.dumps(given))
    convert.convert(source.read(folder, given), [TINY])
    run = run_of("upscale/tiny", models=tmp_path)
    for height, width in ((17, 23), (40, 52)):
        picture = made.picture(4, height, width)
        answer, expected = run(picture, {}).astype(int), opencv(picture).astype(int)
        assert answer.std() > 10, "a picture that shows nothing"
        # Where a colour lies on a half it may be rounded the other way, in steps of up to 1.8.
        assert np.abs(answer - expected).max() <= 2
        assert (answer != expected).mean() < 0.05


def changed(change) -> bytes:
    """The committed file with its node `f1` changed."""
    held = TENSORFLOW.classes["GraphDef"].FromString(TINY.read_bytes())
    change(next(node for node in held.node if node.name == "f1"))
    return held.SerializeToString()


def claim(side: int, numbers: bytes | None = None):
    """A change: the first side of the shape, and the bytes."""

    def change(node):
        tensor = node.attr[0].value.tensor
        tensor.tensor_shape.dim[0].size = side
        if numbers is not None:
            tensor.tensor_content = numbers
            tensor.float_val.append(1)

    return change


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (lambda: TINY.read_bytes()[:-9], "holds no TensorFlow GraphDef"),
        (lambda: b"", "holds no weights"),
        (lambda: changed(claim(10**12)), "has 400 bytes for the shape"),
        (lambda: changed(claim(10**12, b"")), "has 1 numbers for the shape"),
        (lambda: changed(claim(-1)), "without a shape"),
        (lambda: changed(lambda node: setattr(node, "name", "f2")), "two nodes 'f2'"),
        (lambda: b"\x0a\x00" * (tensorflow_graph.NODES + 1), "nodes; at most"),
    ],
    ids=["torn", "empty", "claims", "claims by one number", "negative", "twice", "many nodes"],
)
def test_a_wrong_file_is_refused_by_name(tmp_path, data, says):
    path = tmp_path / "wrong.pb"
    path.write_bytes(data())
    with pytest.raises(Damaged, match=f"wrong.pb.* {says}"):
        tensorflow_graph.read([path])


def test_a_huge_file_is_refused_unread(tmp_path):
    path = tmp_path / "huge.pb"
    with path.open("wb") as file:
        file.truncate(tensorflow_graph.LARGEST + 1)
    with pytest.raises(Damaged, match="huge.pb has 67108865 bytes"):
        tensorflow_graph.read([path])
