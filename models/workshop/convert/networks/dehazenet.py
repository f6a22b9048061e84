"""DehazeNet: how much light comes through, by a network; then airlight, guided filter and recovery (Cai et al. 2016,
https://arxiv.org/abs/1601.07661)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert import guided
from workshop.convert.published import Published
from workshop.convert.readers import Damaged, Weights, needed

GREY = (0.2989, 0.5870, 0.1140)
SIDES = (3, 5, 7)  # of the three kernels side by side
WINDOW, SMOOTH = 50, 1e-3  # the guided filter's radius in pixels and epsilon


def mirrored(x: Tensor, before: int, after: int) -> Tensor:
    """Both sides longer, as in a mirror that stands on the edge: its row is there twice."""
    for axis in (2, 3):
        end = x.shape[axis]
        first, last = x.narrow(axis, 0, before).flip(axis), x.narrow(axis, end - after, after).flip(axis)
        x = torch.cat([first, x, last], axis)
    return x


class DehazeNet(Published):
    """The network sees 16x16 pixels, the airlight comes from the whole picture."""

    paper = "https://arxiv.org/abs/1601.07661"
    radius = None
    most = 1024
    least = 3  # what is mirrored

    def __init__(self):
        super().__init__()
        self.first = nn.Conv2d(3, 16, 5)
        self.beside = nn.ModuleList(nn.Conv2d(4, 16, side) for side in SIDES)
        self.last = nn.Conv2d(48, 1, 6)
        self.register_buffer("grey", torch.tensor(GREY).view(1, 3, 1, 1), persistent=False)

    def take(self, weights: Weights) -> None:
        """Kernels lie in the file as (channels, column by column, filters)."""
        parts = {"first": "conv1"} | {f"beside.{i}": f"conv{side}x{side}" for i, side in enumerate(SIDES)}
        parts |= {"last": "ip"}
        given = {}
        for part, name in parts.items():
            kernel, bias = (needed(weights, f"{kind}_{name}") for kind in ("weights", "biases"))
            side = round(kernel.shape[1] ** 0.5)
            if side * side != kernel.shape[1]:
                raise Damaged(f"the kernels of 'weights_{name}' are not square")
            filters = kernel.reshape(kernel.shape[0], side, side, -1).transpose(3, 0, 2, 1)
            given |= {f"{part}.weight": filters.copy(), f"{part}.bias": bias.ravel()}
        super().take(given)

    def through(self, x: Tensor) -> Tensor:
        """The share of light that comes through: [N,3,H,W] -> [N,1,H,W] in 0..1."""
        y = self.first(mirrored(x - 0.5, 2, 2))
        y = torch.cat([part.amax(1, keepdim=True) for part in y.split(4, 1)], 1)
        around = (side // 2 for side in SIDES)
        y = torch.cat([conv(mirrored(y, half, half)) for conv, half in zip(self.beside, around, strict=True)], 1)
        y = F.max_pool2d(y, 7, 1, 3)
        return self.last(mirrored(y, 2, 3)).clamp(0, 1)

    def airlight(self, x: Tensor, through: Tensor, grey: Tensor) -> Tensor:
        """The brightest colour where the least comes through, a hundredth of the picture: [N,3,1,1]."""
        count = torch.sym_max(1, x.shape[2] * x.shape[3] // 100)
        chosen = torch.topk(through.flatten(1), count, 1, largest=False).indices
        light = torch.gather(grey.flatten(1), 1, chosen)
        share = (light == light.amax(1, keepdim=True)).to(x.dtype)
        colours = torch.gather(x.flatten(2), 2, chosen[:, None].expand(-1, 3, -1))
        return ((colours * share[:, None]).sum(2) / share.sum(1, keepdim=True))[..., None, None]

    def forward(self, x: Tensor) -> Tensor:
        grey = (x * self.grey).sum(1, keepdim=True)
        through = self.through(x)
        airlight = self.airlight(x, through, grey)
        through = guided.refined(grey, through, WINDOW, SMOOTH).clamp(min=1e-3)  # the filter can go below 0
        return (x - airlight) / through + airlight


NETWORK = DehazeNet
