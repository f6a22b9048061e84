"""What the networks of darknet files are made of: the convolution that its files hold, and the head with anchors.

The modules of a network stand in the order of its file.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from workshop.convert.places import bounds, places
from workshop.convert.published import Published
from workshop.convert.readers.darknet import Floats
from workshop.tasks.detect import NAMES

CODED = 5 + len(NAMES)  # of an anchor: x, y, width, height, objectness, classes
EPSILON = 1e-6  # darknet's, of a batch norm
SLOPE = 0.1


class Step(nn.Module):
    """Convolution with its batch norm folded in, then a leaky rectifier or nothing: [N,C,H,W] -> [N,D,H/stride,W/stride]."""

    def __init__(self, given: int, made: int, side: int = 1, stride: int = 1, wide: int = 1, leaky: bool = True):
        """`wide`: groups."""
        super().__init__()
        self.conv = nn.Conv2d(given, made, side, stride, side // 2, groups=wide)
        self.act = nn.LeakyReLU(SLOPE) if leaky else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        return self.act(self.conv(x))

    @property
    def held(self) -> int:
        """Numbers in the file."""
        return self.conv.weight.numel() + 4 * self.conv.out_channels

    def take(self, floats: Floats) -> None:
        """The next numbers of a file."""
        beta, gamma, mean, variance = (floats.take(self.conv.out_channels).astype(np.float64) for _ in range(4))
        share = gamma / np.sqrt(np.maximum(variance, 0) + EPSILON)
        weights = floats.take(*self.conv.weight.shape) * share[:, None, None, None]
        self.conv.weight.data = torch.from_numpy(weights.astype(np.float32))
        self.conv.bias.data = torch.from_numpy((beta - mean * share).astype(np.float32))


class Head(nn.Module):
    """The last convolution of a scale and what its numbers mean: [1,C,H,W] -> boxes [A*H*W,4] in pixels, scores [A*H*W,80].

    Centre = (sigmoid + cell) x stride, side = exp x anchor, score = objectness x class, each class for itself.
    """

    def __init__(self, given: int, stride: int, anchors: tuple[tuple[int, int], ...]):
        """`anchors`: width and height of each in pixels of the network's input."""
        super().__init__()
        self.stride, self.anchors = stride, anchors
        self.conv = nn.Conv2d(given, len(anchors) * CODED, 1)

    @property
    def held(self) -> int:
        """Numbers in the file."""
        return self.conv.weight.numel() + self.conv.out_channels

    def take(self, floats: Floats) -> None:
        """The next numbers of a file."""
        self.conv.bias.data = torch.from_numpy(floats.take(self.conv.out_channels).astype(np.float32))
        self.conv.weight.data = torch.from_numpy(floats.take(*self.conv.weight.shape).astype(np.float32))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        height, width = x.shape[2:]
        coded = self.conv(x).view(len(self.anchors), CODED, height * width).transpose(1, 2)
        centre = (torch.sigmoid(coded[..., :2]) + places(height, width)) * self.stride
        side = torch.exp(coded[..., 2:4]) * torch.tensor(self.anchors, dtype=torch.float32)[:, None]
        scores = torch.sigmoid(coded[..., 4:5]) * torch.sigmoid(coded[..., 5:])
        return bounds(centre, side).flatten(0, 1), scores.flatten(0, 1)


class Darknet(Published):
    """A detector whose steps and heads are made in the order of its file."""

    kind = "boxes"
    labels = tuple(NAMES)

    def held(self) -> Iterator[Step | Head]:
        """The parts with weights, in the order of the file."""
        return (part for part in self.modules() if isinstance(part, (Step, Head)))

    def take(self, floats: Floats) -> None:
        for part in self.held():
            part.take(floats)
        floats.end()

    def count(self) -> int:
        """The numbers of the file, means and variances of the batch norms among them."""
        return sum(part.held for part in self.held())


def joined(*found: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
    """Boxes and scores of several heads, one after another."""
    boxes, scores = zip(*found, strict=True)
    return torch.cat(boxes), torch.cat(scores)
