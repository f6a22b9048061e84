"""Pictures made by arithmetic, so that the tests need no data."""

import numpy as np

from workshop import pictures


def picture(seed: int, height: int, width: int) -> np.ndarray:
    """Soft colours with edges on top: uint8 [height,width,3], about .5 bright."""
    random = np.random.default_rng(seed)
    soft = pictures.resize(random.integers(60, 200, (6, 8, 3), np.uint8), width, height).astype(int)
    y, x = np.mgrid[:height, :width]
    stripes = ((x * random.uniform(0.05, 0.3) + y * random.uniform(-0.3, 0.3)).astype(int) % 2)[..., None]
    return np.clip(soft + 50 * stripes - 25, 0, 255).astype(np.uint8)


def some(count: int = 4) -> list[np.ndarray]:
    """Pictures large enough for the recipes' crops."""
    return [picture(seed, 200, 240) for seed in range(count)]


def tiled(run, picture: np.ndarray, geometry: dict, tile: int, knobs: dict) -> np.ndarray:
    """The picture cut into cores of `tile` with the manifest's halo around, each run alone, the cores put together.

    `run(picture, knobs, context)`: one piece, with the context of the whole.
    """
    scale, halo, multiple = geometry["scale"], geometry["halo"], geometry["multiple"]
    assert tile % multiple == 0
    height, width = picture.shape[:2]
    context = pictures.context_of(picture, geometry.get("context", 64))
    whole = np.zeros((height * scale, width * scale, 3), np.uint8)
    for top in range(0, height, tile):
        for left in range(0, width, tile):
            bottom, right = min(top + tile, height), min(left + tile, width)
            y0, x0 = max(0, top - halo), max(0, left - halo)
            given = run(picture[y0 : min(height, bottom + halo), x0 : min(width, right + halo)], knobs, context)
            core = given[(top - y0) * scale : (bottom - y0) * scale, (left - x0) * scale : (right - x0) * scale]
            whole[top * scale : bottom * scale, left * scale : right * scale] = core
    return whole
