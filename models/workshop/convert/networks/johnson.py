"""One style by a feed-forward network (Johnson et al. 2016, https://arxiv.org/abs/1603.08155), with instance norm (Ulyanov et
al. 2016, https://arxiv.org/abs/1607.08022) and nearest enlargement in place of transposed convolutions."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published


class Mirrored(nn.Module):
    """A convolution with a mirrored edge."""

    def __init__(self, taken: int, given: int, side: int, stride: int = 1):
        super().__init__()
        self.edge = (side // 2,) * 4
        self.conv2d = nn.Conv2d(taken, given, side, stride)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv2d(F.pad(x, self.edge, mode="reflect"))


class Residual(nn.Module):
    """Two convolutions, added to what they are given."""

    def __init__(self, channels: int):
        super().__init__()
        self.conv1, self.in1 = Mirrored(channels, channels, 3), norm(channels)
        self.conv2, self.in2 = Mirrored(channels, channels, 3), norm(channels)

    def forward(self, x: Tensor) -> Tensor:
        return x + self.in2(self.conv2(torch.relu(self.in1(self.conv1(x)))))


class Johnson(Published):
    """Two halvings, five residual blocks, two doublings. The layers take and give levels 0..255."""

    paper = "https://arxiv.org/abs/1603.08155"
    radius, most = None, 1536  # the norms see the whole picture
    multiple = 4
    least = 8  # a mirrored edge of 1 needs 2 pixels at a quarter of the size

    def __init__(self, channels: int = 8):
        """`channels` at full size; twice and four times as many at a half and a quarter."""
        super().__init__()
        full, half, quarter = channels, 2 * channels, 4 * channels
        self.conv1, self.in1 = Mirrored(3, full, 9), norm(full)
        self.conv2, self.in2 = Mirrored(full, half, 3, 2), norm(half)
        self.conv3, self.in3 = Mirrored(half, quarter, 3, 2), norm(quarter)
        for at in range(1, 6):
            self.add_module(f"res{at}", Residual(quarter))
        self.deconv1, self.in4 = Mirrored(quarter, half, 3), norm(half)
        self.deconv2, self.in5 = Mirrored(half, full, 3), norm(full)
        self.deconv3 = Mirrored(full, 3, 9)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.in1(self.conv1(x * 255)))
        x = torch.relu(self.in2(self.conv2(x)))
        x = torch.relu(self.in3(self.conv3(x)))
        for block in (self.res1, self.res2, self.res3, self.res4, self.res5):
            x = block(x)
        x = torch.relu(self.in4(self.deconv1(doubled(x))))
        x = torch.relu(self.in5(self.deconv2(doubled(x))))
        return self.deconv3(x) / 255


def norm(channels: int) -> nn.Module:
    """Mean 0 and deviation 1 of each channel of the picture, then the weights'."""
    return nn.InstanceNorm2d(channels, affine=True)


def doubled(x: Tensor) -> Tensor:
    """Each pixel four times."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


NETWORK = Johnson
