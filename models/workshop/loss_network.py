"""The loss network: a VGG-19 of a quarter of the channels (Wang et al. 2020, https://arxiv.org/abs/2003.08436), to relu 4_1.

Its file, `loss/vgg19-16x-e4.pth` of the folder of published weights, is read only to train and to measure; nothing of it
is served.
"""

import io

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.mirror import published

FILE = "loss/vgg19-16x-e4.pth"
SHA256 = "d2f059cbcd6669556a43aadef58d20c8b280462c18b60a9e7424a14dd271cd6b"
GROUPS = (
    ("conv11", "conv12"),
    ("conv21", "conv22"),
    ("conv31", "conv32", "conv33", "conv34"),
    ("conv41",),
)
STYLE = ("conv11", "conv21", "conv31", "conv41")  # what a style is measured on
CONTENT = ("conv31", "conv41")


def read() -> dict[str, Tensor]:
    """The file's tensors by name."""
    return torch.load(io.BytesIO(published(FILE, SHA256)), map_location="cpu", weights_only=True)["model"]


class LossNetwork(nn.Module):
    """Picture [N,3,H,W] in 0..1 -> the features after the Relu of the layers asked for, {name: [N,C,h,w]}."""

    def __init__(self, weights: dict[str, Tensor]):
        super().__init__()
        for name in ("conv0", *(n for group in GROUPS for n in group)):
            kernel = weights[f"{name}.weight"]
            layer = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2])
            layer.load_state_dict({"weight": kernel, "bias": weights[f"{name}.bias"]})
            self.add_module(name, layer)
        self.requires_grad_(False).eval().to(memory_format=torch.channels_last)

    def forward(self, picture: Tensor, asked: tuple[str, ...] = STYLE) -> dict[str, Tensor]:
        given = {}
        x = self.conv0(picture)
        for at, group in enumerate(GROUPS):
            x = F.max_pool2d(x, 2) if at else x
            for name in group:
                x = torch.relu(getattr(self, name)(F.pad(x, (1, 1, 1, 1), mode="reflect")))
                if name in asked:
                    given[name] = x
                if len(given) == len(asked):
                    return given
        return given


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """[N,C,h,w] -> mean [N,C] and covariance [N,C,C] over the places: the Gram matrix, its large constant part apart."""
    flat = features.float().flatten(2)
    mean = flat.mean(2)
    centred = flat - mean[..., None]
    return mean, centred @ centred.transpose(1, 2) / flat.shape[2]


def gram(features: Tensor) -> Tensor:
    """[N,C,h,w] -> Gram matrix over the places, [N,C,C] (Gatys et al. 2015)."""
    flat = features.float().flatten(2)
    return flat @ flat.transpose(1, 2) / flat.shape[2]


def apart(given: Tensor, wanted: Tensor) -> Tensor:
    """Squared distance relative to what is wanted, of each sample: [N,...] twice -> [N]."""
    return (given - wanted).square().flatten(1).sum(1) / wanted.square().flatten(1).sum(1)
