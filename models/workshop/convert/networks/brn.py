"""BRN: two recurrent networks side by side, one for the streaks, one for what is behind them (Ren et al. 2020).

https://ieeexplore.ieee.org/document/9096546
"""

import numpy as np
import torch
from torch import Tensor, nn

from workshop.convert.networks.prenet import DEPTH, FELT, WIDTH, Gates, block, chain, gates_apart, layer, run
from workshop.convert.published import Published
from workshop.convert.readers import Weights

ITERATIONS = 4
STREAK_DEPTH = 3  # residual blocks of the streaks' network
UNUSED = ("res_conv4_r.", "res_conv5_r.")  # in the file, and run by nobody


class Brn(Published):
    """Streaks r of [y, r]; the picture x of [y, x, r]; each memory also sees the other's state."""

    paper = "https://ieeexplore.ieee.org/document/9096546"
    radius = FELT
    tile = 512  # two memories take twice the room

    def __init__(self):
        super().__init__()
        self.conv0, self.conv0_r = (nn.Sequential(layer(taken), nn.ReLU()) for taken in (9, 6))
        for number in range(1, DEPTH + 1):
            self.add_module(f"res_conv{number}", block())
        for number in range(1, STREAK_DEPTH + 1):
            self.add_module(f"res_conv{number}_r", block())
        self.gates, self.gates_r = Gates(3 * WIDTH), Gates(3 * WIDTH)
        self.conv, self.conv_r = nn.Sequential(layer(WIDTH, 3)), nn.Sequential(layer(WIDTH, 3))
        self.chain, self.chain_r = chain(self, "res_conv", DEPTH), chain(self, "res_conv", STREAK_DEPTH, "_r")

    def take(self, weights: Weights) -> None:
        used = {name: value for name, value in weights.items() if not name.startswith(UNUSED)}
        super().take({name: own_last(name, value) for name, value in gates_apart(used).items()})

    def forward(self, y: Tensor) -> Tensor:
        x, r, state, state_r = y, y, None, None
        for _ in range(ITERATIONS):
            seen = [self.conv0_r(torch.cat([y, r], 1))] + ([state[0]] if state else [])
            state_r = self.gates_r(seen, state_r)
            r = self.conv_r(run(self.chain_r, state_r[0]))
            state = self.gates([self.conv0(torch.cat([y, x, r], 1)), state_r[0]], state)
            x = self.conv(run(self.chain, state[0]))
        return x


def own_last(name: str, value: np.ndarray) -> np.ndarray:
    """A gate's kernels, whose channels are features, own state, the other's: with the own state last, as `Gates` has it."""
    if name.startswith("gates") and name.endswith("weight") and value.ndim == 4:
        features, own, other = value[:, :WIDTH], value[:, WIDTH : 2 * WIDTH], value[:, 2 * WIDTH :]
        return np.concatenate([features, other, own], 1)
    return value


NETWORK = Brn
