"""A wide, shallow ResNet v2 for labels of small pictures (He et al. 2016, https://arxiv.org/abs/1603.05027).

Made for accuracy a training second, after the CIFAR-10 networks of Jordan 2024 (https://arxiv.org/abs/2404.00498):
the resolution goes down early, by a largest-of-four after the convolution that widens, every stage costs the same, and
the first convolution begins as a fixed transform whose batch norm then whitens.
"""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MEAN, DEVIATION = (0.491, 0.482, 0.447), (0.247, 0.243, 0.262)  # of CIFAR-10's training pictures


def norm_relu(norm: nn.Module, x: Tensor) -> Tensor:
    """The pre-activation."""
    return torch.relu(norm(x))


class Block(nn.Module):
    """Norm, Relu, convolution, twice, added to the input. [N,C,H,W] -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv2(norm_relu(self.norm2, self.conv1(norm_relu(self.norm1, x))))


class Wider(nn.Module):
    """Norm, Relu, convolution to more channels, largest of four. [N,A,H,W] -> [N,B,H/2,W/2]."""

    def __init__(self, channels: int, to: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = nn.Conv2d(channels, to, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(self.conv(norm_relu(self.norm, x)), 2)


class ResNet(nn.Module):
    """Levels [N,3,32,32], whole numbers 0..255 -> logits [N,classes]."""

    paper = "https://arxiv.org/abs/1603.05027"
    knobs = ()
    scale = 1
    multiple = 1
    radius = 0
    in_float = ("head", "last")  # the picture's own rounding, and the ten sums

    def __init__(self, classes: int = 10, head: int = 24, widths: tuple[int, ...] = (64, 128, 256), side: int = 32):
        super().__init__()
        self.side = side
        self.head = nn.Conv2d(3, head, 3, padding=1, bias=False)
        before = (head, *widths[:-1])
        self.stages = nn.ModuleList(nn.Sequential(Wider(a, b), Block(b)) for a, b in zip(before, widths, strict=True))
        self.norm = nn.BatchNorm2d(widths[-1])
        self.last = nn.Linear(widths[-1], classes)
        self.register_buffer("mean", 255 * torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", 255 * torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("temperature", torch.ones(1))  # fitted on pictures held out, when exported
        with torch.no_grad():
            self.head.weight.copy_(transform(head))

    def forward(self, levels: Tensor) -> Tensor:
        x = self.head((levels - self.mean) / self.deviation)
        for stage in self.stages:
            x = stage(x)
        return self.last(norm_relu(self.norm, x).amax((2, 3))) / 8

    def scores(self, levels: Tensor) -> Tensor:
        """Probabilities [N,classes], the mean of the picture's and its mirror image's; calibrated."""
        both = self(torch.cat([levels, levels.flip(3)])).unflatten(0, (2, -1))
        return torch.softmax(both.mean(0) / self.temperature, 1)

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """Probabilities [classes] of one picture of levels [1,3,H,W], shrunk to the network's side without antialiasing."""
        if levels.shape[2:] != (self.side, self.side):
            levels = F.interpolate(levels, (self.side, self.side), mode="area")
        return self.scores(levels)[0]


def transform(channels: int) -> Tensor:
    """The lowest cosines of a 3x3 patch, of brightness and of two colour differences, each with both signs: [channels,3,3,3].

    They are nearly what the principal components of natural pictures are; the batch norm that follows gives each the same power.
    """
    waves = torch.tensor([[math.cos(math.pi * k * (i + 0.5) / 3) for i in range(3)] for k in range(3)])
    waves = waves / waves.norm(dim=1, keepdim=True)
    colours = F.normalize(torch.tensor([[1.0, 1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 2.0, -1.0]]), dim=1)
    kept = sorted((u + v + 1.5 * (c > 0), c, u, v) for c in range(3) for u in range(3) for v in range(3))
    half = [torch.einsum("c,y,x->cyx", colours[c], waves[u], waves[v]) for _, c, u, v in kept[: (channels + 1) // 2]]
    return torch.stack([sign * kernel for kernel in half for sign in (1, -1)])[:channels]
