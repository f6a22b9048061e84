"""CARN-M: super-resolution by cascading residual blocks with shared weights (Ahn et al. 2018, https://arxiv.org/abs/1803.08664)."""

import torch
from torch import Tensor, nn

from workshop.convert.published import Published

CHANNELS = 64
GROUPS = 4


def grouped(given: int) -> nn.Conv2d:
    return nn.Conv2d(CHANNELS, given, 3, padding=1, groups=GROUPS)


class Body(nn.Module):
    """Layers under the name that the file has for them."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.body = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        return self.body(x)


class Residual(Body):
    """Two grouped convolutions and one of single pixels, added to the input."""

    def __init__(self):
        relu = nn.ReLU()
        super().__init__(grouped(CHANNELS), relu, grouped(CHANNELS), relu, nn.Conv2d(CHANNELS, CHANNELS, 1))

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + x)


class Cascade(nn.Module):
    """Three parts, each followed by a mixture of the outputs of all before it; `parts`: names of the parts in turn."""

    parts: tuple[str, ...] = ("b1", "b2", "b3")

    def __init__(self, made: type[nn.Module]):
        super().__init__()
        for name in dict.fromkeys(self.parts):
            setattr(self, name, made())
        for number in (1, 2, 3):
            mixture = nn.Conv2d(CHANNELS * (number + 1), CHANNELS, 1)
            setattr(self, f"c{number}", Body(mixture, nn.ReLU()))

    def forward(self, x: Tensor) -> Tensor:
        outputs, y = x, x
        for number, name in enumerate(self.parts, 1):
            outputs = torch.cat([outputs, getattr(self, name)(y)], 1)
            y = getattr(self, f"c{number}")(outputs)
        return y


class Block(Cascade):
    """A cascade of one residual unit, three times the same."""

    parts = ("b1", "b1", "b1")

    def __init__(self):
        super().__init__(Residual)


class Shift(nn.Module):
    """A mean taken away or added, as a convolution of single pixels."""

    def __init__(self):
        super().__init__()
        self.shifter = nn.Conv2d(3, 3, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.shifter(x)


class Carn(Cascade, Published):
    """A cascade of cascades, and one end for each scale; one weights file holds all of the ends."""

    paper = "https://arxiv.org/abs/1803.08664"
    radius = 1 + 3 * 3 * 2 + 2

    def __init__(self, scale: int = 2):
        super().__init__(Block)
        self.scale = scale
        self.tile = {2: 352, 3: 256, 4: 192}[scale]
        self.sub_mean, self.add_mean = Shift(), Shift()
        self.entry = nn.Conv2d(3, CHANNELS, 3, padding=1)
        steps = (2, 2) if scale == 4 else (scale,)
        layers = [layer for s in steps for layer in (grouped(CHANNELS * s * s), nn.ReLU(), nn.PixelShuffle(s))]
        self.upsample = nn.ModuleDict({f"up{scale}": Body(*layers)})
        self.exit = nn.Conv2d(CHANNELS, 3, 3, padding=1)

    def take(self, weights) -> None:
        """All but the ends of other scales."""
        mine = f"upsample.up{self.scale}."
        super().take({n: v for n, v in weights.items() if not n.startswith("upsample.") or n.startswith(mine)})

    def forward(self, x: Tensor) -> Tensor:
        y = super().forward(self.entry(self.sub_mean(x)))
        return self.add_mean(self.exit(self.upsample[f"up{self.scale}"](y)))


NETWORK = Carn
