"""NanoDet-Plus-m (https://github.com/RangiLyu/nanodet; no paper) in its published ncnn form, at 416 pixels.

The sides of a box are distances, each told as a distribution over 0..7 strides (Li et al. 2020, https://arxiv.org/abs/2006.04388).
"""

import torch
from torch import Tensor

from workshop.convert.ncnn_graph import NcnnGraph
from workshop.convert.places import places
from workshop.convert.published import Published
from workshop.convert.readers.ncnn import Graph
from workshop.tasks.detect import NAMES

STRIDES = (8, 16, 32, 64)
STEPS = 8  # of a distribution
MEAN, DEVIATION = (103.53, 116.28, 123.675), (57.375, 57.12, 58.395)  # BGR, levels


class NanoDet(Published):
    """RGB [1,3,416,416] in 0..1 -> 3598 boxes and scores."""

    kind = "boxes"
    paper = "https://github.com/RangiLyu/nanodet"
    side, fit, multiple = 416, "stretch", 1
    labels = tuple(NAMES)

    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1) / 255)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1) / 255)

    def take(self, graph: Graph) -> None:
        self.graph = NcnnGraph(graph, ("output",))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        rows = self.graph((x.flip(1) - self.mean) / self.deviation)[0][0]
        cells = [-(-self.side // stride) for stride in STRIDES]
        stride = torch.cat([torch.full((n * n, 1), float(s)) for n, s in zip(cells, STRIDES, strict=True)])
        centre = torch.cat([places(n, n) for n in cells]) * stride
        shares = torch.softmax(rows[:, len(NAMES) :].unflatten(1, (4, STEPS)), 2)
        away = (shares * torch.arange(float(STEPS))).sum(2) * stride  # to the left, top, right and bottom
        return torch.cat([centre - away[:, :2], centre + away[:, 2:]], 1), rows[:, : len(NAMES)]


NETWORK = NanoDet
