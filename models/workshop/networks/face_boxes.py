"""The face of detectors: bytes in, boxes and scores out."""

import copy

from torch import Tensor, nn

from workshop.networks.detector import Detector, Step, decode
from workshop.networks.face import planes


class DetectorFace(nn.Module):
    """picture uint8 [1,H,W,3] (H and W multiples of 32) -> boxes float32 [R,4] x1 y1 x2 y2, scores float32 [R,80]."""

    inputs = ("picture",)
    outputs = ("boxes", "scores")

    def __init__(self, network: Detector):
        super().__init__()
        self.network = folded(network)

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        return decode(self.network(planes(picture))[0], picture.shape[1], picture.shape[2])


def folded(network: nn.Module) -> nn.Module:
    """A copy whose convolutions hold their batch norm; weights keep their names."""
    network = copy.deepcopy(network).eval()
    for step in network.modules():
        if isinstance(step, Step) and isinstance(step.norm, nn.BatchNorm2d):
            step.conv = nn.utils.fuse_conv_bn_eval(step.conv, step.norm)
            step.norm = nn.Identity()
    return network
