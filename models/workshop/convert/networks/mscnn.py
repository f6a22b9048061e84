"""MSCNN: how much light comes through, coarse and then fine; then guided filter and recovery (Ren et al. 2016,
https://doi.org/10.1007/978-3-319-46475-6_10)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert import guided
from workshop.convert.published import Published
from workshop.convert.readers import Weights, needed

# (side of the kernel, channels in and out) of the layers.
COARSE = ((11, 3, 5), (9, 5, 5), (7, 5, 10))
FINE = ((7, 3, 6), (5, 6, 5), (3, 5, 10))
PLACES = (0, 5, 10)  # of the convolutions among the layers of a file; the sum of their channels is the last
SUM = 14
PATCH = 15  # of the airlight's dark channel, in pixels
SMOOTH = 0.04  # the guided filter's epsilon; its radius is an eighth of the smaller side
DOUBT = 0.1  # what a pixel's difference to the airlight, squared, is weighed against
GREY = (0.299, 0.587, 0.114)
AROUND, ALPHA, BETA = 5, 2e-5, 0.75  # of the normalisation over neighbouring channels


def normalised(x: Tensor) -> Tensor:
    """Every value by the energy of the channels around its own: [N,C,H,W]."""
    place = torch.arange(x.shape[1])
    near = ((place[:, None] - place).abs() <= AROUND // 2).to(x.dtype)[..., None, None]
    return x / (1 + ALPHA * F.conv2d(x * x, near)) ** BETA


class Scale(nn.Module):
    """Light that comes through, at one scale: [N,3,H,W] -> [N,1,H,W]."""

    def __init__(self, layers: tuple[tuple[int, int, int], ...]):
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(taken, given, side, padding=side // 2) for side, taken, given in layers)
        self.sum = nn.Conv2d(layers[-1][2], 1, 1)

    def forward(self, x: Tensor, coarse: Tensor | None = None) -> Tensor:
        """`coarse` [N,1,H,W] takes the place of the last channel of the first layer."""
        size = x.shape[2:]
        for place, conv in enumerate(self.convs):
            x = conv(x)
            if coarse is not None and place == 0:
                x = torch.cat([x[:, :-1], coarse], 1)
            x = F.interpolate(F.max_pool2d(torch.relu(x), 2), scale_factor=2, mode="nearest")
            if place < len(self.convs) - 1:
                x = normalised(x)
        # The pools forget the last row and column of odd sides.
        return F.interpolate(torch.sigmoid(self.sum(x)), size, mode="bicubic")


class Mscnn(Published):
    """The fine scale alone, as the published program runs it; with `coarse`, both as in the paper."""

    paper = "https://doi.org/10.1007/978-3-319-46475-6_10"
    radius = None
    most = 1536
    least = 2

    def __init__(self, coarse: bool = False):
        super().__init__()
        self.coarse = Scale(COARSE) if coarse else None
        self.fine = Scale(FINE)
        self.register_buffer("grey", torch.tensor(GREY).view(1, 3, 1, 1), persistent=False)

    def take(self, weights: Weights) -> None:
        """The first file is the coarse scale, the second the fine; kernels are (height, width, in, out)."""
        given = {}
        for file, scale in enumerate(("coarse", "fine")):
            if scale == "coarse" and self.coarse is None:
                continue
            parts = {f"convs.{i}": place for i, place in enumerate(PLACES)} | {"sum": SUM}
            for part, place in parts.items():
                name = f"{file}.net.layers.{place}"
                kernel = needed(weights, f"{name}.filters").astype("float32")
                kernel = kernel if kernel.ndim == 4 else kernel[..., None]
                given[f"{scale}.{part}.weight"] = kernel.transpose(3, 2, 0, 1).copy()
                given[f"{scale}.{part}.bias"] = needed(weights, f"{name}.biases").astype("float32").ravel()
        super().take(given)

    @staticmethod
    def airlight(x: Tensor) -> Tensor:
        """For each colour the brightest of what is darkest in its patch, never nothing: [N,3,1,1]."""
        darkest = -F.max_pool2d(-x, PATCH, 1, PATCH // 2)
        return darkest.amax((2, 3), keepdim=True).clamp(min=1 / 255)

    def refined(self, x: Tensor, through: Tensor, airlight: Tensor) -> Tensor:
        """The light that comes through, smoothed as its inverse: that tends to 1 where a pixel differs from the airlight."""
        grey = (x * self.grey).sum(1, keepdim=True)
        apart = (grey - (airlight * self.grey).sum(1, keepdim=True)) ** 2
        inverse = (apart + DOUBT / through) / (apart + DOUBT)
        return 1 / guided.refined(grey, inverse, min(x.shape[2:]) // 8, SMOOTH)

    def forward(self, x: Tensor) -> Tensor:
        airlight = self.airlight(x)
        balanced = x / airlight
        through = self.fine(balanced, self.coarse(balanced) if self.coarse is not None else None)
        return (x - airlight) / self.refined(x, through, airlight).clamp(0.1, 0.9) + airlight


NETWORK = Mscnn
