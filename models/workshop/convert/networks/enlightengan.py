"""EnlightenGAN: a U-shaped network that looks hardest where a picture is dark (Jiang et al. 2019,
https://arxiv.org/abs/1906.06972).

Names, shapes and order of the layers are those of the publishers' code, which was written for PyTorch 0.3: enlarging went
from corner to corner there. Their file was not at hand: that it has these names is unproved.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

LEVELS = 5  # each of half the size of the one before, with twice the channels
STEP = 2 ** (LEVELS - 1)
GREY = (0.299, 0.587, 0.114)


class EnlightenGan(Published):
    """The picture in -1..1, plus what the network adds in proportion to the dark, 1 - grey."""

    paper = "https://arxiv.org/abs/1906.06972"
    radius = None
    least = STEP  # the edges are mirrored by up to half of it
    most = 1024

    def __init__(self, width: int = 32):
        """`width`: channels at full size, 32 as published."""
        super().__init__()
        widths = [width * 2**level for level in range(LEVELS)]
        taken = 4  # the picture and its dark
        for number, given in enumerate(widths, 1):
            self.pair(number, taken, given)
            taken = given
        for number, given in enumerate(reversed(widths[:-1]), LEVELS):
            self.add_module(f"deconv{number}", nn.Conv2d(2 * given, given, 3, padding=1))
            self.pair(number + 1, 2 * given, given)
        del self.bn9_2  # the last pair ends without
        self.conv10 = nn.Conv2d(width, 3, 1)

    def pair(self, number: int, taken: int, given: int) -> None:
        """Two convolutions with a norm behind each."""
        for half, channels in ((1, taken), (2, given)):
            self.add_module(f"conv{number}_{half}", nn.Conv2d(channels, given, 3, padding=1))
            self.add_module(f"bn{number}_{half}", nn.BatchNorm2d(given))

    def layer(self, name: str, x: Tensor) -> Tensor:
        """`name`: as in conv1_1 and bn1_1."""
        x = F.leaky_relu(self.get_submodule(f"conv{name}")(x), 0.2)
        return self.get_submodule(f"bn{name}")(x) if hasattr(self, f"bn{name}") else x

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        x = mirrored(mirrored(x, 2), 3)
        dark = 1 - (x * x.new_tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
        x = 2 * x - 1
        given = (x + self.added(x, dark) + 1) / 2
        top, left = before(height), before(width)
        return given[:, :, top : top + height, left : left + width]

    def added(self, x: Tensor, dark: Tensor) -> Tensor:
        """[N,3,H,W] in -1..1, dark [N,1,H,W] in 0..1 -> [N,3,H,W]."""
        x, darks, seen = torch.cat([x, dark], 1), [dark], []
        for number in range(1, LEVELS):
            x = self.layer(f"{number}_2", self.layer(f"{number}_1", x))
            seen.append(x)
            x = F.max_pool2d(x, 2)
            darks.append(F.max_pool2d(darks[-1], 2))
        x = self.layer(f"{LEVELS}_2", self.layer(f"{LEVELS}_1", x) * darks.pop())
        for number in range(LEVELS, 2 * LEVELS - 1):
            x = F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=True)
            x = torch.cat([self.get_submodule(f"deconv{number}")(x), seen.pop() * darks.pop()], 1)
            x = self.layer(f"{number + 1}_2", self.layer(f"{number + 1}_1", x))
        return self.conv10(x) * dark


def before(side: int) -> int:
    """Rows (columns) that are added before the first; as many or one more go behind the last."""
    return ((side + STEP - 1) // STEP * STEP - side) // 2


def mirrored(x: Tensor, axis: int) -> Tensor:
    """Filled up to a multiple of the step by what lies beyond the edge in a mirror."""
    side = x.shape[axis]
    place = (torch.arange((side + STEP - 1) // STEP * STEP, device=x.device) - before(side)).abs()
    return x.index_select(axis, side - 1 - (side - 1 - place).abs())


NETWORK = EnlightenGan
