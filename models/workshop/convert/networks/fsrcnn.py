"""FSRCNN: shrink, map and expand at the small size (Dong et al. 2016, https://arxiv.org/abs/1608.00367).

The paper's last layer, a deconvolution of 9x9, is one of single pixels and a shuffle in these files.
"""

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.luma import Luma
from workshop.convert.published import fill

PARTS = {"f": "layers.{}.weight", "b": "layers.{}.bias", "alpha": "slopes.{}.weight"}


class Fsrcnn(Luma):
    """Convolutions with PReLU after each but the last."""

    paper = "https://arxiv.org/abs/1608.00367"

    def __init__(self, scale: int = 2, channels: int = 56, shrunk: int = 12, maps: int = 4):
        """`channels` of the features, `shrunk` of the `maps` layers in the middle."""
        super().__init__(scale)
        self.radius = 2 + maps
        kinds = [(1, channels, 5), (channels, shrunk, 1), *[(shrunk, shrunk, 3)] * maps, (shrunk, channels, 1)]
        self.layers = nn.ModuleList(nn.Conv2d(i, o, side, padding=side // 2) for i, o, side in kinds)
        self.layers.append(nn.Conv2d(channels, scale * scale, 1, bias=False))
        self.bias = nn.Parameter(torch.zeros(1))  # of the last layer, the same for all phases
        self.slopes = nn.ModuleList(nn.PReLU(given) for _, given, _ in kinds)

    def take(self, weights) -> None:
        """Kernels f1.., biases b1.. and slopes alpha1..."""
        given = {}
        for name, value in weights.items():
            part, number = re.fullmatch(r"(\D*)(\d*).*", name, re.DOTALL).groups()
            named = PARTS[part].format(int(number) - 1) if part in PARTS and number else name
            named = "bias" if named == f"layers.{len(self.layers) - 1}.bias" else named
            given[named] = torch.from_numpy(value.transpose(3, 2, 0, 1).copy() if value.ndim == 4 else value)
        fill(self, given)

    def phases(self, luma: Tensor) -> Tensor:
        for layer, slope in zip(self.layers, self.slopes, strict=False):
            luma = slope(layer(luma))
        return F.conv2d(luma, self.layers[-1].weight, self.bias.expand(self.scale**2))


NETWORK = Fsrcnn
