"""Neighbourhood attention whose heads look at different distances: a pyramid of dilations in one layer.

After the multi-scale dilated attention of DilateFormer (Jiao et al. 2023, https://arxiv.org/abs/2302.01791). Made of shifted slices:
no unfolding, any size, the same at every place (so tiles stay exact).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

PLACES = 9  # a square of 3 by 3


class Pyramid(nn.Module):
    """[N,C,H,W] -> the same, attended and added; one head a dilation, each with `C / heads` channels."""

    def __init__(self, channels: int = 48, dilations: tuple[int, ...] = (1, 2, 4)):
        super().__init__()
        self.dilations, self.each = tuple(dilations), channels // len(dilations)
        self.ask = nn.Conv2d(channels, 3 * channels, 1)  # queries, keys, values
        self.places = nn.Parameter(torch.zeros(len(dilations), PLACES))  # what a neighbour's place alone weighs
        self.give = nn.Conv2d(channels, channels, 1)
        with torch.no_grad():
            self.give.weight.mul_(0.3)

    def forward(self, x: Tensor) -> Tensor:
        heads = self.ask(x).split(3 * self.each, 1)
        looks = [self.look(*args) for args in zip(heads, self.places, self.dilations, strict=True)]
        return x + self.give(torch.cat(looks, 1))

    def look(self, asked: Tensor, places: Tensor, far: int) -> Tensor:
        """One head: the mean of nine values, weighted by how well their keys fit the query; [N,3*each,H,W] -> [N,each,H,W]."""
        query, known = asked.split([self.each, 2 * self.each], 1)
        keys, values = near(known, far).chunk(2, 2)
        fits = (query[:, None] * self.each**-0.5 * keys).sum(2) + places.view(1, -1, 1, 1).to(query.dtype)
        return (torch.softmax(fits, 1)[:, :, None] * values).sum(1)


def near(x: Tensor, far: int) -> Tensor:
    """The nine neighbours of every place at that distance, edges repeated, rows first: [N,C,H,W] -> [N,9,C,H,W]."""
    wide = F.pad(x, (far,) * 4, mode="replicate")
    rows = [wide[:, :, : -2 * far], wide[:, :, far:-far], wide[:, :, 2 * far :]]
    return torch.stack(
        [part for row in rows for part in (row[..., : -2 * far], row[..., far:-far], row[..., 2 * far :])], 1
    )
