"""LKD-Net: large kernels in two depthwise steps, a U of three sizes (Luo et al. 2022, https://arxiv.org/abs/2209.01788)."""

import torch
from torch import Tensor, nn

from workshop.convert.published import Published

WIDTH = 24  # channels at full size; twice at half size, four times at a quarter
BLOCKS = (1, 1, 2, 1, 1)  # of the five stages, times `depth`


class GlobalNorm(nn.Module):
    """Over all channels and pixels of one picture, then a weight and a bias for each channel."""

    def __init__(self, width: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(1, width, 1, 1))
        self.bias = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        away = x - x.mean((1, 2, 3), keepdim=True)
        spread = torch.sqrt((away * away).mean((1, 2, 3), keepdim=True) + 1e-5)
        return away * (self.weight / spread) + self.bias


class Enhanced(nn.Module):
    """A wide perceptron over each pixel and its neighbours, weighted by channel attention."""

    def __init__(self, width: int):
        super().__init__()
        wide = 4 * width
        around = nn.Conv2d(wide, wide, 3, padding=1, groups=wide)
        self.mlp = nn.Module()
        self.mlp.mlp = nn.Sequential(nn.Conv2d(width, wide, 1), around, nn.ReLU(), nn.Conv2d(wide, width, 1))
        few = width // 8
        steps = nn.Conv2d(width, few, 1), nn.ReLU(), nn.Conv2d(few, width, 1), nn.Sigmoid()
        self.ca = nn.Sequential(nn.AdaptiveAvgPool2d(1), *steps)
        self.norm = GlobalNorm(width)
        self.scaler = nn.Parameter(torch.ones(width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(self.mlp.mlp(x)) * (self.scaler * self.ca(x))


class Block(nn.Module):
    """A large kernel (5x5, then 7x7 three apart), then `Enhanced`; each after a batch norm and added to its input."""

    def __init__(self, width: int):
        super().__init__()
        near = {"padding": 2, "groups": width, "padding_mode": "reflect"}
        far = {"padding": 9, "groups": width, "padding_mode": "reflect", "dilation": 3}
        self.norm1, self.norm2 = nn.BatchNorm2d(width), nn.BatchNorm2d(width)
        self.Linear1, self.Linear2 = nn.Conv2d(width, width, 1), nn.Conv2d(width, width, 1)
        self.DWConv = nn.Conv2d(width, width, 5, **near)
        self.DWDConv = nn.Conv2d(width, width, 7, **far)
        self.cemlp = Enhanced(width)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.Linear2(self.DWDConv(self.DWConv(self.Linear1(self.norm1(x)))))
        return x + self.cemlp(self.norm2(x))


class Stage(nn.Module):
    """Blocks one after another."""

    def __init__(self, width: int, count: int):
        super().__init__()
        self.blocks = nn.Sequential(*(Block(width) for _ in range(count)))

    def forward(self, x: Tensor) -> Tensor:
        return self.blocks(x)


class Resized(nn.Module):
    """A convolution; to twice the size by `grow`: its channels become pixels."""

    def __init__(self, conv: nn.Conv2d, grow: bool = False):
        super().__init__()
        self.proj = nn.Sequential(conv, nn.PixelShuffle(2)) if grow else conv

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class Fusion(nn.Module):
    """Two maps weighted channel by channel; the two weights sum to 1 (Li et al. 2019, selective kernels)."""

    def __init__(self, width: int):
        super().__init__()
        few = max(width // 8, 4)
        self.mlp = nn.Sequential(
            nn.Conv2d(width, few, 1, bias=False), nn.ReLU(), nn.Conv2d(few, 2 * width, 1, bias=False)
        )

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        first, second = self.mlp((a + b).mean((2, 3), keepdim=True)).chunk(2, 1)
        share = torch.sigmoid(first - second)  # the softmax of two
        return a * share + b * (1 - share)


class LkdNet(Published):
    """`depth`: 1 is the published size t, 2 is s."""

    paper = "https://arxiv.org/abs/2209.01788"
    radius = None
    most = 768
    least = 40  # a quarter of it is mirrored by 9

    def __init__(self, depth: int = 1):
        super().__init__()
        one, two, four = WIDTH, 2 * WIDTH, 4 * WIDTH
        widths = (one, two, four, two, one)
        self.patch_embed = Resized(nn.Conv2d(3, one, 3, padding=1, padding_mode="reflect"))
        for place, (width, count) in enumerate(zip(widths, BLOCKS, strict=True), 1):
            setattr(self, f"layer{place}", Stage(width, count * depth))
        self.patch_merge1, self.patch_merge2 = Resized(nn.Conv2d(one, two, 2, 2)), Resized(nn.Conv2d(two, four, 2, 2))
        self.skip1, self.skip2 = nn.Conv2d(one, one, 1), nn.Conv2d(two, two, 1)
        self.patch_split1 = Resized(nn.Conv2d(four, 4 * two, 1), grow=True)
        self.patch_split2 = Resized(nn.Conv2d(two, 4 * one, 1), grow=True)
        self.fusion1, self.fusion2 = Fusion(two), Fusion(one)
        self.patch_unembed = nn.Module()
        self.patch_unembed.proj = nn.Sequential(nn.Conv2d(one, 4, 3, padding=1, padding_mode="reflect"))

    @staticmethod
    def whole(x: Tensor) -> Tensor:
        """Mirrored at the right and the bottom up to multiples of 4."""
        for axis in (2, 3):
            side = x.shape[axis]
            place = torch.arange((side + 3) // 4 * 4, device=x.device)
            x = x.index_select(axis, side - 1 - (side - 1 - place).abs())
        return x

    def forward(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        signed = x * 2 - 1
        first = self.layer1(self.patch_embed(self.whole(signed)))
        second = self.layer2(self.patch_merge1(first))
        y = self.patch_split1(self.layer3(self.patch_merge2(second)))
        y = self.layer4(self.fusion1(y, self.skip2(second)) + y)
        y = self.patch_split2(y)
        y = self.layer5(self.fusion2(y, self.skip1(first)) + y)
        k, b = self.patch_unembed.proj(y)[..., :height, :width].split((1, 3), 1)
        return ((k * signed - b + signed) + 1) / 2


NETWORK = LkdNet
