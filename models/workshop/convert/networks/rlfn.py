"""RLFN: residual local features and enhanced spatial attention (Kong et al. 2022, https://arxiv.org/abs/2205.07514)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

SLOPE = 0.05  # of every leaky ReLU


class Attention(nn.Module):
    """A map from a sixth of the size, enlarged to the picture's, that weighs the features."""

    def __init__(self, channels: int, inside: int = 16):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, inside, 1)
        self.conv_f = nn.Conv2d(inside, inside, 1)
        self.conv2 = nn.Conv2d(inside, inside, 3, stride=2)
        self.conv3 = nn.Conv2d(inside, inside, 3, padding=1)
        self.conv4 = nn.Conv2d(inside, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        near = self.conv1(x)
        far = self.conv3(F.max_pool2d(self.conv2(near), 7, 3))
        far = F.interpolate(far, size=x.shape[2:], mode="bilinear")
        return x * torch.sigmoid(self.conv4(far + self.conv_f(near)))


class Block(nn.Module):
    """Three convolutions added to the input, then attention."""

    def __init__(self, channels: int, inside: int):
        super().__init__()
        self.c1_r = nn.Conv2d(channels, inside, 3, padding=1)
        self.c2_r = nn.Conv2d(inside, inside, 3, padding=1)
        self.c3_r = nn.Conv2d(inside, channels, 3, padding=1)
        self.c5 = nn.Conv2d(channels, channels, 1)
        self.esa = Attention(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for layer in (self.c1_r, self.c2_r, self.c3_r):
            y = F.leaky_relu(layer(y), SLOPE)
        return self.esa(self.c5(y + x))


class Rlfn(Published):
    """Four blocks between two convolutions, and a shuffle; inside, levels are 0..255.

    The attention's map is stretched to the picture, whatever its size: a tile's map would lie elsewhere.
    """

    paper = "https://arxiv.org/abs/2205.07514"
    radius = None
    most = 768  # 1 GB
    least = 15

    def __init__(self, scale: int = 4, channels: int = 46, inside: int = 48):
        super().__init__()
        self.scale = scale
        self.conv_1 = nn.Conv2d(3, channels, 3, padding=1)
        self.block_1, self.block_2, self.block_3, self.block_4 = (Block(channels, inside) for _ in range(4))
        self.conv_2 = nn.Conv2d(channels, channels, 3, padding=1)
        self.upsampler = nn.Sequential(nn.Conv2d(channels, 3 * scale * scale, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x: Tensor) -> Tensor:
        first = self.conv_1(x * 255)
        y = self.block_4(self.block_3(self.block_2(self.block_1(first))))
        return self.upsampler(self.conv_2(y) + first) / 255


NETWORK = Rlfn
