"""UpscalerJS' esrgan-slim: two small residual dense blocks (Zhang et al. 2018, https://arxiv.org/abs/1802.08797)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published, fill

CHANNELS = 64
ADDED = 4  # channels that a dense block adds to its input
BLOCKS = (1, 2)


class EsrganSlim(Published):
    """Levels 0..255 inside. The end enlarges 3*s*s channels by repeating them and convolves them to three."""

    paper = "https://arxiv.org/abs/1802.08797"
    radius = 10

    def __init__(self, scale: int = 2):
        super().__init__()
        self.scale = scale
        wide = 3 * scale * scale
        self.F_m1 = conv(3, CHANNELS)
        self.F_0 = conv(CHANNELS, CHANNELS)
        for block in BLOCKS:
            setattr(self, f"F_{block}_1", conv(CHANNELS, ADDED))
            setattr(self, f"LFF_{block}", conv(CHANNELS + ADDED, CHANNELS, 1))
        self.GFF_1 = conv(CHANNELS * len(BLOCKS), CHANNELS, 1)
        self.GFF_2 = conv(CHANNELS, CHANNELS)
        self.UPN1 = conv(CHANNELS, CHANNELS, 5)
        self.UPN2 = conv(CHANNELS, CHANNELS // 2)
        self.UPN3 = conv(CHANNELS // 2, wide)
        self.SR = conv(wide, 3)
        self.register_buffer("end", torch.zeros(wide, wide, 3, 3), persistent=False)

    def take(self, weights) -> None:
        """`layer/kernel` and `layer/bias`."""
        given = {}
        for name, value in weights.items():
            named = name.replace("/kernel", ".weight").replace("/bias", ".bias")
            given[named] = torch.from_numpy(value.transpose(3, 2, 0, 1).copy() if value.ndim == 4 else value)
        fill(self, given)
        self.end = gathered(self.SR.weight.detach(), self.scale)

    def forward(self, x: Tensor) -> Tensor:
        first = self.F_m1(x * 255)
        y, outputs = self.F_0(first), []
        for block in BLOCKS:
            added = torch.relu(getattr(self, f"F_{block}_1")(y))
            y = getattr(self, f"LFF_{block}")(torch.cat([y, added], 1)) + y
            outputs.append(y)
        y = self.GFF_2(self.GFF_1(torch.cat(outputs, 1))) + first
        y = self.UPN3(torch.relu(self.UPN2(torch.relu(self.UPN1(y)))))
        end = F.conv2d(y, self.end, self.SR.bias.repeat_interleave(self.scale**2), padding=1)
        return F.pixel_shuffle(end, self.scale) / 255


def conv(taken: int, given: int, side: int = 3) -> nn.Conv2d:
    return nn.Conv2d(taken, given, side, padding=side // 2)


def gathered(kernel: Tensor, scale: int) -> Tensor:
    """The 3x3 kernel [O,I,3,3] over pixels repeated `scale` times as one over the pixels themselves, [O*scale^2,I,3,3].

    Of the taps of a phase, those that fall on the same pixel are added: the same answer, without the large picture between.
    """
    reach = torch.zeros(scale, 3, 3)  # phase, tap at the large size, tap at the small size
    for phase in range(scale):
        for tap in range(3):
            reach[phase, tap, (phase + tap - 1) // scale + 1] = 1
    phases = torch.einsum("oiyx,pyv,qxw->opqivw", kernel, reach, reach)
    return phases.reshape(-1, kernel.shape[1], 3, 3)


NETWORK = EsrganSlim
