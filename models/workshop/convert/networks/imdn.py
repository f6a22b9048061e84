"""IMDN-RTC: a tiny network of information multi-distillation (Hui et al. 2019, https://arxiv.org/abs/1909.11856), twice the size."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

SLOPE = 0.05  # of every leaky ReLU


class Distillation(nn.Module):
    """Convolutions that each set a quarter of the channels aside; what was set aside is mixed and added to the input."""

    def __init__(self, channels: int):
        super().__init__()
        aside = channels // 4
        self.parts = (aside, channels - aside)
        self.c1 = nn.Conv2d(channels, channels, 3, padding=1)
        self.c2 = nn.Conv2d(channels - aside, channels, 3, padding=1)
        self.c3 = nn.Conv2d(channels - aside, channels, 3, padding=1)
        self.c4 = nn.Conv2d(channels - aside, aside, 3, padding=1)
        self.c5 = nn.Conv2d(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        aside, rest = [], x
        for layer in (self.c1, self.c2, self.c3):
            kept, rest = F.leaky_relu(layer(rest), SLOPE).split(self.parts, 1)
            aside.append(kept)
        return self.c5(torch.cat([*aside, self.c4(rest)], 1)) + x


class Added(nn.Module):
    """Layers one after another, added to their input."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.sub = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.sub(x)


class Imdn(Published):
    """Convolution, blocks, convolution, shuffle."""

    paper = "https://arxiv.org/abs/1909.11856"

    def __init__(self, scale: int = 2, channels: int = 12, blocks: int = 5):
        super().__init__()
        self.scale = scale
        self.radius = 4 * blocks + 2
        self.model = nn.Sequential(
            nn.Conv2d(3, channels, 3, padding=1),
            Added(*(Distillation(channels) for _ in range(blocks)), nn.Conv2d(channels, channels, 1)),
            nn.Conv2d(channels, 3 * scale * scale, 3, padding=1),
            nn.PixelShuffle(scale),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.model(x)


NETWORK = Imdn
