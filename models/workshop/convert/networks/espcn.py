"""ESPCN: three convolutions and a shuffle (Shi et al. 2016, https://arxiv.org/abs/1609.05158)."""

import torch
from torch import Tensor, nn

from workshop.convert.luma import Luma
from workshop.convert.published import fill


class Espcn(Luma):
    """ReLU after each convolution but the last, tanh at the end."""

    paper = "https://arxiv.org/abs/1609.05158"
    radius = 2 + 1 + 1

    def __init__(self, scale: int = 2):
        super().__init__(scale)
        self.f1 = nn.Conv2d(1, 64, 5, padding=2)
        self.f2 = nn.Conv2d(64, 32, 3, padding=1)
        self.f3 = nn.Conv2d(32, scale * scale, 3, padding=1)

    def take(self, weights) -> None:
        """Kernels f1.. and biases b1..."""
        kernels = {n: v for n, v in weights.items() if v.ndim == 4}
        biases = {n: v for n, v in weights.items() if v.ndim != 4}
        given = {f"{n}.weight": torch.from_numpy(v.transpose(3, 2, 0, 1).copy()) for n, v in kernels.items()}
        fill(self, given | {f"{n.replace('b', 'f', 1)}.bias": torch.from_numpy(v) for n, v in biases.items()})

    def phases(self, luma: Tensor) -> Tensor:
        return torch.tanh(self.f3(torch.relu(self.f2(torch.relu(self.f1(luma))))))


NETWORK = Espcn
