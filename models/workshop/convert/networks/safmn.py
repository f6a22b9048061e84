"""SAFMN: spatially adaptive feature modulation (Sun et al. 2023, https://arxiv.org/abs/2302.13800), its entry in NTIRE 2023."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

LEVELS = 4  # the picture itself, and a quarter, an eighth and a sixteenth of its sides


def windows(side: int, step: int) -> Tensor:
    """Places along a side of its side // step windows, which share it out evenly, as adaptive max pooling has them.

    Where the side is no multiple of the step they are longer and overlap: none is longer than 2 * step - 1. To that all are
    made equal, by their last place again: [windows * (2 * step - 1)].
    """
    count = side // step
    window = torch.arange(count)
    begin = window * side // count
    end = ((window + 1) * side + count - 1) // count
    return torch.minimum(begin[:, None] + torch.arange(2 * step - 1), end[:, None] - 1).reshape(-1)


def nearest(side: int, step: int) -> Tensor:
    """The window for each place of a side, in single precision as PyTorch reckons: [side]."""
    count = side // step
    share = torch.tensor(count, dtype=torch.float32) / torch.tensor(side, dtype=torch.float32)
    return (torch.arange(side) * share).floor().clamp(max=count - 1).to(torch.int64)


class Sight:
    """A picture of `sides` seen in windows of `step`: where they lie, and back."""

    def __init__(self, sides: tuple[int, int], step: int):
        self.length = 2 * step - 1
        self.windows = [windows(side, step) for side in sides]
        self.nearest = [nearest(side, step) for side in sides]

    def largest(self, x: Tensor) -> Tensor:
        """The largest of each window, [N,C,H,W] -> [N,C,H // step,W // step]."""
        for dim, places in zip((2, 3), self.windows, strict=True):
            x = x.index_select(dim, places).unflatten(dim, (-1, self.length)).amax(dim + 1)
        return x

    def repeated(self, x: Tensor) -> Tensor:
        """The nearest window's value at each pixel: the other way."""
        for dim, places in zip((2, 3), self.nearest, strict=True):
            x = x.index_select(dim, places)
        return x


class Modulation(nn.Module):
    """Quarters of the channels seen at four sizes, mixed to a map that weighs all of them."""

    def __init__(self, channels: int):
        super().__init__()
        part = channels // LEVELS
        self.mfr = nn.ModuleList(nn.Conv2d(part, part, 3, padding=1, groups=part, bias=False) for _ in range(LEVELS))
        self.aggr = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor, sights: list[Sight]) -> Tensor:
        near, *far = x.chunk(LEVELS, 1)
        seen = [self.mfr[0](near)]
        for layer, part, sight in zip(self.mfr[1:], far, sights, strict=True):
            seen.append(sight.repeated(layer(sight.largest(part))))
        return F.gelu(self.aggr(torch.cat(seen, 1))) * x


class Mixer(nn.Module):
    """A convolution to twice the channels and back."""

    def __init__(self, channels: int):
        super().__init__()
        self.ccm = nn.Sequential(
            nn.Conv2d(channels, 2 * channels, 3, padding=1, bias=False),
            nn.GELU(),
            nn.Conv2d(2 * channels, channels, 1, bias=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.ccm(x)


class Block(nn.Module):
    """Modulation and mixing, each added to its input."""

    def __init__(self, channels: int):
        super().__init__()
        self.safm = Modulation(channels)
        self.ccm = Mixer(channels)

    def forward(self, x: Tensor, sights: list[Sight]) -> Tensor:
        x = x + self.safm(x, sights)
        return x + self.ccm(x)


class Response(nn.Module):
    """Each channel weighed by its norm over the whole picture, measured by the mean of all channels' norms."""

    def __init__(self, channels: int):
        super().__init__()
        self.gamma = nn.Parameter(torch.zeros(1, channels, 1, 1))
        self.beta = nn.Parameter(torch.zeros(1, channels, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        norm = (x * x).sum((2, 3), keepdim=True).sqrt()
        return self.gamma * (x * (norm / (norm.mean(1, keepdim=True) + 1e-6))) + self.beta + x


class Safmn(Published):
    """Eight blocks behind a norm of the whole picture, added to the bilinear enlargement."""

    paper = "https://arxiv.org/abs/2302.13800"
    radius = None
    most = 704  # 1 GB
    least = 16  # of a sixteenth of the side one pixel is left

    def __init__(self, scale: int = 4, channels: int = 36, blocks: int = 8):
        super().__init__()
        self.scale = scale
        self.norm = Response(channels)
        self.to_feat = nn.Conv2d(3, channels, 3, padding=1)
        self.feats = nn.ModuleList(Block(channels) for _ in range(blocks))
        self.to_img = nn.Sequential(nn.Conv2d(channels, 3 * scale * scale, 3, padding=1), nn.PixelShuffle(scale))

    def forward(self, x: Tensor) -> Tensor:
        sights = [Sight(x.shape[2:], 2**level) for level in range(2, LEVELS + 1)]
        y = self.norm(self.to_feat(x))
        for block in self.feats:
            y = block(y, sights)
        return self.to_img(y) + F.interpolate(x, scale_factor=self.scale, mode="bilinear")


NETWORK = Safmn
