"""EDSR, the original: residual blocks without batch norm (Lim et al. 2017, https://arxiv.org/abs/1707.02921).

The names are those of the authors' PyTorch program; no file of theirs has been read by this definition yet.
"""

from torch import Tensor, nn

from workshop.convert.published import Published


class Block(nn.Module):
    """Convolution, ReLU, convolution; a share of that is added to the input."""

    def __init__(self, channels: int, share: float):
        super().__init__()
        self.share = share
        self.body = nn.Sequential(conv(channels, channels), nn.ReLU(), conv(channels, channels))

    def forward(self, x: Tensor) -> Tensor:
        added = self.body(x)
        return x + (added if self.share == 1 else added * self.share)


class Edsr(Published):
    """Levels 0..255 less their mean, blocks, then a convolution and a shuffle for each step of the enlargement."""

    paper = "https://arxiv.org/abs/1707.02921"

    def __init__(self, scale: int = 2, blocks: int = 16, channels: int = 64, share: float = 1.0):
        """As in the authors' baseline; in the full network 32 blocks, 256 channels and a share of 0.1."""
        super().__init__()
        self.scale = scale
        self.radius = 2 * blocks + 4  # the enlarged picture's last convolution sees one pixel here
        self.tile = {2: 352, 3: 256, 4: 192}[scale] * 64 // max(64, channels)
        self.sub_mean, self.add_mean = nn.Conv2d(3, 3, 1), nn.Conv2d(3, 3, 1)
        self.head = nn.Sequential(conv(3, channels))
        self.body = nn.Sequential(*(Block(channels, share) for _ in range(blocks)), conv(channels, channels))
        steps = (2, 2) if scale == 4 else (scale,)
        larger = [layer for s in steps for layer in (conv(channels, channels * s * s), nn.PixelShuffle(s))]
        self.tail = nn.Sequential(nn.Sequential(*larger), conv(channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        first = self.head(self.sub_mean(x * 255))
        return self.add_mean(self.tail(self.body(first) + first)) / 255


def conv(taken: int, given: int) -> nn.Conv2d:
    return nn.Conv2d(taken, given, 3, padding=1)


NETWORK = Edsr
