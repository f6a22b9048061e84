"""A one-stage detector without anchors: one row of answers a cell of the grids of strides 8, 16 and 32.

The grid and the decoding are those of YOLOX (Ge et al. 2021, https://arxiv.org/abs/2107.08430), so that it can be taught
row by row by one; the network is our own and made for eight bits: 3x3 convolutions, batch norm (folded when it is
exported), Relu and Add. The picture enters folded by 4 (48 channels at a quarter of the size), which makes the costly
first layers cheap.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.boxes import Box, boxes_of

STRIDES = (8, 16, 32)
CLASSES = 80
GREY = 114 / 255  # the letterbox's grey becomes 0, as the padding of the convolutions is
WIDTHS = (32, 64, 128, 128, 64)  # of the teacher's features at strides 4, 8, 16, 32, and of those in its neck
LARGEST = 6.0  # of the logarithm of a side in strides: e^6 x 8 pixels are more than any picture has


class Step(nn.Module):
    """Convolution, batch norm, Relu (or none): [N,C,H,W] -> [N,D,H/stride,W/stride]."""

    def __init__(self, given: int, made: int, size: int = 3, stride: int = 1, wide: int = 1, relu: bool = True):
        super().__init__()
        self.conv = nn.Conv2d(given, made, size, stride, size // 2 * wide, dilation=wide, bias=False)
        self.norm = nn.BatchNorm2d(made, momentum=0.03)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        return torch.relu(x) if self.relu else x


class Block(nn.Module):
    """Two steps added to the input, then Relu (He et al. 2016, https://arxiv.org/abs/1512.03385): [N,C,H,W] -> the same.

    `wide`: dilation of the second one.
    """

    def __init__(self, channels: int, wide: int = 1):
        super().__init__()
        self.first = Step(channels, channels)
        self.second = Step(channels, channels, wide=wide, relu=False)
        nn.init.constant_(self.second.norm.weight, 0.3)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x + self.second(self.first(x)))


class Join(nn.Module):
    """Two features of one size, each through its own step, added; then a step without Relu: -> [N,D,H,W]."""

    def __init__(self, given: tuple[Step, Step], made: int):
        super().__init__()
        self.left, self.right = given
        self.last = Step(made, made, relu=False)

    def forward(self, left: Tensor, right: Tensor) -> Tensor:
        return self.last(torch.relu(self.left(left) + self.right(right)))


class Detector(nn.Module):
    """Levels [N,3,H,W] 0..255, H and W multiples of 32 -> rows [N,R,85] of x, y, w, h, objectness, 80 classes, undecoded.

    It is cut into parts (`parts`) whose outputs have the widths that the teacher's have at the same places: each part can
    first be taught alone, from the teacher's features to the teacher's next ones.
    """

    paper = "https://arxiv.org/abs/2107.08430"
    knobs = ()
    scale = 1
    multiple = 32
    radius = 0  # never tiled: the whole picture is fitted to the network's size
    in_float = ("tail",)  # coordinates and scores; they cost little

    def __init__(self, size: int = 416, widths=(32, 48, 96, 112), heads=(64, 96, 96)):
        super().__init__()
        self.size = size  # a picture's longer side, as served
        a, b, c, d = widths
        n4, n8, n16, n32, n = WIDTHS
        self.stem = nn.Sequential(Step(48, a), Step(a, n4, relu=False))
        self.stage8 = nn.Sequential(Step(n4, b, stride=2), Block(b), Step(b, n8, relu=False))
        self.stage16 = nn.Sequential(Step(n8, c, stride=2), Block(c), Step(c, n16, 1, relu=False))
        self.stage32 = nn.Sequential(Step(n16, d, stride=2), Block(d, 2), Block(d, 2), Step(d, n32, 1, relu=False))
        self.middle = Join((Step(n16, n, 1, relu=False), Step(n32, n, 1, relu=False)), n)
        self.fine = Join((Step(n8, n, 1, relu=False), Step(n, n, 1, relu=False)), n)
        self.out16 = Join((Step(n, n, 1, relu=False), Step(n, n, stride=2, relu=False)), n)
        self.out32 = Join((Step(n32, n, 1, relu=False), Step(n, n, stride=2, relu=False)), n)
        self.head = nn.ModuleList(Step(n, m) for m in heads)
        self.tail = nn.ModuleList(nn.Conv2d(m, 5 + CLASSES, 1) for m in heads)
        for tail in self.tail:
            nn.init.normal_(tail.weight, std=0.01)
            nn.init.constant_(tail.bias, -4.5)  # hardly anything is there at first
            nn.init.constant_(tail.bias[:2], 0.5)
            nn.init.constant_(tail.bias[2:4], 1.2)

    def parts(self, levels: Tensor, told: list[Tensor] | None = None) -> tuple[list[Tensor], list[Tensor]]:
        """What the three heads read, and the parts' outputs before their Relu in the order of `teachers.PLACES`.

        `told`: the teacher's features at these places; each part then goes on from them instead of from its own.
        """
        given: list[Tensor] = []

        def passed(x: Tensor) -> Tensor:
            given.append(x)
            return torch.relu(x if told is None else told[len(given) - 1])

        quarter = F.pixel_unshuffle(levels / 255 - GREY, 4)
        x4 = passed(self.stem(quarter.contiguous(memory_format=torch.channels_last)))
        x8 = passed(self.stage8(x4))
        x16 = passed(self.stage16(x8))
        x32 = passed(self.stage32(x16))
        middle = passed(self.middle(x16, twice(x32)))
        fine = passed(self.fine(x8, twice(middle)))
        out16 = passed(self.out16(middle, fine))
        out32 = passed(self.out32(x32, out16))
        return [fine, out16, out32], given

    def rows(self, read: list[Tensor]) -> Tensor:
        """The rows out of what the heads read."""
        maps = [tail(head(x)) for tail, head, x in zip(self.tail, self.head, read, strict=True)]
        return torch.cat([m.flatten(2) for m in maps], 2).transpose(1, 2)

    def forward(self, levels: Tensor) -> Tensor:
        return self.rows(self.parts(levels)[0])

    def answer(self, levels: Tensor, context: Tensor | None, knobs: dict) -> list[Box]:
        """One picture of levels [1,3,H,W] of any size -> its boxes, as served."""
        picture = levels[0].byte().permute(1, 2, 0).numpy()

        def answer(fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            planes = torch.from_numpy(fitted).permute(2, 0, 1)[None].float()
            boxes, scores = decode(self(planes)[0].float(), *planes.shape[2:])
            return boxes.numpy(), scores.numpy()

        return boxes_of(picture, answer, self.size, knobs)


def twice(x: Tensor) -> Tensor:
    """Each value four times: [N,C,H,W] -> [N,C,2H,2W]."""
    return F.interpolate(x, scale_factor=2, mode="nearest")


def grid(height: int, width: int) -> Tensor:
    """The rows' cells of a picture of that size, stride by stride, row by row: [R,3] of column, row, stride."""
    parts = []
    for stride in STRIDES:
        rows, columns = torch.arange(height // stride), torch.arange(width // stride)
        y = rows[:, None].expand(-1, width // stride).reshape(-1)
        x = columns[None].expand(height // stride, -1).reshape(-1)
        parts.append(torch.stack([x, y, torch.full_like(x, stride)], 1))
    return torch.cat(parts).float()


def corners(coded: Tensor, cells: Tensor) -> Tensor:
    """Coded boxes [...,R,4] and their cells [R,3] (or [...,R,3]) -> x1 y1 x2 y2 in pixels."""
    stride = cells[..., 2:]
    centre = (coded[..., :2] + cells[..., :2]) * stride
    half = torch.exp(coded[..., 2:4].clamp(max=LARGEST)) * stride / 2
    return torch.cat([centre - half, centre + half], -1)


def coded(boxes: Tensor, cells: Tensor) -> Tensor:
    """The inverse of `corners`; sides below a pixel count as one."""
    stride = cells[..., 2:]
    centre = (boxes[..., :2] + boxes[..., 2:]) / 2 / stride - cells[..., :2]
    side = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1.0) / stride
    return torch.cat([centre, side.log()], -1)


def decode(rows: Tensor, height: int, width: int) -> tuple[Tensor, Tensor]:
    """Rows [R,85] of a picture of that size -> boxes [R,4] in its pixels, scores [R,80] = objectness x class."""
    scores = torch.sigmoid(rows[:, 4:5]) * torch.sigmoid(rows[:, 5:])
    return corners(rows[:, :4], grid(height, width).to(rows.device)), scores
