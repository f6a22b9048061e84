"""EDSR: super-resolution by residual blocks of plain convolutions (Lim et al. 2017, https://arxiv.org/abs/1707.02921).

Made for eight bits: only 3x3 convolutions, Relu and Add between the head and the tail, a direct tail
(Shi et al. 2016), and an interpolation of the input that stays outside of the quantized part.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

MEAN = 115 / 255  # the middle grey, a multiple of 1/255 so that eight bits hold it exactly; padding by 0 is this grey


class Block(nn.Module):
    """Convolution, Relu, convolution, added to the input. [N,C,H,W] -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.first = nn.Conv2d(channels, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, channels, 3, padding=1)
        with torch.no_grad():  # residual scaling, in the weights instead of in the graph
            self.second.weight.mul_(0.1)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.second(torch.relu(self.first(x)))


class Edsr(nn.Module):
    """Picture [N,3,H,W] in 0..1 and denoise [N] or [1] in 0..1 -> picture [N,3,scale*H,scale*W].

    `denoise` enters as a fourth, constant plane (the noise map of FFDNet, Zhang et al. 2018).
    """

    paper = "https://arxiv.org/abs/1707.02921"
    knobs = ("denoise",)
    multiple = 1
    # The end: what is rounded there stands in the picture (half of what 8 bits lose), and 27 channels gain nothing. The
    # head stays in 8 bits, or every block would turn its channels.
    in_float = ("skip", "end", "tail")

    def __init__(self, scale: int = 3, channels: int = 32, blocks: int = 16):
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2d(4, channels, 3, padding=1)
        self.blocks = nn.ModuleList(Block(channels) for _ in range(blocks))
        self.end = nn.Conv2d(channels, channels, 3, padding=1)
        self.tail = nn.Conv2d(channels, 3 * scale * scale, 3, padding=1)
        self.skip = nn.Conv2d(3, 3 * scale * scale, 5, bias=False)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)
            self.tail.bias.zero_()
            self.skip.weight.copy_(interpolation(scale))

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels."""
        return 3 + 2 * len(self.blocks)

    def features(self, x: Tensor, denoise: Tensor) -> Tensor:
        """The residual before the shuffle: [N,3,H,W] -> [N,scale^2*3,H,W]."""
        plane = denoise.view(-1, 1, 1, 1).expand(x.shape[0], 1, x.shape[2], x.shape[3]).to(x.dtype)
        head = self.head(torch.cat([x, plane], 1) - MEAN)
        body = head
        for block in self.blocks:
            body = block(body)
        return self.tail(self.end(body) + head)

    def base(self, x: Tensor) -> Tensor:
        """The interpolated input before the shuffle, edges repeated: [N,3,H,W] -> [N,scale^2*3,H,W]."""
        return self.skip(F.pad(x, (2, 2, 2, 2), mode="replicate"))

    def forward(self, x: Tensor, denoise: Tensor) -> Tensor:
        return shuffle(self.features(x, denoise) + self.base(x), self.scale)

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W], as served."""
        return self(levels / 255, levels.new_tensor([knobs.get("denoise", 0.0)]))


def shuffle(values: Tensor, scale: int) -> Tensor:
    """[N,scale^2*3,H,W] -> [N,3,scale*H,scale*W], channels in the order (row, column, colour).

    Pixel shuffle with the colour last, so that a row of the answer is copied in runs of bytes when it leaves the graph.
    """
    count, _, height, width = values.shape
    split = values.reshape(count, scale, scale, 3, height, width)
    return split.permute(0, 3, 4, 1, 5, 2).reshape(count, 3, scale * height, scale * width)


def cubic(t: float, a: float = -0.5) -> float:
    """Keys' cubic kernel."""
    t = abs(t)
    if t <= 1:
        return (a + 2) * t**3 - (a + 3) * t**2 + 1
    return a * t**3 - 5 * a * t**2 + 8 * a * t - 4 * a if t < 2 else 0.0


def interpolation(scale: int) -> Tensor:
    """Bicubic enlargement as the weight of a 5x5 convolution, [scale^2*3, 3, 5, 5], in the order of `shuffle`."""
    taps = torch.zeros(scale, 5)
    for phase in range(scale):
        offset = (phase + 0.5) / scale - 0.5
        for tap in range(5):
            taps[phase, tap] = cubic(tap - 2 - offset)
    kernel = torch.einsum("iy,jx->ijyx", taps, taps).reshape(scale * scale, 5, 5)
    weight = torch.zeros(scale * scale, 3, 3, 5, 5)
    for channel in range(3):
        weight[:, channel, channel] = kernel
    return weight.reshape(3 * scale * scale, 3, 5, 5)
