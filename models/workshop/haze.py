"""Haze made over clear pictures: plausible depth without a depth map, the scattering model, a camera's traces after."""

from dataclasses import dataclass

import numpy as np
import torch
from torch.nn import functional as F

from workshop import pictures

MOST = 1.8  # optical depth that can be taken away: a sixth of the light comes through


@dataclass(frozen=True)
class Haze:
    """Haze over one picture: optical depth [H,W] (0: none) and airlight [3] in 0..1."""

    thickness: np.ndarray
    airlight: np.ndarray

    @property
    def through(self) -> np.ndarray:
        """The share of light that comes through, [H,W] in 0..1."""
        return np.exp(-self.thickness)


def veiled(picture: np.ndarray, haze: Haze) -> np.ndarray:
    """The scattering model I = J t + A (1 - t), in float32 levels 0..255 [H,W,3], not rounded."""
    through = haze.through[..., None].astype(np.float32)
    veil = (255 * haze.airlight).astype(np.float32)
    return veil + (picture - veil) * through


def freed(picture: np.ndarray, haze: Haze) -> np.ndarray:
    """What is to come out of the veiled picture, uint8: the picture itself, with haze left where it is so thick that nothing
    of the picture came through (a white sky stays white, nothing is invented)."""
    left = np.maximum(haze.thickness - MOST, 0)
    if not left.any():
        return picture
    return np.clip(np.rint(veiled(picture, Haze(left, haze.airlight))), 0, 255).astype(np.uint8)


def clear(picture: np.ndarray) -> bool:
    """A target must be clear itself: something dark in it, no white background (a white sky may be), neither a night nor
    a snowfall."""
    darkest = picture.min(2)
    white = (darkest[len(darkest) // 2 :] >= 250).mean()
    return bool(np.percentile(darkest, 5) <= 50 and white <= 0.08 and 0.15 <= picture.mean() / 255 <= 0.8)


def guides(picture: np.ndarray) -> np.ndarray:
    """The picture smoothed within its edges, uint8 [H,W,3]: each channel's guided filter by itself (He et al. 2010),
    its coefficients found at a quarter of the size (He and Sun 2015, https://arxiv.org/abs/1505.00996)."""
    x = torch.from_numpy(picture.astype(np.float32) / 255).permute(2, 0, 1)[None]
    small = F.avg_pool2d(x, 4, ceil_mode=True, count_include_pad=False)
    radius = max(1, min(small.shape[2:]) // 16)

    def mean(v: torch.Tensor) -> torch.Tensor:
        return F.avg_pool2d(F.pad(v, (radius,) * 4, mode="replicate"), 2 * radius + 1, 1)

    average = mean(small)
    variance = mean(small * small) - average * average
    slope = variance / (variance + 0.02)
    both = torch.cat([mean(slope), mean(average - slope * average)], 1)
    slope, rest = F.interpolate(both, size=x.shape[2:], mode="bilinear").chunk(2, 1)
    return ((slope * x + rest)[0].permute(1, 2, 0).clamp(0, 1) * 255).round().byte().numpy()


def waves(random: np.random.Generator, shape: tuple[int, int], finest: int = 6) -> np.ndarray:
    """Low-frequency noise of mean 0 and deviation about 1, [H,W]: a small grid of Gaussian numbers, enlarged smoothly."""
    rows, columns = int(random.integers(2, finest + 1)), int(random.integers(2, finest + 1))
    grid = torch.from_numpy(random.standard_normal((1, 1, rows, columns), np.float32))
    wide = F.interpolate(grid, size=shape, mode="bicubic", align_corners=True)[0, 0].numpy()
    return wide - wide.mean()


def height(random: np.random.Generator, shape: tuple[int, int]) -> np.ndarray:
    """Distance by the row alone, [H,1] in 0..1: ground that recedes up to a horizon, all the same above it."""
    rows = np.linspace(1, 0, shape[0], dtype=np.float32)[:, None]  # 1 at the top
    horizon = random.uniform(0.35, 1.1)
    near = random.uniform(0.05, 0.6)
    share = np.minimum(rows / horizon, 1.0)
    return near / (1 - share * (1 - near))  # near .. 1, as perspective has it


def depth(random: np.random.Generator, guide: np.ndarray) -> np.ndarray:
    """A depth map for a picture of these guides, [H,W] in about 0..1, mean near 0.5: height in the picture, brightness
    and other colours within their edges (sky and what is like it is far), and smooth noise, in mixed shares."""
    shape = guide.shape[:2]
    colour = guide.astype(np.float32) / 255
    bright = colour @ np.array([0.25, 0.4, 0.35], np.float32)
    lean = random.normal(0, 1, 3).astype(np.float32)
    lean /= np.abs(lean).sum() + 1e-6
    parts = [height(random, shape) + np.zeros(shape, np.float32), spread(bright), spread(colour @ lean)]
    shares = random.dirichlet((1.2, 0.9, 0.4))
    mixed = sum(share * part for share, part in zip(shares, parts, strict=True))
    mixed = spread(mixed) + random.uniform(0, 0.25) * waves(random, shape)
    return np.clip(mixed, 0, None).astype(np.float32)


def spread(values: np.ndarray) -> np.ndarray:
    """Stretched so that its 1st and 99th percentile are 0 and 1."""
    low, high = np.percentile(values[::4, ::4], (1, 99))
    return (values - low) / max(high - low, 1e-3)


def haze(random: np.random.Generator, guide: np.ndarray) -> Haze:
    """Haze as it may be: thin to thick, nearly the same everywhere to none at the front, a quarter of it uneven."""
    far = depth(random, guide)
    floor = random.uniform(0.0, 1.0)  # of the haze that is before everything
    far = floor + (1 - floor) * far / max(far.mean(), 1e-3) if random.random() < 0.9 else np.ones_like(far)
    kind = random.random()
    if kind < 0.06:
        mean = random.uniform(0, 0.08)
    elif kind < 0.88:
        mean = np.exp(random.uniform(np.log(0.12), np.log(1.5)))
    else:
        mean = random.uniform(1.2, 2.4)
    if random.random() < 0.25:
        far = far * np.exp(random.uniform(0.2, 0.8) * waves(random, far.shape))
    return Haze(np.minimum(mean * far, 4.0).astype(np.float32), airlight(random))


def airlight(random: np.random.Generator) -> np.ndarray:
    """Mostly a light grey, some with a slight tint, a few dark and coloured (dust, dusk): [3]."""
    kind = random.random()
    level, tint = random.uniform(0.78, 1.0), 0.012
    if kind < 0.1:
        level, tint = random.uniform(0.45, 0.8), 0.06
    elif kind < 0.4:
        level, tint = random.uniform(0.65, 1.0), 0.03
    shift = random.normal(0, tint, 3)
    return np.clip(level + shift - shift.mean(), 0.2, 1.0).astype(np.float32)


def traces(random: np.random.Generator, picture: np.ndarray) -> np.ndarray:
    """Float levels -> uint8 with a camera's noise and, for half of them, JPEG's."""
    noise = random.standard_normal(picture.shape, np.float32) * np.float32(random.uniform(0, 1.5))
    worn = np.clip(np.rint(picture + noise), 0, 255).astype(np.uint8)
    return pictures.jpeg(worn, int(random.integers(70, 97))) if random.random() < 0.5 else worn
