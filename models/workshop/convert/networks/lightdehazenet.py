"""Light-DehazeNet: AOD-Net's map K by more and wider layers (Ullah et al. 2021, https://doi.org/10.1109/TIP.2021.3116790)."""

import torch
from torch import Tensor, nn

from workshop.convert.networks.aodnet import recovered
from workshop.convert.published import Published

# A layer: (side of the kernel, channels in and out, the layers whose results it reads; 0 is the picture).
FULL = (
    (1, 3, 8, (0,)),
    (3, 8, 8, (1,)),
    (5, 8, 8, (2,)),
    (7, 16, 16, (1, 3)),
    (3, 16, 16, (4,)),
    (3, 16, 16, (5,)),
    (3, 32, 32, (4, 6)),
    (3, 56, 3, (2, 5, 7)),
)
LITE = (
    (1, 3, 4, (0,)),
    (3, 4, 4, (1,)),
    (5, 4, 4, (2,)),
    (3, 8, 8, (1, 3)),
    (3, 8, 4, (4,)),
    (3, 8, 3, (2, 5)),
)


class LightDehazeNet(Published):
    """`lite`: the smaller network that was published beside the paper's."""

    paper = "https://doi.org/10.1109/TIP.2021.3116790"

    def __init__(self, lite: bool = False):
        super().__init__()
        self.layers = LITE if lite else FULL
        self.radius = sum(side // 2 for side, *_ in self.layers)
        for place, (side, taken, given, _) in enumerate(self.layers, 1):
            setattr(self, f"conv{place}", nn.Conv2d(taken, given, side, padding=side // 2))

    def take(self, weights) -> None:
        """The names are `e_conv1` or `e_conv_layer1`."""
        super().take({name.replace("e_conv_layer", "e_conv").removeprefix("e_"): v for name, v in weights.items()})

    def forward(self, x: Tensor) -> Tensor:
        results = [x]
        for place, (*_, reads) in enumerate(self.layers, 1):
            layer = getattr(self, f"conv{place}")
            results.append(torch.relu(layer(torch.cat([results[read] for read in reads], 1))))
        return recovered(results[-1], x)


NETWORK = LightDehazeNet
