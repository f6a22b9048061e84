"""RUAS: light found in three steps by cells that a search for architectures chose; three more find noise (Liu et al. 2021,
https://arxiv.org/abs/2012.05609)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

# Beginnings and parts of the file's names, and those here.
NAMES = (
    ("enhance_net.iems.", "light."),
    ("denoise_net.nrms.", "noise."),
    ("denoise_net.stem.", "stem."),
    ("denoise_net.activate.0.", "tail."),
    (".cell.", "."),
    (".op.", "."),
)


class Ruas(Published):
    """The picture over its light, three times; `denoise` subtracts noise from the last."""

    paper = "https://arxiv.org/abs/2012.05609"

    def __init__(self, denoise: bool = False):
        super().__init__()
        self.denoise = denoise
        self.radius = 3 * (1 + 2) + (1 + 3 * 2 + 1 if denoise else 0)
        self.light = nn.ModuleList(Light() for _ in range(3))
        if denoise:
            self.stem, self.noise = near(3, 6), nn.Sequential(*(Noise() for _ in range(3)))
            self.tail = near(6, 3)

    def take(self, weights) -> None:
        given = {}
        for name, value in weights.items():
            if self.denoise or not name.startswith("denoise_net."):
                for old, new in NAMES:
                    name = name.replace(old, new, 1)
                given[name] = value
        super().take(given)
        for cell in (*self.light, *(self.noise if self.denoise else ())):
            cell.keep()

    def forward(self, y: Tensor) -> Tensor:
        u = y
        for step, light in enumerate(self.light):
            rough = F.max_pool2d(F.pad(u, (0, 1, 0, 1)), 2, 1)
            u = (y / light(rough if step == 0 else rough - 0.5 * (u - y))).clamp(0, 1)
        return u - self.tail(self.noise(self.stem(u))) if self.denoise else u


class Cell(nn.Module):
    """Convolutions of which some add their own input, `kept` so many times, which their kernels can do by themselves."""

    kept: dict[str, int]

    def keep(self) -> None:
        """Put those sums into the kernels."""
        with torch.no_grad():
            for name, times in self.kept.items():
                weight = getattr(self, name).weight
                weight += times * nn.init.dirac_(torch.empty_like(weight))


class Light(Cell):
    """The light of what is given, both 0..1: [N,3,H,W] -> [N,3,H,W].

    What is given is never negative, so that the published activation of it changes nothing and is left out.
    """

    kept = {"c1_r": 2, "c2_d": 1, "c2_r": 1}

    def __init__(self):
        super().__init__()
        self.c1_r, self.c2_d = nn.Conv2d(3, 3, 1), far(3)
        self.c2_r, self.c3_d, self.c4 = near(3, 3), near(3, 3), near(3, 3)
        self.c5 = nn.Conv2d(12, 3, 1)

    def forward(self, d1: Tensor) -> Tensor:
        r1 = active(self.c1_r(d1))
        d2 = active(self.c2_d(r1))
        r2 = active(self.c2_r(r1))
        d3 = active(self.c3_d(r2))
        d4 = active(self.c4(active(2 * r2)))
        return torch.sigmoid(self.c5(torch.cat([d1, d2, d3, d4], 1))).clamp(min=1e-3)


class Noise(Cell):
    """[N,6,H,W] -> [N,6,H,W]."""

    kept = {"c1_d": 1, "c1_r": 2, "c2_d": 1, "c3_d": 1, "c3_r": 2}

    def __init__(self):
        super().__init__()
        self.c1_d, self.c1_r, self.c2_d = nn.Conv2d(6, 6, 1), nn.Conv2d(6, 6, 1), far(6)
        self.c3_d, self.c3_r, self.c5 = nn.Conv2d(6, 6, 1), nn.Conv2d(6, 6, 1), nn.Conv2d(24, 6, 1)

    def forward(self, v: Tensor) -> Tensor:
        d1 = active(self.c1_d(v))
        r1 = active(self.c1_r(v))
        d2 = active(self.c2_d(r1))
        r2 = active(2 * r1)
        d3 = active(self.c3_d(r2))
        d4 = active(active(self.c3_r(r2)))
        return self.c5(torch.cat([d1, d2, d3, d4], 1))


def active(x: Tensor) -> Tensor:
    return F.leaky_relu(x, 0.05)


def near(taken: int, given: int) -> nn.Conv2d:
    return nn.Conv2d(taken, given, 3, padding=1)


def far(channels: int) -> nn.Conv2d:
    return nn.Conv2d(channels, channels, 3, padding=2, dilation=2)


NETWORK = Ruas
