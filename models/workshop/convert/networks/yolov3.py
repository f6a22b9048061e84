"""YOLOv3 (Redmon and Farhadi 2018, https://arxiv.org/abs/1804.02767): Darknet-53 and three heads, of strides 32, 16 and 8."""

import torch
from torch import Tensor, nn

from workshop.convert.darknet_graph import Darknet, Head, Step, joined
from workshop.networks.detector import twice

BLOCKS = (1, 2, 8, 8, 4)  # at strides 2, 4, 8, 16, 32; a stage ends with 2, 4, ... times the channels of the first step
ANCHORS = ((10, 13), (16, 30), (33, 23), (30, 61), (62, 45), (59, 119), (116, 90), (156, 198), (373, 326))


class Block(nn.Module):
    """Narrow to a half, look around, add the input: [N,C,H,W] -> the same."""

    def __init__(self, channels: int):
        super().__init__()
        self.steps = nn.Sequential(Step(channels, channels // 2), Step(channels // 2, channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.steps(x)


def stage(channels: int, blocks: int) -> nn.Sequential:
    """Half the size, twice the channels, then blocks: [N,C,H,W] -> [N,2C,H/2,W/2]."""
    return nn.Sequential(Step(channels, 2 * channels, 3, 2), *(Block(2 * channels) for _ in range(blocks)))


class Scale(nn.Module):
    """One scale: five steps to `channels`, and a head on one more; -> (what the next scale takes, boxes and scores)."""

    def __init__(self, given: int, channels: int, stride: int, anchors: tuple):
        super().__init__()
        wide = 2 * channels
        steps = [Step(given, channels), Step(channels, wide, 3), Step(wide, channels), Step(channels, wide, 3)]
        self.steps = nn.Sequential(*steps, Step(wide, channels))
        self.head = nn.Sequential(Step(channels, wide, 3), Head(wide, stride, anchors))

    def forward(self, x: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        x = self.steps(x)
        return x, self.head(x)


class Yolov3(Darknet):
    """RGB [1,3,side,side] in 0..1 -> boxes and scores, three a cell."""

    paper = "https://arxiv.org/abs/1804.02767"
    fit = "letterbox"

    def __init__(self, side: int = 416, width: int = 32):
        """`side`: of the picture, a multiple of 32; `width`: channels of the first step, 32 in the paper."""
        super().__init__()
        self.side = self.multiple = side
        w = width
        self.first = Step(3, w, 3)
        self.stages = nn.ModuleList(stage(w << i, blocks) for i, blocks in enumerate(BLOCKS))
        self.large = Scale(32 * w, 16 * w, 32, ANCHORS[6:])
        self.to_middle = Step(16 * w, 8 * w)
        self.middle = Scale(8 * w + 16 * w, 8 * w, 16, ANCHORS[3:6])
        self.to_small = Step(8 * w, 4 * w)
        self.small = Scale(4 * w + 8 * w, 4 * w, 8, ANCHORS[:3])

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        x = self.first(x)
        seen = []
        for part in self.stages:
            x = part(x)
            seen.append(x)
        x, large = self.large(x)
        x, middle = self.middle(torch.cat([twice(self.to_middle(x)), seen[3]], 1))
        _, small = self.small(torch.cat([twice(self.to_small(x)), seen[2]], 1))
        return joined(large, middle, small)


NETWORK = Yolov3
