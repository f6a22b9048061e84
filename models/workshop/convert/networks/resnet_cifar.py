"""ResNet for CIFAR-10 (He et al. 2016, https://arxiv.org/abs/1512.03385, 4.2), its shortcuts without weights (option A)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published
from workshop.tasks.classify import NAMES

WIDTHS = (16, 32, 64)
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)  # ImageNet's: its publisher's choice


class Block(nn.Module):
    """Two 3x3 convolutions added to the input, which is thinned to every other pixel and given empty channels on both
    sides where size and width change: [N,C,H,W] -> [N,D,H/stride,W/stride]."""

    def __init__(self, given: int, made: int):
        super().__init__()
        self.stride, self.more = made // given, (made - given) // 2
        self.conv1 = nn.Conv2d(given, made, 3, self.stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(made)
        self.conv2 = nn.Conv2d(made, made, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(made)

    def forward(self, x: Tensor) -> Tensor:
        added = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        if self.stride > 1:
            x = F.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.more, self.more))
        return torch.relu(x + added)


class ResNetCifar(Published):
    """RGB [N,3,32,32] in 0..1 -> scores [N,10]."""

    kind = "labels"
    paper = "https://arxiv.org/abs/1512.03385"
    side, fit = 32, "stretch"
    labels = NAMES

    def __init__(self, blocks: int = 3):
        """`blocks` a stage: 3 in ResNet-20, 5 in ResNet-32."""
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTHS[0], 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTHS[0])
        before = (WIDTHS[0], *WIDTHS[:2])
        for i, (given, made) in enumerate(zip(before, WIDTHS, strict=True), 1):
            stage = [Block(given, made), *(Block(made, made) for _ in range(blocks - 1))]
            self.add_module(f"layer{i}", nn.Sequential(*stage))
        self.linear = nn.Linear(WIDTHS[-1], len(NAMES))
        self.register_buffer("mean", torch.tensor(MEAN).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("deviation", torch.tensor(DEVIATION).view(1, 3, 1, 1), persistent=False)

    def logits(self, x: Tensor) -> Tensor:
        """The classes before they share 1: [N,10]."""
        x = torch.relu(self.bn1(self.conv1((x - self.mean) / self.deviation)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.linear(x.mean((2, 3)))

    def forward(self, x: Tensor) -> Tensor:
        return torch.softmax(self.logits(x), 1)


NETWORK = ResNetCifar
