"""The guided filter (He et al. 2010, http://kaiminghe.com/eccv10/): a map gets the edges of a guide.

Windows are cut at the border: a mean is over what of the window lies inside the picture.
"""

import torch
from torch import Tensor
from torch.nn import functional as F


def refined(guide: Tensor, rough: Tensor, radius: int, smooth: float) -> Tensor:
    """`rough` [N,C,H,W] as a line of `guide` ([N,C,H,W] or [N,1,H,W], 0..1) in every window of 2 radius + 1 pixels.

    `radius` may be a size that the picture's sides give; `smooth`: epsilon, the variance that is taken for noise.
    """
    light, value, square, product = means((guide, rough, guide * guide, guide * rough), radius)
    slope = (product - light * value) / (square - light * light + smooth)
    slope, rest = means((slope, value - slope * light), radius)
    return slope * guide + rest


def smoothed(x: Tensor, radius: int, smooth: float) -> Tensor:
    """Each channel of `x` [N,C,H,W] with itself as the guide: flat parts smooth, edges kept."""
    light, square = means((x, x * x), radius)
    spread = square - light * light
    slope = spread / (spread + smooth)
    slope, rest = means((slope, light - slope * light), radius)
    return slope * x + rest


def means(maps: tuple[Tensor, ...], radius: int) -> tuple[Tensor, ...]:
    """The mean over each pixel's window, of each of the maps [N,C,H,W]."""
    joined = along(along(torch.cat(maps, 1), radius, 3), radius, 2)
    return joined.split([part.shape[1] for part in maps], 1)


def along(x: Tensor, radius: int, axis: int) -> Tensor:
    """The mean over a line of 2 radius + 1 values along an axis: running sums, whose cost no radius changes.

    Their middle is taken off first: sums of float32 that grow with the picture lose digits.
    """
    middle = x.mean((2, 3), keepdim=True)
    sums = F.pad(torch.cumsum(x - middle, axis), (1, 0) if axis == 3 else (0, 0, 1, 0))  # before the first: nothing
    place = torch.arange(x.shape[axis], device=x.device)
    first, after = (place - radius).clamp(min=0), (place + radius + 1).clamp(max=x.shape[axis])
    shape = [-1 if a == axis else 1 for a in range(4)]
    inside = (after - first).to(x.dtype).view(shape)
    return (sums.index_select(axis, after) - sums.index_select(axis, first)) / inside + middle
