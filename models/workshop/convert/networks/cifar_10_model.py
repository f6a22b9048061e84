"""The classifier of PyPI's cifar-10-model: six convolutions and three layers in the manner of VGG
(Simonyan and Zisserman 2014, https://arxiv.org/abs/1409.1556)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published, fill
from workshop.tasks.classify import NAMES

CONVOLUTIONS = ((3, 64), (64, 64), (64, 128), (128, 128), (128, 64), (64, 64))  # channels in and out
POOLED = (1, 3)  # the convolutions after which the sides are halved
LAYERS = ((64, 1024), (1024, 512), (512, len(NAMES)))
NAMED = {
    "kernel": "weight",
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


class Cifar10Model(Published):
    """RGB [N,3,32,32] in 0..1 -> scores [N,10]; levels 0..255 inside, no padding, and a ReLU on the logits too."""

    kind = "labels"
    paper = "https://arxiv.org/abs/1409.1556"
    side, fit = 32, "stretch"
    labels = NAMES

    def __init__(self):
        super().__init__()
        self.conv2d = nn.ModuleList(nn.Conv2d(taken, given, 3) for taken, given in CONVOLUTIONS)
        self.batch_normalization = nn.ModuleList(nn.BatchNorm2d(given, eps=1e-3) for _, given in CONVOLUTIONS)
        self.dense = nn.ModuleList(nn.Linear(taken, given) for taken, given in LAYERS)

    def take(self, weights) -> None:
        """Keras numbers layers of a kind from the second on: `conv2d/kernel`, `conv2d_1/kernel`."""
        given = {}
        for name, value in weights.items():
            layer, _, own = name.partition("/")
            kind, _, number = layer.rpartition("_")
            kind, number = (kind, number) if number.isdigit() else (layer, "0")
            turned = value.transpose(3, 2, 0, 1) if value.ndim == 4 else value.T
            given[f"{kind}.{number}.{NAMED.get(own, own)}"] = torch.from_numpy(turned.copy())
        fill(self, given)

    def forward(self, x: Tensor) -> Tensor:
        x = x * 255
        for at, (layer, norm) in enumerate(zip(self.conv2d, self.batch_normalization, strict=True)):
            x = norm(torch.relu(layer(x)))
            x = F.max_pool2d(x, 2) if at in POOLED else x
        x = x.flatten(1)
        for layer in self.dense:
            x = torch.relu(layer(x))
        return torch.softmax(x, 1)


NETWORK = Cifar10Model
