"""Dehazing without learning: the dark channel prior (He et al. 2009, http://kaiminghe.com/cvpr09/), refined by a guided
filter (He et al. 2010) whose coefficients are found at a quarter of the size (He and Sun 2015)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

GREY = (0.299, 0.587, 0.114)
FOLD = 4  # the guided filter's subsampling


class DarkChannel(nn.Module):
    """Picture [N,3,H,W] in 0..1, H and W multiples of 4, context [N,3,64,64] in 0..1 and omega [1] -> [N,3,H,W].

    In a clear picture some channel of some pixel of every patch is near black; what is not black there is veil.
    """

    paper = "http://kaiminghe.com/cvpr09/"
    knobs = ("omega",)
    scale = 1
    multiple = FOLD
    context = 64  # side of the whole picture that the airlight is read from
    in_float = ()

    def __init__(self, patch: int = 15, window: int = 60, smooth: float = 1e-3, least: float = 0.1):
        """`patch`: side in pixels; `window`: the guided filter's radius in pixels, `smooth` its epsilon; `least`: the
        least share of light (t0)."""
        super().__init__()
        self.patch, self.window, self.smooth, self.least = patch, window, smooth, least

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels: the patch, both passes of the filter and its enlargement."""
        return self.patch // 2 + 2 * (self.window // FOLD) * FOLD + 2 * FOLD

    @staticmethod
    def darkest(x: Tensor, side: int) -> Tensor:
        """The least of all channels in the patch around each pixel: [N,3,H,W] -> [N,1,H,W]."""
        return -F.max_pool2d(-x.amin(1, keepdim=True), side, 1, side // 2)

    def airlight(self, context: Tensor) -> Tensor:
        """Mean colour where the dark channel is brightest, a thousandth of the picture: [N,3,1,1]. A patch of 15 pixels of
        a picture as large as the paper's is one of 3 here."""
        dark = self.darkest(context, 3).flatten(1)
        chosen = torch.topk(dark, max(1, self.context**2 // 1000), 1).indices
        colours = torch.gather(context.flatten(2), 2, chosen[:, None].expand(-1, 3, -1))
        return colours.mean(2)[..., None, None]

    def mean(self, x: Tensor) -> Tensor:
        """Mean over the filter's window at a quarter of the size, over what of it lies inside: rows, then columns."""
        half = self.window // FOLD
        x = F.avg_pool2d(x, (1, 2 * half + 1), 1, (0, half), count_include_pad=False)
        return F.avg_pool2d(x, (2 * half + 1, 1), 1, (half, 0), count_include_pad=False)

    def refined(self, guide: Tensor, rough: Tensor) -> Tensor:
        """The rough map [N,1,H,W] with the edges of the guide [N,1,H,W]."""
        small, aim = F.avg_pool2d(guide, FOLD), F.avg_pool2d(rough, FOLD)
        both = self.mean(torch.cat([small, aim, small * aim, small * small], 1))
        light, value, product, square = both.split(1, 1)
        slope = (product - light * value) / (square - light * light + self.smooth)
        lines = self.mean(torch.cat([slope, value - slope * light], 1))
        slope, rest = F.interpolate(lines, scale_factor=FOLD, mode="bilinear").split(1, 1)
        return slope * guide + rest

    def forward(self, x: Tensor, context: Tensor, omega: Tensor) -> Tensor:
        airlight = self.airlight(context).clamp(min=0.05)
        rough = 1 - omega.view(1, 1, 1, 1) * self.darkest(x / airlight, self.patch)
        guide = (x * x.new_tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
        through = self.refined(guide, rough).clamp(self.least, 1.0)
        return (x - airlight) / through + airlight

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W] of any size and its context, as served."""
        height, width = levels.shape[2:]
        padded = F.pad(levels, (0, -width % FOLD, 0, -height % FOLD), mode="replicate")
        omega = levels.new_tensor([knobs.get("omega", 0.95)])
        return self(padded / 255, context / 255, omega)[..., :height, :width]
