"""Johnson's network (https://arxiv.org/abs/1603.08155) with the blocks of MobileNetV2 (Sandler et al. 2018,
https://arxiv.org/abs/1801.04381) of expansion 1, and no biases."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.networks.johnson import Johnson, doubled, norm
from workshop.convert.published import Published


class Bottleneck(nn.Module):
    """1x1, 3x3 of each channel alone, 1x1; added to what it is given where the shape stays."""

    def __init__(self, taken: int, given: int, stride: int = 1, grows: bool = False):
        """`grows`: twice the size. The publishers' is enlarged before the first 1x1, which gives the same at four times the cost."""
        super().__init__()
        self.grows = grows
        self.conv1, self.in1 = nn.Conv2d(taken, taken, 1, bias=False), norm(taken)
        self.conv2, self.in2 = nn.Conv2d(taken, taken, 3, stride, groups=taken, bias=False), norm(taken)
        self.conv3, self.in3 = nn.Conv2d(taken, given, 1, bias=False), norm(given)
        self.adds = stride == 1 and taken == given

    def forward(self, x: Tensor) -> Tensor:
        inside = F.relu6(self.in1(self.conv1(x)))
        inside = doubled(inside) if self.grows else inside
        inside = F.relu6(self.in2(self.conv2(F.pad(inside, (1, 1, 1, 1), mode="reflect"))))
        inside = self.in3(self.conv3(inside))
        return x + inside if self.adds else inside


class Enlarged(nn.Module):
    """Twice the size, through a block."""

    def __init__(self, taken: int, given: int):
        super().__init__()
        self.conv1 = Bottleneck(taken, given, grows=True)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.conv1(x))


class JohnsonMobile(Published):
    """The layers take and give levels 0..255."""

    paper = "https://arxiv.org/abs/1801.04381"
    radius, most = None, 832
    multiple, least = Johnson.multiple, Johnson.least

    def __init__(self):
        super().__init__()
        self.conv1, self.in1 = nn.Conv2d(3, 32, 9, bias=False), norm(32)
        self.conv2, self.conv3 = Bottleneck(32, 64, 2), Bottleneck(64, 128, 2)
        for at in range(1, 6):
            self.add_module(f"res{at}", Bottleneck(128, 128))
        self.upconv1, self.upconv2 = Enlarged(128, 64), Enlarged(64, 32)
        self.conv4 = nn.Conv2d(32, 3, 9, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.in1(self.conv1(F.pad(x * 255, (4, 4, 4, 4), mode="reflect"))))
        x = self.conv3(self.conv2(x))
        for block in (self.res1, self.res2, self.res3, self.res4, self.res5):
            x = block(x)
        x = self.upconv2(self.upconv1(x))
        return self.conv4(F.pad(x, (4, 4, 4, 4), mode="reflect")) / 255


NETWORK = JohnsonMobile
