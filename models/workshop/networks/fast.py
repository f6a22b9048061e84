"""Fast super-resolution: a few plain convolutions and a direct tail (ESPCN, Shi et al. 2016, https://arxiv.org/abs/1609.05158).

16 channels, as anchor-based plain networks for phones have them (Du et al. 2021, https://arxiv.org/abs/2105.09750):
the network adds to its own input repeated, which costs a copy instead of an interpolation.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.networks.edsr import MEAN, shuffle


class Fast(nn.Module):
    """Picture [N,3,H,W] in 0..1 -> picture [N,3,scale*H,scale*W]."""

    paper = "https://arxiv.org/abs/1609.05158"
    knobs = ()
    multiple = 1
    # At this size what stays float would cost more than all else: no part of it, and not the last sum either.
    in_float, ends, bytes_out = (), (), True

    def __init__(self, scale: int = 3, channels: int = 16, depth: int = 4):
        super().__init__()
        self.scale = scale
        self.head = nn.Conv2d(3, channels, 3, padding=1)
        self.middle = nn.ModuleList(nn.Conv2d(channels, channels, 3, padding=1) for _ in range(depth))
        self.tail = nn.Conv2d(channels, 3 * scale * scale, 3, padding=1)
        copies = torch.eye(3).repeat(scale * scale, 1).reshape(3 * scale * scale, 3, 1, 1)
        self.register_buffer("copies", copies, persistent=False)
        with torch.no_grad():
            for layer in self.middle:  # each begins by handing on what it was given
                nn.init.dirac_(layer.weight[: channels // 2])
            self.tail.weight.mul_(0.1)
            self.tail.bias.zero_()

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels."""
        return 2 + len(self.middle)

    def features(self, x: Tensor, denoise: Tensor | None = None) -> Tensor:
        """The residual before the shuffle: [N,3,H,W] -> [N,scale^2*3,H,W]; there is no `denoise` here."""
        head = torch.relu(self.head(x - MEAN))
        body = head
        for layer in self.middle:
            body = torch.relu(layer(body))
        return self.tail(body + head)

    def base(self, x: Tensor) -> Tensor:
        """Each input pixel repeated: [N,3,H,W] -> [N,scale^2*3,H,W]."""
        return F.conv2d(x, self.copies)

    def forward(self, x: Tensor) -> Tensor:
        return shuffle(self.features(x) + self.base(x), self.scale)

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W], as served."""
        return self(levels / 255)
