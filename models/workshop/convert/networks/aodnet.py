"""AOD-Net: haze removed by one map K that holds transmission and airlight (Li et al. 2017, https://arxiv.org/abs/1707.06543)."""

import torch
from torch import Tensor, nn

from workshop.convert.published import Published

# (side of the kernel, channels in) of the five convolutions, each to 3 channels.
LAYERS = ((1, 3), (3, 3), (5, 6), (7, 6), (3, 12))


def recovered(k: Tensor, x: Tensor) -> Tensor:
    """The clear picture out of the map K and the hazy one, both [N,3,H,W]."""
    return torch.relu(k * x - k + 1)


class AodNet(Published):
    """Trained by its authors, by others, and again with other losses (PAD-Net): one graph."""

    paper = "https://arxiv.org/abs/1707.06543"
    radius = 0 + 1 + 2 + 3 + 1

    def __init__(self):
        super().__init__()
        for place, (side, taken) in enumerate(LAYERS, 1):
            setattr(self, f"conv{place}", nn.Conv2d(taken, 3, side, padding=side // 2))

    def take(self, weights) -> None:
        """The names are `conv1` or `e_conv1`."""
        super().take({name.removeprefix("e_"): value for name, value in weights.items()})

    def forward(self, x: Tensor) -> Tensor:
        c1 = torch.relu(self.conv1(x))
        c2 = torch.relu(self.conv2(c1))
        c3 = torch.relu(self.conv3(torch.cat([c1, c2], 1)))
        c4 = torch.relu(self.conv4(torch.cat([c2, c3], 1)))
        return recovered(torch.relu(self.conv5(torch.cat([c1, c2, c3, c4], 1))), x)


NETWORK = AodNet
