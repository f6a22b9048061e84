"""SCI: a dark picture divided by its light, which three small convolutions find (Ma et al. 2022,
https://arxiv.org/abs/2204.10137)."""

import torch
from torch import Tensor, nn

from workshop.convert.published import Published

USED = "enhance."  # what calibrates serves training alone
AGAIN = "enhance.blocks."  # the same weights as `enhance.conv` under another name


class Sci(Published):
    """The light is at least what the picture has; bright parts burn out."""

    paper = "https://arxiv.org/abs/2204.10137"
    radius = 3

    def __init__(self):
        super().__init__()
        self.in_conv = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1))
        self.conv = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1), nn.BatchNorm2d(3))
        self.out_conv = nn.Sequential(nn.Conv2d(3, 3, 3, padding=1))

    def take(self, weights) -> None:
        used = {name: value for name, value in weights.items() if name.startswith(USED) and not name.startswith(AGAIN)}
        super().take({name.removeprefix(USED): value for name, value in used.items()})

    def forward(self, x: Tensor) -> Tensor:
        f = torch.relu(self.in_conv(x))
        f = f + torch.relu(self.conv(f))
        return x / (x + torch.sigmoid(self.out_conv(f))).clamp(1e-4, 1.0)


NETWORK = Sci
