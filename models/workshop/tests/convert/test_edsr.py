"""EDSR on random weights under the names of its authors' program: what comes out of the file is what the paper says, written here
once more. That the authors' files have these names is unproved."""

import json

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workshop.convert import convert, source
from workshop.convert.networks.edsr import Edsr
from workshop.convert.readers import Damaged
from workshop.convert.run import run_of
from workshop.tests import made

MEAN = (0.4488, 0.4371, 0.4040)
CHANNELS, BLOCKS, SHARE = 8, 3, 0.1


def random_weights(scale: int) -> dict[str, torch.Tensor]:
    """Of a narrow and short one; the mean as the authors have it."""
    random, held = torch.Generator().manual_seed(scale), {}

    def layer(name: str, given: int, taken: int) -> None:
        held[f"{name}.weight"] = torch.randn(given, taken, 3, 3, generator=random) / (3 * taken**0.5)
        held[f"{name}.bias"] = torch.randn(given, generator=random)

    for name, sign in (("sub_mean", -1), ("add_mean", 1)):
        held[f"{name}.weight"] = torch.eye(3).reshape(3, 3, 1, 1)
        held[f"{name}.bias"] = sign * 255 * torch.tensor(MEAN)
    layer("head.0", CHANNELS, 3)
    for block in range(BLOCKS):
        layer(f"body.{block}.body.0", CHANNELS, CHANNELS)
        layer(f"body.{block}.body.2", CHANNELS, CHANNELS)
    layer(f"body.{BLOCKS}", CHANNELS, CHANNELS)
    for step, factor in enumerate((2, 2) if scale == 4 else (scale,)):
        layer(f"tail.0.{2 * step}", CHANNELS * factor**2, CHANNELS)
    layer("tail.1", 3, CHANNELS)
    return held


def written_again(held: dict, scale: int, picture: np.ndarray) -> np.ndarray:
    """uint8 [H,W,3] -> uint8 [s*H,s*W,3]."""

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        return F.conv2d(x, held[f"{name}.weight"], held[f"{name}.bias"], padding=1)

    mean = 255 * torch.tensor(MEAN).reshape(1, 3, 1, 1)
    first = conv("head.0", torch.tensor(picture).permute(2, 0, 1)[None].float() - mean)
    x = first
    for block in range(BLOCKS):
        x = x + SHARE * conv(f"body.{block}.body.2", F.relu(conv(f"body.{block}.body.0", x)))
    x = conv(f"body.{BLOCKS}", x) + first
    for step, factor in enumerate((2, 2) if scale == 4 else (scale,)):
        x = F.pixel_shuffle(conv(f"tail.0.{2 * step}", x), factor)
    return (conv("tail.1", x) + mean).clamp(0, 255).round()[0].permute(1, 2, 0).numpy().astype(np.uint8)


@pytest.mark.parametrize("scale", [2, 3, 4])
def test_the_file_answers_as_the_paper_says(tmp_path, scale):
    held, path = random_weights(scale), tmp_path / "edsr.pt"
    torch.save(held, path)
    folder = tmp_path / "upscale" / "tiny"
    folder.mkdir(parents=True)
    options = {"scale": scale, "blocks": BLOCKS, "channels": CHANNELS, "share": SHARE}
    origin = {"converter": "edsr", "format": "torch", "options": options, "files": [{"file": "upscale/edsr.pt"}]}
    given = {"function": "upscale", "variant": "tiny", "from": origin, "weights": [], "picture": {}, "knobs": {}}
    (folder / "model.json").write_text(json.dumps(given))
    convert.convert(source.read(folder, given), [path])
    told = json.loads((folder / "model.json").read_text())["picture"]
    run = run_of("upscale/tiny", models=tmp_path)
    for height, width in ((17, 23), (40, 52)):
        picture = made.picture(scale, height, width)
        expected = written_again(held, scale, picture)
        assert expected.std() > 20, "a picture that shows nothing"
        assert np.abs(run(picture, {}).astype(int) - expected).max() <= 1
    large = made.picture(5, 70, 90)
    pieces = made.tiled(lambda piece, knobs, _: run(piece, knobs), large, told, 32, {})
    assert np.abs(pieces.astype(int) - run(large, {})).max() <= 1


@pytest.mark.parametrize(
    ("scale", "options", "millions"),
    # The authors' table: baseline 1.4 million twice, 1.5 four times the size; the full network 40.7 and 43.1.
    [(2, {}, 1.37), (3, {}, 1.55), (4, {}, 1.52), (2, {"blocks": 32, "channels": 256, "share": 0.1}, 40.73)],
)
def test_the_counts_are_those_of_the_authors(scale, options, millions):
    assert round(Edsr(scale, **options).count() / 1e6, 2) == millions


def test_other_names_are_told():
    held = {name.replace("body.0.", "trunk.0."): value.numpy() for name, value in random_weights(2).items()}
    with pytest.raises(Damaged, match="has no weights 'body.0.body.0.bias'"):
        Edsr.made(held, scale=2, blocks=BLOCKS, channels=CHANNELS)
