"""AOD-Net with positional normalisation: what a pixel's channels have in common is taken off early and put back late (Li et
al. 2019, https://arxiv.org/abs/1907.04312)."""

import torch
from torch import Tensor

from workshop.convert.networks.aodnet import AodNet, recovered


def normalised(c: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """(values without their mean and spread over the channels, mean, spread) at every pixel: [N,3,H,W], twice [N,1,H,W]."""
    mean = c.mean(1, keepdim=True)
    away = c - mean
    spread = torch.sqrt((away * away).sum(1, keepdim=True) / (c.shape[1] - 1) + 1e-5)
    return away / spread, mean, spread


class AodNetPono(AodNet):
    """AOD-Net's layers, the second half of them on normalised values."""

    paper = "https://arxiv.org/abs/1907.04312"

    def forward(self, x: Tensor) -> Tensor:
        c1 = torch.relu(self.conv1(x))
        c2 = torch.relu(self.conv2(c1))
        c3 = torch.relu(self.conv3(torch.cat([c1, c2], 1)))
        (c1, mean1, spread1), (c2, mean2, spread2) = normalised(c1), normalised(c2)
        c4 = torch.relu(self.conv4(torch.cat([c2, c3], 1)))
        joined = torch.cat([c1, c2, c3 * spread1 + mean1, c4 * spread2 + mean2], 1)
        return recovered(torch.relu(self.conv5(joined)), x)


NETWORK = AodNetPono
