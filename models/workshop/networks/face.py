"""The face that every file shows: bytes in, bytes out. All conversions are part of the graph."""

import torch
from torch import Tensor, nn

from workshop.networks.curve import merge


def planes(picture: Tensor) -> Tensor:
    """uint8 [N,H,W,3] -> float [N,3,H,W] of whole levels 0..255."""
    return picture.permute(0, 3, 1, 2).to(torch.float32)


def levels(values: Tensor) -> Tensor:
    """float of levels -> uint8, rounded and cut to 0..255, of the same shape."""
    return values.clamp(0, 255).round().to(torch.uint8)


def shuffled(values: Tensor, scale: int) -> Tensor:
    """uint8 [N,H,W,scale^2*3] (in the order of `edsr.shuffle`) -> [N,scale*H,scale*W,3]."""
    count, height, width, _ = values.shape
    split = values.reshape(count, height, width, scale, scale * 3)
    return split.permute(0, 1, 3, 2, 4).reshape(count, scale * height, scale * width, 3)


class EdsrFace(nn.Module):
    """picture uint8 [N,H,W,3], denoise float [1] -> picture uint8 [N,s*H,s*W,3]."""

    inputs = ("picture", "denoise")

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, denoise: Tensor) -> Tensor:
        x = planes(picture)
        added = self.network.features(x / 255, denoise)
        # Channels last before the sum: 8-bit convolutions give them so, and no turning is left.
        whole = (added * 255).permute(0, 2, 3, 1) + self.network.base(x).permute(0, 2, 3, 1)
        return shuffled(levels(whole), self.network.scale)


class FastFace(nn.Module):
    """picture uint8 [N,H,W,3] -> picture uint8 [N,s*H,s*W,3]."""

    inputs = ("picture",)

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        x = planes(picture)
        added = self.network.features(x / 255)
        whole = levels(added * 255 + self.network.base(x))
        return shuffled(whole.permute(0, 2, 3, 1), self.network.scale)


class CurveFace(nn.Module):
    """picture uint8 [N,H,W,3] (H and W multiples of 4), context uint8 [N,64,64,3] -> picture uint8 [N,H,W,3]."""

    inputs = ("picture", "context")

    def __init__(self, network: nn.Module):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, context: Tensor) -> Tensor:
        x = planes(picture)
        table, share, hints = self.network.overview(planes(context) / 255)
        lifted = self.network.lift(x, table, share)
        given = merge(lifted, self.network.clean(x / 255, lifted, hints))
        return levels(given * 255).permute(0, 2, 3, 1)
