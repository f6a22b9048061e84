"""GCANet: smoothed dilated convolutions and a gate over three depths (Chen et al. 2019, https://arxiv.org/abs/1811.08747)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

DILATIONS = (2, 2, 2, 4, 4, 4, 1)  # of the seven blocks
WIDTH = 64


def norm() -> nn.InstanceNorm2d:
    """Statistics of this picture."""
    return nn.InstanceNorm2d(WIDTH, affine=True)


def conv(taken: int = WIDTH, **given) -> nn.Conv2d:
    return nn.Conv2d(taken, WIDTH, 3, bias=False, **given)


class Smooth(nn.Module):
    """One kernel for every channel: against the grid that a dilated convolution leaves."""

    def __init__(self, side: int):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1, 1, side, side))

    def forward(self, x: Tensor) -> Tensor:
        kernel = self.weight.expand(WIDTH, -1, -1, -1)
        return F.conv2d(x, kernel, padding=self.weight.shape[2] // 2, groups=WIDTH)


class Block(nn.Module):
    """Two dilated convolutions, each after its smoothing (none where nothing is dilated), added to the input."""

    def __init__(self, dilation: int):
        super().__init__()
        if dilation > 1:
            self.pre_conv1, self.pre_conv2 = Smooth(2 * dilation - 1), Smooth(2 * dilation - 1)
        else:
            self.pre_conv1 = self.pre_conv2 = nn.Identity()
        self.conv1 = conv(padding=dilation, dilation=dilation)
        self.conv2 = conv(padding=dilation, dilation=dilation)
        self.norm1, self.norm2 = norm(), norm()

    def forward(self, x: Tensor) -> Tensor:
        y = torch.relu(self.norm1(self.conv1(self.pre_conv1(x))))
        return torch.relu(x + self.norm2(self.conv2(self.pre_conv2(y))))


class GcaNet(Published):
    """What the network gives is the difference to the hazy picture, in levels."""

    paper = "https://arxiv.org/abs/1811.08747"
    multiple = 2
    radius = None
    most = 640

    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = conv(4, padding=1), conv(padding=1)
        self.conv3 = conv(padding=1, stride=2)
        self.norm1, self.norm2, self.norm3, self.norm4, self.norm5 = (norm() for _ in range(5))
        for place, dilation in enumerate(DILATIONS, 1):
            setattr(self, f"res{place}", Block(dilation))
        self.gate = nn.Conv2d(3 * WIDTH, 3, 3, padding=1)
        self.deconv3 = nn.ConvTranspose2d(WIDTH, WIDTH, 4, 2, 1)
        self.deconv2 = nn.Conv2d(WIDTH, WIDTH, 3, padding=1)
        self.deconv1 = nn.Conv2d(WIDTH, 3, 1)

    @staticmethod
    def edges(levels: Tensor) -> Tensor:
        """How much a pixel differs from its neighbours: [N,3,H,W] -> [N,1,H,W], a quarter of the sum over the four."""
        across = (levels[..., 1:] - levels[..., :-1]).abs().mean(1, keepdim=True)
        down = (levels[..., 1:, :] - levels[..., :-1, :]).abs().mean(1, keepdim=True)
        across = F.pad(across, (1, 0)) + F.pad(across, (0, 1))
        return (across + F.pad(down, (0, 0, 1, 0)) + F.pad(down, (0, 0, 0, 1))) / 4

    def forward(self, x: Tensor) -> Tensor:
        levels = x * 255
        y = torch.cat([levels, self.edges(levels)], 1) - 128
        y = torch.relu(self.norm1(self.conv1(y)))
        y = torch.relu(self.norm2(self.conv2(y)))
        y = first = torch.relu(self.norm3(self.conv3(y)))
        depths = [first]
        for place in range(1, len(DILATIONS) + 1):
            y = getattr(self, f"res{place}")(y)
            depths += [y] if place in (4, 7) else []
        shares = self.gate(torch.cat(depths, 1)).split(1, 1)
        y = sum(depth * share for depth, share in zip(depths, shares, strict=True))
        y = torch.relu(self.norm4(self.deconv3(y)))
        y = torch.relu(self.norm5(self.deconv2(y)))
        return x + self.deconv1(y) / 255


NETWORK = GcaNet
