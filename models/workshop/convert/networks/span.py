"""SPAN: super-resolution whose attention has no weights (Wan et al. 2023, https://arxiv.org/abs/2311.12770), as an ncnn graph.

Six blocks of three 3x3 convolutions; a block's answer is weighed by how far its own sigmoid is from a half.
"""

from torch import Tensor

from workshop.convert.ncnn_graph import NcnnGraph
from workshop.convert.published import Published


class Span(Published):
    """The graph takes and gives 0..1; the mean is subtracted in it."""

    paper = "https://arxiv.org/abs/2311.12770"
    radius = 1 + 6 * 3 + 1 + 1
    tile = 384

    def __init__(self, scale: int):
        super().__init__()
        self.scale = scale

    def take(self, graph) -> None:
        self.graph = NcnnGraph(graph, ("output",))

    def forward(self, x: Tensor) -> Tensor:
        return self.graph(x)[0]


NETWORK = Span
