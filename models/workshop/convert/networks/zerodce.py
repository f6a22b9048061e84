"""Zero-DCE: a dark picture lifted by curves that a network draws for every pixel (Guo et al. 2020,
https://arxiv.org/abs/2001.06826); Zero-DCE++ and SGZ: one curve, found on the picture shrunk (Li et al. 2021,
https://arxiv.org/abs/2103.00860; Zheng and Gupta 2022, https://arxiv.org/abs/2110.00970)."""

from collections import OrderedDict

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

STEPS = 8  # times that the curve x + a (x^2 - x) is gone through
CHANNELS = (3, 32, 32, 32, 64, 64, 64)  # into the seven convolutions; the last three take two layers joined
TINY = 1e-20  # an `a` of 0 may be divided by


class ZeroDce(Published):
    """Seven convolutions give a in -1..1, for each step its own or one for all."""

    paper = "https://arxiv.org/abs/2001.06826"
    radius = len(CHANNELS)

    def __init__(self, separable: bool = False, shrink: int = 1, newest_first: bool = False, prefix: str = "e_"):
        """`separable`: depthwise and pointwise convolutions, one curve for all steps; `shrink`: how many times smaller the
        picture is that the curve is found on (needs `separable`); `newest_first`: joined layers stand the other way round,
        and every step is cut to 0..1; `prefix`: of the layers' names in the file."""
        super().__init__()
        self.separable, self.shrink, self.newest_first, self.prefix = separable, shrink, newest_first, prefix
        layer = separated if separable else lambda taken, given: nn.Conv2d(taken, given, 3, padding=1)
        given = [32] * 6 + [3 if separable else 3 * STEPS]
        layers = [layer(*pair) for pair in zip(CHANNELS, given, strict=True)]
        self.conv = nn.ModuleDict({str(number): layer for number, layer in enumerate(layers, 1)})
        if shrink > 1:  # the map is stretched from corner to corner: every pixel depends on the picture's sides
            self.multiple, self.radius, self.most = shrink, None, 3840

    def take(self, weights) -> None:
        super().take({name.replace(f"{self.prefix}conv", "conv.", 1): value for name, value in weights.items()})

    def joined(self, older: Tensor, newer: Tensor) -> Tensor:
        return torch.cat([newer, older] if self.newest_first else [older, newer], 1)

    def curves(self, x: Tensor) -> Tensor:
        """[N,3,H,W] -> a of every step [N,24,H,W], or of all [N,3,H,W]."""
        first = torch.relu(self.conv["1"](x))
        second = torch.relu(self.conv["2"](first))
        third = torch.relu(self.conv["3"](second))
        x = torch.relu(self.conv["4"](third))
        x = torch.relu(self.conv["5"](self.joined(third, x)))
        x = torch.relu(self.conv["6"](self.joined(second, x)))
        return torch.tanh(self.conv["7"](self.joined(first, x)))

    def forward(self, x: Tensor) -> Tensor:
        if self.separable:
            return self.lifted(x, self.curve(x))
        for a in self.curves(x).split(3, 1):
            x = x + a * (x * x - x)
            x = x.clamp(0, 1) if self.newest_first else x
        return x

    def curve(self, x: Tensor) -> Tensor:
        """The one curve: the picture is shrunk between pixel centres, its map enlarged between corners."""
        if self.shrink == 1:
            return self.curves(x)
        height, width = x.shape[2:]
        small = F.interpolate(x, size=(height // self.shrink, width // self.shrink), mode="bilinear")
        return F.interpolate(self.curves(small), size=(height, width), mode="bilinear", align_corners=True)

    def lifted(self, x: Tensor, a: Tensor) -> Tensor:
        """All steps with one a: w = a x makes each of them w (w + 1 - a), half the work."""
        a = a + TINY
        w, rest = a * x, 1 - a
        for _ in range(STEPS):
            w = w * (w + rest)
        return w / a


def separated(taken: int, given: int) -> nn.Module:
    """A convolution of 3x3 on each channel, then one of 1x1 across them."""
    depth = nn.Conv2d(taken, taken, 3, padding=1, groups=taken)
    return nn.Sequential(OrderedDict(depth_conv=depth, point_conv=nn.Conv2d(taken, given, 1)))


NETWORK = ZeroDce
