"""The reader of TensorFlow.js models, and what the network of esrgan-slim makes of one.

`files/tfjs-tiny.model.json` and its two shards are `files()`: an esrgan-slim of random weights, three times the size, but that the
shapes are those of `SHAPES`.
"""

import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workshop.convert.networks.esrgan_slim import EsrganSlim, gathered
from workshop.convert.readers import Damaged, tfjs

FILES = Path(__file__).parent / "files"
NAMES = ("tfjs-tiny-1.bin", "tfjs-tiny-2.bin", "tfjs-tiny.model.json")
PATHS = [FILES / name for name in NAMES]
SHAPES = {"F_0/kernel": (3, 3, 2, 4), "F_0/bias": (4,), "SR/kernel": (1, 1, 4, 3), "SR/bias": (3,)}


def weights() -> dict[str, np.ndarray]:
    random = np.random.default_rng(12)
    return {name: random.random(shape, np.float32) for name, shape in SHAPES.items()}


def files() -> dict[str, bytes]:
    """The numbers end to end, cut in the middle of one, and what tells of them."""
    data = b"".join(value.tobytes() for value in weights().values())
    told = [{"name": name, "shape": list(shape), "dtype": "float32"} for name, shape in SHAPES.items()]
    manifest = [{"paths": ["group1-shard1of2.bin", "group1-shard2of2.bin"], "weights": told}]
    text = json.dumps({"format": "layers-model", "modelTopology": {}, "weightsManifest": manifest}, indent=1)
    return dict(zip(NAMES, (data[:150], data[150:], text.encode()), strict=True))


# proves: D03
def test_the_committed_files_are_read():
    assert {path.name: path.read_bytes() for path in PATHS} == files()
    read = tfjs.read(PATHS)
    assert read.keys() == SHAPES.keys()
    for name, value in weights().items():
        np.testing.assert_array_equal(read[name], value)


def told(change) -> bytes:
    """The model.json with its manifest changed."""
    held = json.loads(files()[NAMES[2]])
    change(held["weightsManifest"][0])
    return json.dumps(held).encode()


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        (2, lambda: b"{}", "model.json is no model.json of TensorFlow.js"),
        (2, lambda: b"[" * 100_000, "model.json is no model.json of TensorFlow.js"),
        (2, lambda: told(lambda group: group["paths"].pop()), "tells of 1 shards; 2 are here"),
        (2, lambda: told(lambda group: group["weights"].pop()), "1.bin and what follows have 364 bytes; .* of 352"),
        (2, lambda: told(lambda group: group["weights"][0].update(shape=[10**12])), "tells of 40000000"),
        (2, lambda: told(lambda group: group["weights"][0].update(shape=[-1])), "'F_0/kernel' has no shape"),
        (2, lambda: told(lambda group: group["weights"][0].update(dtype="uint8")), "is uint8; only float32"),
        (2, lambda: told(lambda group: group["weights"][0].update(quantization={})), "is float32, packed"),
        (2, lambda: told(lambda group: group["weights"][0].update(name="SR/bias")), "no name of their own: 'SR/bias'"),
        (1, lambda: b"", "have 150 bytes"),
        (2, lambda: b" " * (tfjs.TOLD + 1), "at most"),
    ],
    ids=["other", "deep", "shards", "short", "claims", "negative", "bytes", "packed", "twice", "torn", "long"],
)
def test_wrong_files_are_refused_by_name(tmp_path, name, data, says):
    paths = [tmp_path / name for name in NAMES]
    for path, held in zip(paths, files().values(), strict=True):
        path.write_bytes(held)
    paths[name].write_bytes(data())
    with pytest.raises(Damaged, match=f"tfjs-tiny.*{says}"):
        tfjs.read(paths)


def test_without_a_model_json_nothing_is_read():
    with pytest.raises(Damaged, match="tfjs-tiny-1.bin, tfjs-tiny-2.bin one file is the .json, not 0"):
        tfjs.read(PATHS[:2])


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_repeated_pixels_are_convolved_at_the_small_size(scale):
    torch.manual_seed(scale)
    kernel, x = torch.randn(3, 5, 3, 3), torch.randn(2, 5, 7, 9)
    large = F.conv2d(F.interpolate(x, scale_factor=scale, mode="nearest"), kernel, padding=1)
    small = F.pixel_shuffle(F.conv2d(x, gathered(kernel, scale), padding=1), scale)
    torch.testing.assert_close(small, large, atol=1e-5, rtol=1e-5)


def test_the_count_is_that_of_the_package():
    assert [EsrganSlim(scale).count() for scale in (2, 3, 4)] == [222_075, 226_815, 233_451]
