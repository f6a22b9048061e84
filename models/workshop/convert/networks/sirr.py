"""SIRR: rain taken from the detail of a picture, learned from made and real rain (Wei et al. 2019, https://arxiv.org/abs/1807.11078).

The graph that its test code runs: the detail network of Fu et al. 2017, whose norms have the statistics of the picture at hand.
"""

import re

import numpy as np
import torch
from torch import Tensor, nn

from workshop.convert.guided import smoothed
from workshop.convert.published import Published
from workshop.convert.readers import Weights

WIDTH = 16  # channels
PAIRS = 12  # of layers between the first and the last
RADIUS, SMOOTH = 15, 1.0  # of the guided filter that takes the detail off
USED = re.compile(r"conv_(\d+)/(weights|scale|beta)_\1")
PARTS = {"weights": "0.weight", "scale": "1.weight", "beta": "1.bias"}


class Sirr(Published):
    """y and what 26 layers make of its detail."""

    paper = "https://arxiv.org/abs/1807.11078"
    radius = None
    most = 1536

    def __init__(self):
        super().__init__()
        self.first, self.last = layer(3, WIDTH), layer(WIDTH, 3)
        self.pairs = nn.ModuleList(
            nn.Sequential(*layer(WIDTH, WIDTH), nn.ReLU(), *layer(WIDTH, WIDTH), nn.ReLU()) for _ in range(PAIRS)
        )

    def take(self, weights: Weights) -> None:
        """The first tower (`conv_N`; `conv_N_1` is the one for real rain) without the state of its training, and without
        the biases, which the norms take off again."""
        used = {}
        for name, value in weights.items():
            if match := USED.fullmatch(name):
                kernel = np.ascontiguousarray(value.transpose(3, 2, 0, 1)) if value.ndim == 4 else value
                used[place(int(match[1]), PARTS[match[2]])] = kernel
        super().take(used)

    def forward(self, y: Tensor) -> Tensor:
        x = torch.relu(self.first(y - smoothed(y, RADIUS, SMOOTH)))
        for pair in self.pairs:
            x = pair(x) + x
        return y + self.last(x)


def layer(taken: int, given: int) -> nn.Sequential:
    """A convolution and its norm."""
    return nn.Sequential(
        nn.Conv2d(taken, given, 3, padding=1, bias=False), nn.InstanceNorm2d(given, eps=1e-5, affine=True)
    )


def place(number: int, part: str) -> str:
    """The name here of layer `number`, from 1; `part`: within its convolution (0) and norm (1)."""
    if number == 1:
        return f"first.{part}"
    if number == 2 + 2 * PAIRS:
        return f"last.{part}"
    pair, second = divmod(number - 2, 2)
    inside, _, kind = part.partition(".")
    return f"pairs.{pair}.{int(inside) + 3 * second}.{kind}"


NETWORK = Sirr
