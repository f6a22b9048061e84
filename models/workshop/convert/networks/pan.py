"""PAN: super-resolution by pixel attention (Zhao et al. 2020, https://arxiv.org/abs/2010.01073)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

SLOPE = 0.2  # of every leaky ReLU


def leaky(x: Tensor) -> Tensor:
    return F.leaky_relu(x, SLOPE)


def conv(taken: int, given: int, side: int = 3, bias: bool = False) -> nn.Conv2d:
    return nn.Conv2d(taken, given, side, padding=side // 2, bias=bias)


class Attention(nn.Module):
    """A convolution beside a map, one number a pixel and channel, that weighs it."""

    def __init__(self, channels: int):
        super().__init__()
        self.k2 = conv(channels, channels, 1, bias=True)
        self.k3 = conv(channels, channels)
        self.k4 = conv(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        return self.k4(self.k3(x) * torch.sigmoid(self.k2(x)))


class Scpa(nn.Module):
    """Self-calibrated block: half of the channels go through a plain convolution, half through attention."""

    def __init__(self, channels: int):
        super().__init__()
        half = channels // 2
        self.conv1_a = conv(channels, half, 1)
        self.conv1_b = conv(channels, half, 1)
        self.k1 = nn.Sequential(conv(half, half))
        self.PAConv = Attention(half)
        self.conv3 = conv(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        a = leaky(self.k1(leaky(self.conv1_a(x))))
        b = leaky(self.PAConv(leaky(self.conv1_b(x))))
        return self.conv3(torch.cat([a, b], 1)) + x


class PixelAttention(nn.Module):
    """A picture weighed by a map made of itself."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv = conv(channels, channels, 1, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        return x * torch.sigmoid(self.conv(x))


class Pan(Published):
    """Blocks, then repeated pixels and attention (four times: twice two times), added to the bilinear enlargement."""

    paper = "https://arxiv.org/abs/2010.01073"

    def __init__(self, scale: int = 2, channels: int = 40, after: int = 24, blocks: int = 16):
        """`after`: channels once the picture is enlarged."""
        super().__init__()
        self.scale = scale
        self.steps = (2, 2) if scale == 4 else (scale,)
        self.tile = {2: 384, 3: 256, 4: 192}[scale]
        self.radius = 2 * blocks + 4  # of the enlarged picture's convolutions two pixels are seen here
        self.conv_first = conv(3, channels, bias=True)
        self.SCPA_trunk = nn.Sequential(*(Scpa(channels) for _ in range(blocks)))
        self.trunk_conv = conv(channels, channels, bias=True)
        for number, _ in enumerate(self.steps, 1):
            setattr(self, f"upconv{number}", conv(channels if number == 1 else after, after, bias=True))
            setattr(self, f"att{number}", PixelAttention(after))
            setattr(self, f"HRconv{number}", conv(after, after, bias=True))
        self.conv_last = conv(after, 3, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv_first(x)
        y = first + self.trunk_conv(self.SCPA_trunk(first))
        for number, step in enumerate(self.steps, 1):
            y = getattr(self, f"upconv{number}")(F.interpolate(y, scale_factor=step, mode="nearest"))
            y = leaky(getattr(self, f"HRconv{number}")(leaky(getattr(self, f"att{number}")(y))))
        return self.conv_last(y) + F.interpolate(x, scale_factor=self.scale, mode="bilinear")


NETWORK = Pan
