"""Yolo-FastestV2 (https://github.com/dog-qiuqiu/Yolo-FastestV2; no paper) in its published ncnn form, at 352 pixels."""

import torch
from torch import Tensor

from workshop.convert.ncnn_graph import NcnnGraph
from workshop.convert.places import bounds, places
from workshop.convert.published import Published
from workshop.convert.readers.ncnn import Graph
from workshop.tasks.detect import NAMES

# Of each output of the graph: stride, and width and height of its anchors in pixels.
HEADS = {
    "794": (16, ((12.64, 19.39), (37.88, 51.48), (55.71, 138.31))),
    "796": (32, ((126.91, 78.23), (131.57, 214.55), (279.92, 258.87))),
}
ANCHORS = 3


class YoloFastestV2(Published):
    """RGB [1,3,352,352] in 0..1 -> 1815 boxes and scores; the anchors of a cell share its classes. BGR inside."""

    kind = "boxes"
    paper = "https://github.com/dog-qiuqiu/Yolo-FastestV2"
    side, fit, multiple = 352, "stretch", 1
    labels = tuple(NAMES)

    def take(self, graph: Graph) -> None:
        self.graph = NcnnGraph(graph, tuple(HEADS))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        boxes, scores = [], []
        for rows, (stride, anchors) in zip(self.graph(x.flip(1)), HEADS.values(), strict=True):
            found = decode(rows[0], stride, torch.tensor(anchors))
            boxes.append(found[0])
            scores.append(found[1])
        return torch.cat(boxes), torch.cat(scores)


def decode(rows: Tensor, stride: int, anchors: Tensor) -> tuple[Tensor, Tensor]:
    """One output [H,W,95] of boxes, objectness of each anchor and classes -> boxes [H*W*3,4], scores [H*W*3,80]."""
    height, width, _ = rows.shape
    coded, sure, classes = rows.flatten(0, 1).split((4 * ANCHORS, ANCHORS, len(NAMES)), 1)
    coded = coded.unflatten(1, (ANCHORS, 4))
    centre = (2 * coded[..., :2] - 0.5 + places(height, width)[:, None]) * stride
    scores = sure[..., None] * classes[:, None]
    return bounds(centre, (2 * coded[..., 2:]) ** 2 * anchors).flatten(0, 1), scores.flatten(0, 1)


NETWORK = YoloFastestV2
