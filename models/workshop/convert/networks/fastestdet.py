"""FastestDet (https://github.com/dog-qiuqiu/FastestDet; no paper) in its published ONNX form, at 352 pixels."""

import torch
from torch import Tensor

from workshop.convert.around import Around
from workshop.convert.places import bounds, places
from workshop.tasks.detect import NAMES

CELLS = 22  # across and down, each of 16 pixels


class FastestDet(Around):
    """One row a cell: objectness, coded box, classes that share 1. BGR, 0..1."""

    paper = "https://github.com/dog-qiuqiu/FastestDet"
    side, fit, multiple = 352, "stretch", 1
    labels = tuple(NAMES)
    taken, given = (1, 3, 352, 352), (1, 85, CELLS, CELLS)

    def before(self, levels: Tensor) -> Tensor:
        return levels.flip(1) / 255

    def behind(self, given: Tensor) -> tuple[Tensor, Tensor]:
        rows = given[0].flatten(1).T
        centre = (torch.tanh(rows[:, 1:3]) + places(CELLS, CELLS)) / CELLS
        boxes = bounds(centre, torch.sigmoid(rows[:, 3:5])) * self.side
        return boxes, rows[:, :1] ** 0.6 * rows[:, 5:] ** 0.4


NETWORK = FastestDet
