"""Style transfer in one pass (Johnson et al. 2016, https://arxiv.org/abs/1603.08155), many paintings in one network.

A painting is one row of scales and shifts of the normalised features (conditional instance norm, Dumoulin et al. 2016,
https://arxiv.org/abs/1610.07629), and rows mix. What instance norm takes from the picture itself is taken from `context`, the
whole picture shrunk to a square, which runs through the same layers: so a tile is normalised as the whole is.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.networks.edsr import MEAN

EDGE = 48  # pixels mirrored around the picture, so that the zeros around the convolutions don't show
FOLDS = 7  # enough for a side of 4
ROW = 8.0  # the stored rows times this: a style is seen once in a round, so its row is to take larger steps
SMALL = 1e-3  # added to the variance: where a picture is flat, noise is not made large

Pair = tuple[Tensor, Tensor]  # features of the picture and of its context


class Layer(nn.Module):
    """Convolution and conditional instance norm: a pair of [N,C,h,w], shares [N or 1,S] -> a pair."""

    def __init__(self, inputs: int, outputs: int, styles: int, size: int = 3, stride: int = 1):
        super().__init__()
        self.kernel = nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False)
        self.scale = nn.Parameter(torch.full((styles, outputs), 1 / ROW))
        self.shift = nn.Parameter(torch.zeros(styles, outputs))

    def forward(self, pair: Pair, style: Tensor) -> Pair:
        picture, context = self.kernel(pair[0]), self.kernel(pair[1])
        seen = context.float()
        mean = seen.mean((2, 3))
        variance = (seen - mean[..., None, None]).square().mean((2, 3))
        gain = ROW * (style @ self.scale) * torch.rsqrt(variance + SMALL)
        shift = ROW * (style @ self.shift) - mean * gain
        gain, shift = (v.to(picture.dtype)[..., None, None] for v in (gain, shift))
        return picture * gain + shift, context * gain + shift


class Residual(nn.Module):
    """Two layers added to their input, a Relu between."""

    def __init__(self, channels: int, styles: int):
        super().__init__()
        self.first = Layer(channels, channels, styles)
        self.second = Layer(channels, channels, styles)

    def forward(self, pair: Pair, style: Tensor) -> Pair:
        made = self.second(relu(self.first(pair, style)), style)
        return pair[0] + made[0], pair[1] + made[1]


def relu(pair: Pair) -> Pair:
    """On both."""
    return torch.relu(pair[0]), torch.relu(pair[1])


def double(pair: Pair, how: str = "nearest") -> Pair:
    """Twice as wide and high: each value repeated, or `bilinear`."""
    given = {"align_corners": False} if how == "bilinear" else {}
    return tuple(F.interpolate(v, scale_factor=2.0, mode=how, **given) for v in pair)


def mirrored(picture: Tensor, edge: int = EDGE) -> Tensor:
    """[N,3,H,W] -> [N,3,H+2*edge,W+2*edge], mirrored at its borders however small it is."""
    for axis in (2, 3):
        side = picture.shape[axis]
        at = torch.arange(-edge, side + edge, device=picture.device)
        for _ in range(FOLDS):  # a remainder by the side is not to be had in the graph
            at = torch.minimum(at, 2 * side - 1 - at)
            at = torch.maximum(at, -1 - at)
        picture = torch.index_select(picture, axis, at)
    return picture


class Stylize(nn.Module):
    """Picture [N,3,H,W] in 0..1 (sides multiples of 4), context [N,3,c,c] in 0..1 and shares of the styles [N or 1,S], sum
    1, -> picture [N,3,H,W] in 0..1."""

    paper = "https://arxiv.org/abs/1610.07629"
    knobs = ("style",)
    scale = 1
    multiple = 4
    in_float = ("tail",)
    quantized = ("Conv", "Relu")  # the sums around the norm in floats: no slower, and 2 dB nearer to the float file

    def __init__(self, styles: int, context: int = 128, channels: tuple = (16, 32, 64), blocks: int = 5):
        super().__init__()
        self.context = context
        fine, middle, coarse = channels
        self.head = Layer(3, middle, styles, size=5, stride=2)
        self.down = Layer(middle, coarse, styles, stride=2)
        self.blocks = nn.ModuleList(Residual(coarse, styles) for _ in range(blocks))
        self.up = Layer(coarse, middle, styles)
        self.fine = Layer(middle, fine, styles)
        self.tail = nn.Conv2d(fine, 3, 3, padding=1)
        row = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("soft", torch.outer(row, row).expand(3, 1, 3, 3).clone(), persistent=False)
        with torch.no_grad():
            for block in self.blocks:
                block.second.scale.mul_(0.3)

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels, an upper bound: at half, a quarter, half size and full size."""
        return 2 + 2 + 4 * 2 * len(self.blocks) + 8 + 2 + 2 + 2

    def forward(self, picture: Tensor, context: Tensor, style: Tensor) -> Tensor:
        pair = self.head((picture - MEAN, context - MEAN), style)
        pair = relu(self.down(relu(pair), style))
        for block in self.blocks:
            pair = block(pair, style)
        pair = relu(self.up(double(pair, "bilinear"), style))  # repeated values leave a grid of four pixels here
        last = self.tail(relu(self.fine(double(pair), style))[0])
        # What changes from pixel to pixel is gone after [1, 2, 1]: the finer grid, of the second doubling.
        return torch.sigmoid(F.conv2d(last, self.soft.to(last.dtype), padding=1, groups=3))

    def styled(self, levels: Tensor, context: Tensor, style: Tensor) -> Tensor:
        """Levels 0..255 [N,3,H,W] and [N,3,c,c] (sides multiples of 4) -> [N,3,H,W] in 0..1, its border as good as the rest."""
        given = self(mirrored(levels) / 255, context / 255, style)
        return given[..., EDGE:-EDGE, EDGE:-EDGE]

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W] of any size and its context, as served; `style` is a vector of shares."""
        height, width = levels.shape[2:]
        padded = F.pad(levels, (0, -width % 4, 0, -height % 4), mode="replicate")
        style = torch.as_tensor(knobs["style"], dtype=torch.float32).view(1, -1)
        return self.styled(padded, context, style)[..., :height, :width]
