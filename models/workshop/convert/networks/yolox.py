"""YOLOX-nano (Ge et al. 2021, https://arxiv.org/abs/2107.08430) in its published ONNX form, at 416 pixels."""

from torch import Tensor

from workshop.convert.around import Around
from workshop.networks.detector import corners, grid
from workshop.tasks.detect import NAMES


class Yolox(Around):
    """3549 rows of coded box, objectness and classes; the graph has the sigmoids, not the decoding. BGR, levels."""

    paper = "https://arxiv.org/abs/2107.08430"
    side, fit, multiple = 416, "letterbox", 416
    labels = tuple(NAMES)
    taken, given = (1, 3, 416, 416), (1, 3549, 85)

    def before(self, levels: Tensor) -> Tensor:
        return levels.flip(1)

    def behind(self, given: Tensor) -> tuple[Tensor, Tensor]:
        rows = given[0]
        return corners(rows[:, :4], grid(self.side, self.side)), rows[:, 4:5] * rows[:, 5:]


NETWORK = Yolox
