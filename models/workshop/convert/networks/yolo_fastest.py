"""YOLO-Fastest 1.1 (https://doi.org/10.5281/zenodo.5131532): the heads of YOLOv3 on a very thin network.

Each part widens by a 1x1 convolution, looks around channel by channel, and narrows again; two heads, of strides 32 and 16.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.darknet_graph import Darknet, Head, Step, joined
from workshop.networks.detector import twice

# A part that changes width or size, then parts with their input added: (wide, out, stride), (wide, how many).
FINE = (
    ((8, 4, 1), (8, 1)),
    ((24, 8, 2), (32, 2)),
    ((32, 8, 2), (48, 2)),
    ((48, 16, 1), (96, 4)),
    ((96, 24, 2), (136, 4)),
)
COARSE = (((136, 48, 2), (224, 5)),)
POOLS = (9, 5, 3)  # sides
ANCHORS = ((12, 18), (37, 49), (52, 132), (115, 73), (119, 199), (242, 238))


class Part(nn.Sequential):
    """Widen, look around, narrow; `added`: to the input."""

    def __init__(self, given: int, wide: int, made: int, stride: int = 1, added: bool = False):
        around = Step(wide, wide, 3, stride, wide)
        super().__init__(Step(given, wide), around, Step(wide, made, leaky=False))
        self.added = added

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) + x if self.added else super().forward(x)


def parts(given: int, table: tuple) -> nn.Sequential:
    """The parts of a table, the first of them with `given` channels in."""
    made = []
    for (wide, out, stride), (wider, count) in table:
        made += [Part(given, wide, out, stride), *(Part(out, wider, out, added=True) for _ in range(count))]
        given = out
    return nn.Sequential(*made)


def last(channels: int, stride: int, anchors: tuple) -> nn.Sequential:
    """Twice a 5x5 convolution channel by channel and a 1x1, then the head."""
    around = [Step(channels, channels, 5, 1, channels), Step(channels, channels, leaky=False)]
    again = [Step(channels, channels, 5, 1, channels), Step(channels, channels, leaky=False)]
    return nn.Sequential(*around, *again, Head(channels, stride, anchors))


class YoloFastest(Darknet):
    """RGB [1,3,320,320] in 0..1 -> 1500 boxes and scores."""

    paper = "https://doi.org/10.5281/zenodo.5131532"
    side, fit, multiple = 320, "stretch", 1

    def __init__(self):
        super().__init__()
        self.first = Step(3, 8, 3, 2)
        self.fine = parts(8, FINE)
        self.coarse = parts(24, COARSE)
        self.pooled = Step(4 * 48, 96)
        self.large = last(96, 32, ANCHORS[3:])
        self.small = last(96 + 24, 16, ANCHORS[:3])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        fine = self.fine(self.first(x))
        coarse = self.coarse(fine)
        pools = [F.max_pool2d(coarse, side, 1, side // 2) for side in POOLS]
        coarse = self.pooled(torch.cat([*pools, coarse], 1))
        both = torch.cat([twice(coarse), fine], 1)
        return joined(self.large(coarse), self.small(both))


NETWORK = YoloFastest
