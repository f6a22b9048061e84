"""FAMED-Net: AOD-Net's map K from three sizes of the picture, pixel by pixel (Zhang and Tao 2019,
https://arxiv.org/abs/1906.04334)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.networks.aodnet import recovered
from workshop.convert.published import Published
from workshop.convert.readers import Weights, needed

WIDTH = 32
SIZES = ("", "-ds2", "-ds4")  # the end of a layer's name, by the size of picture that its copy sees
FOLDS = (2, 4)  # how much smaller the second and the third are
KINDS = ("weight", "bias")


class Copy(nn.Module):
    """K of one size: [N,3,H,W] -> [N,3,H,W]. All layers look at single pixels; the maxima between them look around."""

    def __init__(self):
        super().__init__()
        taken = (3, WIDTH, 2 * WIDTH, 2 * WIDTH)
        self.convs = nn.ModuleList(nn.Conv2d(channels, WIDTH, 1) for channels in taken)
        self.convs.append(nn.Conv2d(4 * WIDTH, 3, 1))
        self.norms = nn.ModuleList(nn.BatchNorm2d(WIDTH) for _ in taken)

    def layer(self, place: int, x: Tensor) -> Tensor:
        return torch.relu(self.norms[place](self.convs[place](x)))

    def forward(self, x: Tensor) -> Tensor:
        first = self.layer(0, x)
        near = F.max_pool2d(self.layer(1, first), 3, 1, 1)
        wider = F.max_pool2d(self.layer(2, torch.cat([first, near], 1)), 5, 1, 2)
        widest = F.max_pool2d(self.layer(3, torch.cat([near, wider], 1)), 7, 1, 3)
        # As a sum over the parts, which need not be joined: the largest array of the network is not made.
        kernels = self.convs[4].weight.split(WIDTH, 1)
        parts = (first, near, wider, widest)
        joined = sum(F.conv2d(part, kernel) for part, kernel in zip(parts, kernels, strict=True))
        return torch.relu(joined + self.convs[4].bias.view(1, -1, 1, 1))


class FamedNet(Published):
    """Without the guided filter of the paper's own program, which refines a K found at 360 pixels."""

    paper = "https://arxiv.org/abs/1906.04334"
    radius = None  # the grids of the smaller sizes hang on the whole picture's corners
    most = 1024

    def __init__(self):
        super().__init__()
        self.copies = nn.ModuleList(Copy() for _ in SIZES)
        self.fusion = nn.Conv2d(3 * len(SIZES), 3, 1)

    def take(self, weights: Weights) -> None:
        """Caffe's BatchNorm has sums and, third, by what to divide them; its scale and bias are a layer of their own."""
        given = {}
        for copy, size in enumerate(SIZES):
            for place in range(5):
                conv, norm = f"conv{place + 1}{size}", f"copies.{copy}.norms.{place}"
                given |= {f"copies.{copy}.convs.{place}.{kind}": needed(weights, f"{conv}.{kind}") for kind in KINDS}
                if place < 4:
                    given |= {f"{norm}.{kind}": needed(weights, f"scale_{conv}.{kind}") for kind in KINDS}
                    mean, var, sums = (needed(weights, f"bn_{conv}.{blob}") for blob in range(3))
                    given |= {f"{norm}.running_mean": mean / sums, f"{norm}.running_var": var / sums}
        super().take(given | {f"fusion.{kind}": needed(weights, f"conv5-fusion-all.{kind}") for kind in KINDS})

    @staticmethod
    def resized(x: Tensor, height: int, width: int) -> Tensor:
        return F.interpolate(x, (height, width), mode="bilinear", align_corners=True)

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        maps = [self.copies[0](x)]
        for copy, fold in zip(self.copies[1:], FOLDS, strict=True):
            small = self.resized(x, (height - 1) // fold + 1, (width - 1) // fold + 1)
            maps.append(self.resized(copy(small), height, width))
        return recovered(torch.relu(self.fusion(torch.cat(maps, 1))), x)


NETWORK = FamedNet
