"""PReNet and its kin: one small network run again and again on what it last gave (Ren et al. 2019, https://arxiv.org/abs/1901.09221).

The parts are also those of other derainers here: names and shapes are the files'.
"""

import re

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published
from workshop.convert.readers import Weights

WIDTH = 32  # channels
DEPTH = 5  # residual blocks
# Kernels reach 72 to 88 pixels over all iterations, but what lies beyond 56 moves no pixel by more than .04 of a level
# (measured on noise and on rain): tiles need no wider halo.
FELT = 56


class PreNet(Published):
    """Iterations of: features of [y, last answer], a memory (LSTM) over the iterations, blocks, and the change of y."""

    paper = "https://arxiv.org/abs/1901.09221"

    def __init__(self, memory: bool = True, blocks: int = DEPTH, iterations: int = 6, blocks_first: bool = False):
        """`memory`: False is PRN; `blocks`: 1 is one block run five times (the -r variants); `blocks_first`: the files made
        for real rain, where the blocks come before the memory and nothing is added to y."""
        super().__init__()
        self.iterations, self.blocks_first = iterations, blocks_first
        self.radius = min(FELT, iterations * (1 + memory + 2 * DEPTH + 1))
        self.conv0 = nn.Sequential(layer(6), nn.ReLU())
        for number in range(1, blocks + 1):
            self.add_module(f"res_conv{number}", self.block(number))
        self.chain = chain(self, "res_conv", blocks) * (DEPTH // blocks)
        self.gates = Gates(2 * WIDTH) if memory else None
        self.conv = nn.Sequential(layer(WIDTH, 3))

    def take(self, weights: Weights) -> None:
        super().take(gates_apart(weights))

    def block(self, number: int) -> nn.Sequential:
        """What residual block `number`, from 1, adds to its input."""
        return block()

    def forward(self, y: Tensor) -> Tensor:
        x, state = y, None
        for _ in range(self.iterations):
            features = self.conv0(torch.cat([y, x], 1))
            features = run(self.chain, features) if self.blocks_first else features
            if self.gates:
                state = self.gates([features], state)
                features = state[0]
            x = self.conv(features) if self.blocks_first else self.conv(run(self.chain, features)) + y
        return x


class Gates(nn.Module):
    """A convolutional LSTM: what to take in, to forget, to give; `channels` of features and of what states it looks at."""

    def __init__(self, channels: int):
        super().__init__()
        for gate in "ifgo":
            self.add_module(f"conv_{gate}", nn.Sequential(layer(channels)))

    def forward(self, seen: list[Tensor], state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor]:
        """`seen`: maps [N,*,H,W], the first of the kernels' channels; `state`: (h, c). Returns the new (h, c).

        Without a state, which stands for one of zeros, the channels of h and the gate that forgets are left out.
        """
        joined = torch.cat([*seen, state[0]], 1) if state else torch.cat(seen, 1)
        taken = torch.sigmoid(self.gate("i", joined)) * torch.tanh(self.gate("g", joined))
        cell = torch.sigmoid(self.gate("f", joined)) * state[1] + taken if state else taken
        return torch.sigmoid(self.gate("o", joined)) * torch.tanh(cell), cell

    def gate(self, name: str, joined: Tensor) -> Tensor:
        kernel = getattr(self, f"conv_{name}")[0]
        return F.conv2d(joined, kernel.weight[:, : joined.shape[1]], kernel.bias, padding=1)


def layer(taken: int, given: int = WIDTH) -> nn.Conv2d:
    """A 3x3 convolution that keeps the size."""
    return nn.Conv2d(taken, given, 3, padding=1)


def block() -> nn.Sequential:
    """What a residual block adds: a ReLU after both convolutions."""
    return nn.Sequential(layer(WIDTH), nn.ReLU(), layer(WIDTH), nn.ReLU())


def chain(network: nn.Module, stem: str, count: int, ending: str = "") -> list[nn.Module]:
    """The residual blocks of a network, by their names."""
    return [getattr(network, f"{stem}{number}{ending}") for number in range(1, count + 1)]


def run(blocks: list[nn.Module], features: Tensor) -> Tensor:
    """Each block's input added to what it gives, and a ReLU."""
    for given in blocks:
        features = torch.relu(given(features) + features)
    return features


def gates_apart(weights: Weights) -> Weights:
    """`conv_i.0.weight` -> `gates.conv_i.0.weight`, `conv_i_r.0.weight` -> `gates_r.conv_i.0.weight`; others as they are."""
    return {re.sub(r"^conv_([ifgo])(_r)?\.", r"gates\2.conv_\1.", name): value for name, value in weights.items()}


NETWORK = PreNet
