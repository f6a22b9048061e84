"""One style by a feed-forward network (Johnson et al. 2016, https://arxiv.org/abs/1603.08155), as an ncnn graph.

The network of `johnson.py` with four times its channels.
"""

from torch import Tensor

from workshop.convert.ncnn_graph import NcnnGraph
from workshop.convert.networks.johnson import Johnson
from workshop.convert.published import Published


class JohnsonNcnn(Published):
    """The graph takes and gives levels 0..255."""

    paper = Johnson.paper
    radius, most = None, 896
    multiple, least = Johnson.multiple, Johnson.least

    def take(self, graph) -> None:
        self.graph = NcnnGraph(graph, ("output1",))

    def forward(self, x: Tensor) -> Tensor:
        return self.graph(x * 255)[0] / 255


NETWORK = JohnsonNcnn
