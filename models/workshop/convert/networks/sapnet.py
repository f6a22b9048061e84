"""SAPNet: PReNet with wider and wider blocks that weigh their channels (Zheng et al. 2022, https://arxiv.org/abs/2111.08892)."""

import torch
from torch import Tensor, nn

from workshop.convert.networks.prenet import WIDTH, PreNet

SQUEEZED = 2  # channels in the middle of an attention


class SapNet(PreNet):
    """Block n has dilation 2^(n-1); its attention looks at the whole picture."""

    paper = "https://arxiv.org/abs/2111.08892"
    most = 896

    def __init__(self):
        super().__init__()
        self.radius = None

    def block(self, number: int) -> nn.Sequential:
        spread = 2 ** (number - 1)
        parts = [part for _ in range(2) for part in (wide(spread), Attention(), nn.ReLU())]
        return nn.Sequential(*parts)


class Attention(nn.Module):
    """Every channel times a weight that comes from all channels' means."""

    def __init__(self):
        super().__init__()
        down, up = nn.Conv2d(WIDTH, SQUEEZED, 1, bias=False), nn.Conv2d(SQUEEZED, WIDTH, 1, bias=False)
        self.conv_du = nn.Sequential(down, nn.ReLU(), up)
        self.conv_1_1 = nn.Conv2d(WIDTH, WIDTH, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        mean = x.mean((2, 3), keepdim=True)
        return x * torch.sigmoid(self.conv_du(mean) + self.conv_1_1(mean))


def wide(spread: int) -> nn.Conv2d:
    return nn.Conv2d(WIDTH, WIDTH, 3, padding=spread, dilation=spread)


NETWORK = SapNet
