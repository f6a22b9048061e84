"""Dehazing: the veil's colour from the whole picture, its density at each pixel from a small encoder-decoder.

A hazy picture is J t + A (1 - t) (Koschmieder's law; J the clear one, t the share of light that comes through, A the
airlight), so J = I + g (I - A) with g = 1/t - 1. After gUNet (Song et al. 2022, https://arxiv.org/abs/2209.11448), with A and
a summary of the haze taken from `context`: haze is global, and a tile cannot know it.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.networks.edsr import MEAN
from workshop.networks.unet import UNet

MOST = 1.5  # of g: behind a denser veil a file holds too few levels, and more would show bands and night


def palest(context: Tensor, share: int = 64) -> Tensor:
    """Mean colour of the places whose darkest channel is lightest, one in `share`: [N,3,H,W] -> [N,3] (the dark channel
    prior's guess at the airlight, He et al. 2009)."""
    dark = context.amin(1).flatten(1)
    chosen = torch.topk(dark, max(1, context.shape[2] * context.shape[3] // share), 1).indices
    return torch.gather(context.flatten(2), 2, chosen[:, None].expand(-1, 3, -1)).mean(2)


class Overview(nn.Module):
    """Context [N,3,64,64] in 0..1 -> airlight [N,3] in 0..1 (what `palest` says, half as colourful, corrected) and a vector for each of
    `told` widths [N,width]."""

    def __init__(self, told: tuple[int, ...], width: int = 64):
        super().__init__()
        self.told = tuple(told)
        self.shape = nn.Sequential(
            nn.Conv2d(4, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, 48, 3, 2, 1), nn.ReLU(), nn.Conv2d(48, width, 3, 2, 1)
        )
        self.tones = nn.Sequential(nn.Conv2d(4, 32, 1), nn.ReLU(), nn.Conv2d(32, width, 1))
        self.choice = nn.Sequential(nn.Linear(3 * width, 96), nn.ReLU(), nn.Linear(96, 3 + sum(told)))

    def forward(self, context: Tensor) -> tuple[Tensor, list[Tensor]]:
        whole = torch.cat([context, context.amin(1, keepdim=True)], 1) - MEAN
        shape, tones = torch.relu(self.shape(whole)), torch.relu(self.tones(whole))
        seen = torch.cat([shape.mean((2, 3)), tones.mean((2, 3)), shape.amax((2, 3))], 1)
        airlight, *told = self.choice(seen).split([3, *self.told], 1)
        guess = palest(context)
        guess = (guess + guess.mean(1, keepdim=True)) / 2  # most haze is grey, a blue sky behind it is not
        return torch.sigmoid(torch.logit(guess, 0.02) + airlight), told


def recovered(x: Tensor, airlight: Tensor, given: Tensor, border: int) -> Tensor:
    """J = I + g (I - A) and a little added: x [N,3,H,W], airlight [N,3], given [N,4,H+2b,W+2b] (gain, added) -> [N,3,H,W]."""
    gain, added = given[..., border:-border, border:-border].split([1, 3], 1)
    return x + torch.relu(gain + 0.3).clamp(max=MOST) * (x - airlight[..., None, None]) + added


class Veil(UNet):
    """Picture [N,3,H,W] in 0..1, H and W multiples of `multiple`, and context [N,3,64,64] in 0..1 -> [N,3,H,W]."""

    paper = "https://arxiv.org/abs/2209.11448"
    knobs = ()
    scale = 1
    context = 64  # side of the whole picture that it sees beside a tile
    in_float = ("overview", "tail")  # the colour of the veil, and the answer itself; both cost little
    quantized = ("Conv", "Relu")  # sums in 8 bits cost .11 dB on heavy haze, these cost nothing
    border = 8  # repeated edge pixels around the picture: the frame that padding by zeros leaves falls into them

    def __init__(self, channels: tuple[int, ...] = (32, 64, 96), blocks: tuple[int, ...] = (1, 2, 4)):
        super().__init__(3, 4, channels, blocks, fold=2)
        self.overview = Overview(tuple(channels[1:]))

    def body(self, x: Tensor, told: list[Tensor]) -> Tensor:
        """The picture [N,3,H,W] with its border, up to what the tail reads."""
        return super().body(F.pad(x, (self.border,) * 4, mode="replicate") - MEAN, told)

    def recover(self, x: Tensor, airlight: Tensor, seen: Tensor) -> Tensor:
        """Picture [N,3,H,W], airlight [N,3] and what the tail reads -> the clear picture, not cut to 0..1."""
        return recovered(x, airlight, self.end(seen), self.border)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        airlight, told = self.overview(context)
        return self.recover(x, airlight, self.body(x, told))

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W] of any size and its context, as served."""
        height, width = levels.shape[2:]
        padded = F.pad(levels, (0, -width % self.multiple, 0, -height % self.multiple), mode="replicate")
        return self(padded / 255, context / 255)[..., :height, :width]
