"""Rain and drops taken away by an attentive recurrent network and a cleaner (after AttentiveGAN, Qian et al. 2018).

https://arxiv.org/abs/1711.10098. A small part with the same weights at each of a few steps looks at the picture and at
its own last map, and marks streaks and drops; a plain U-Net gets picture and map and says what to take away. Made for
eight bits: 3x3 convolutions, Relu and Add, half of the size and below (pixel unshuffle keeps every pixel).
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.networks.edsr import MEAN, Block

FAINT = 1.5 / 255  # what is taken away below this is noise of the network, not rain


def convolution(given: int, made: int, stride: int = 1) -> nn.Conv2d:
    """3x3, padded."""
    return nn.Conv2d(given, made, 3, stride, 1)


class Attention(nn.Module):
    """Picture by quarters [N,12,h,w] (less the middle grey) -> one map a step, each [N,4,h,w] in 0..1, and the last state."""

    def __init__(self, steps: int, channels: int, state: int):
        super().__init__()
        self.steps, self.state = steps, state
        self.join = convolution(12 + 4 + state, channels)
        self.turn = convolution(channels, channels)
        self.hold = convolution(channels, state)
        self.mark = convolution(channels, 4)

    def forward(self, x: Tensor) -> list[Tensor]:
        count, _, height, width = x.shape
        marked = x.new_full((1, 1, 1, 1), 0.5).expand(count, 4, height, width)  # as in the paper: nothing known yet
        state = x.new_zeros((1, 1, 1, 1)).expand(count, self.state, height, width)
        maps = []
        for step in range(self.steps):
            seen = torch.relu(self.turn(torch.relu(self.join(torch.cat([x, marked, state], 1)))))
            marked = torch.sigmoid(self.mark(seen))
            if step + 1 < self.steps:
                state = torch.relu(self.hold(seen))
            maps.append(marked)
        return maps


class Rain(nn.Module):
    """Picture [N,3,H,W] in 0..1, H and W multiples of 8 -> what to take away [N,3,H,W] and the maps [N,1,H,W], one a step."""

    paper = "https://arxiv.org/abs/1711.10098"
    knobs = ()
    scale = 1
    multiple = 8
    in_float = ("tail",)  # what is rounded there stands in the picture

    def __init__(
        self, channels: tuple = (32, 64, 96), blocks: tuple = (1, 2, 2, 1, 2), steps: int = 3, state: int = 16
    ):
        super().__init__()
        half, quarter, eighth = channels
        self.attention = Attention(steps, half, state)
        self.head = convolution(16, half)
        self.first = nn.Sequential(*(Block(half) for _ in range(blocks[0])))
        self.down = convolution(half, quarter, 2)
        self.second = nn.Sequential(*(Block(quarter) for _ in range(blocks[1])))
        self.deeper = convolution(quarter, eighth, 2)
        self.middle = nn.Sequential(*(Block(eighth) for _ in range(blocks[2])))
        self.rise = convolution(eighth, 4 * quarter)
        self.third = nn.Sequential(*(Block(quarter) for _ in range(blocks[3])))
        self.up = convolution(quarter, 4 * half)
        self.last = nn.Sequential(*(Block(half) for _ in range(blocks[4])))
        self.tail = convolution(half, 12)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)  # at first hardly anything is taken away
            self.tail.bias.zero_()

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels, an upper bound: convolutions at half size, a quarter, an eighth."""
        half = 3 * self.attention.steps + 1 + 2 * len(self.first) + 1 + 2 * len(self.last) + 1
        quarter = 2 * len(self.second) + 1 + 2 * len(self.third) + 1
        return 2 * half + 4 * quarter + 8 * (2 * len(self.middle) + 1) + 8

    def forward(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        quarters = F.pixel_unshuffle(x - MEAN, 2)
        maps = self.attention(quarters)
        half = self.first(torch.relu(self.head(torch.cat([quarters, maps[-1].to(quarters.dtype)], 1))))
        quarter = self.second(torch.relu(self.down(half)))
        eighth = self.middle(torch.relu(self.deeper(quarter)))
        quarter = self.third(quarter + F.pixel_shuffle(self.rise(eighth), 2))
        half = self.last(half + F.pixel_shuffle(self.up(quarter), 2))
        return F.pixel_shuffle(self.tail(half), 2), [F.pixel_shuffle(m, 2) for m in maps]

    def cleaned(self, x: Tensor) -> tuple[Tensor, list[Tensor]]:
        """Picture [N,3,H,W] in 0..1 -> the clean one, not cut to 0..1, and the maps. What is faint stays: a dry picture
        comes out as it was."""
        taken, maps = self(x)
        return x - (taken - taken.clamp(-FAINT, FAINT)), maps

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W] of any size, as served."""
        height, width = levels.shape[2:]
        padded = F.pad(levels, (0, -width % 8, 0, -height % 8), mode="replicate") / 255
        return self.cleaned(padded)[0][..., :height, :width]
