"""Pictures of all sizes through every published network, as the functions serve it: whole, in tiles, and too large."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from workshop.catalogue_test.conftest import HERE, PLAIN
from workshop.convert import source
from workshop.convert.run import manifest_of, run_of
from workshop.tests import made

SIZES = ((17, 23), (23, 17), (75, 101), (1, 1))  # height, width


def answered(client, name: str, picture: np.ndarray) -> np.ndarray:
    """The answer of function/variant as a picture."""
    function, variant = name.split("/")
    body, _ = client.ask(picture, {"model": variant} | PLAIN.get(function, {}), "image/png")
    return np.asarray(Image.open(io.BytesIO(body)).convert("RGB")).astype(int)


def test_any_size_is_answered_in_its_size(ask, painter):
    function = painter.split("/")[0]
    scale = manifest_of(painter)["picture"].get("scale", 1)
    run = run_of(painter)
    for height, width in SIZES:
        picture = made.picture(height, height, width)
        answer = answered(ask(function), painter, picture)
        assert answer.shape == (height * scale, width * scale, 3)
        assert np.abs(answer - run(picture, {})).max() <= 1, (height, width)


@pytest.fixture(scope="session")
def cut(tmp_path_factory):
    """A folder of models whose tiles are as small as their halo allows."""
    folder = tmp_path_factory.mktemp("models")
    for path in source.MODELS.glob("*/[!.]*/model.json"):
        manifest = json.loads(path.read_text())
        there = folder / path.parent.relative_to(source.MODELS)
        there.mkdir(parents=True)
        for file in path.parent.iterdir():
            if file != path:
                (there / file.name).symlink_to(file)
        if manifest["task"] == "picture" and manifest["from"].get("converter"):
            manifest["picture"]["tile"] = tile_of(manifest["picture"])
        (there / "model.json").write_text(json.dumps(manifest))
    return folder


def tile_of(told: dict) -> int:
    """A small tile: no smaller than the halo, a multiple of what the network needs."""
    step = told.get("multiple", 1)
    return max(-(-48 // step) * step, told.get("halo", 0))


def test_tiles_agree_with_the_whole(ask, cut, painter):
    function, variant = painter.split("/")
    told = manifest_of(painter)["picture"]
    if "max" in told:  # not in tiles: a larger picture is refused, and told what would help
        side = told["max"] + 1
        with pytest.raises(SystemExit) as refused:
            ask(function).ask(np.zeros((8, side, 3), np.uint8), {"model": variant}, "image/png")
        assert "413" in str(refused.value)
        assert f"max_side={told['max']}" in str(refused.value)
        return
    tile = tile_of(told)
    noise = np.random.default_rng(3).integers(-30, 31, (tile + 21, 2 * tile + 37, 3))
    picture = np.clip(made.picture(5, *noise.shape[:2]) + noise, 0, 255).astype(np.uint8)
    whole, parts = (answered(ask(function, models), painter, picture) for models in (None, cut))
    assert np.abs(whole - parts).max() <= 1


def test_everything_that_can_be_had_is_here():
    assert len(HERE) >= 60
