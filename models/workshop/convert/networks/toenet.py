"""TOENet: haze and sandstorm (Gao et al. 2023, "Let You See in Haze and Sandstorm", https://doi.org/10.1109/TIM.2023.3304668)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

WIDTHS = {"l": 8, "m": 16, "s": 32}  # channels at full, half and quarter size


def norm(width: int) -> nn.GroupNorm:
    """Over all channels and pixels of one picture."""
    return nn.GroupNorm(1, width)


def mix(taken: int, given: int) -> nn.Conv2d:
    return nn.Conv2d(taken, given, 1, bias=False)


class Basic(nn.Module):
    """Three convolutions around one norm and one PReLU that they share; the input is added before the last PReLU."""

    def __init__(self, width: int):
        super().__init__()
        self.conv_1, self.conv_2, self.conv_out = (nn.Conv2d(width, width, 3, padding=1, bias=False) for _ in range(3))
        self.norm, self.act = norm(width), nn.PReLU(width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.norm(self.conv_1(x)))
        y = self.act(self.norm(self.conv_2(y)))
        return self.act(self.norm(self.conv_out(y)) + x)


class Attention(nn.Module):
    """A share 0..1 for every channel, from its mean and its maximum: [N,C,H,W] -> [N,C,1,1]."""

    def __init__(self, width: int):
        super().__init__()
        few = width // 4
        self.fc1, self.fc2 = mix(width, few), mix(few, width)
        self.norm1, self.norm2, self.act1 = norm(few), norm(width), nn.PReLU(few)

    def through(self, x: Tensor) -> Tensor:
        return self.norm2(self.fc2(self.act1(self.norm1(self.fc1(x)))))

    def forward(self, x: Tensor) -> Tensor:
        return torch.sigmoid(self.through(x.mean((2, 3), keepdim=True)) + self.through(x.amax((2, 3), keepdim=True)))


class Colours(nn.Module):
    """How the maps of the three colours go together: three maps [N,C,H,W] -> (weights [N,C,1,1], the maps one step on)."""

    def __init__(self, width: int):
        super().__init__()
        self.bb_R, self.bb_G, self.bb_B = Basic(width), Basic(width), Basic(width)
        self.cab, self.cab_RGB = Attention(2 * width), Attention(3 * width)
        self.conv_out1, self.conv_out2 = mix(2 * width, width), mix(3 * width, width)

    def forward(self, r: Tensor, g: Tensor, b: Tensor) -> tuple[Tensor, tuple[Tensor, Tensor, Tensor]]:
        r, g, b = self.bb_R(r), self.bb_G(g), self.bb_B(b)
        pairs = [self.conv_out1(self.cab(torch.cat(pair, 1))) for pair in ((r, g), (r, b), (g, b))]
        return self.conv_out2(torch.cat(pairs, 1) + self.cab_RGB(torch.cat([r, g, b], 1))), (r, g, b)


class TwoBranches(nn.Module):
    """The network without the picture that is added: planes in the order of the file, [N,3,H,W] -> [N,3,H,W]."""

    def __init__(self):
        super().__init__()
        large, middle, small = WIDTHS.values()
        for name, width in WIDTHS.items():
            setattr(self, f"cfceb_{name}", Colours(width))
            setattr(self, f"e{name}", Basic(width))
            setattr(self, f"d{name}", Basic(width))
        self.ein = Basic(large)
        self.conv_in, self.conv_out = mix(3, large), mix(large, 3)
        self.conv_r_in, self.conv_g_in, self.conv_b_in = (mix(1, large) for _ in range(3))
        self.conv_r_eltem, self.conv_g_eltem, self.conv_b_eltem = (mix(large, middle) for _ in range(3))
        self.conv_r_emtes = mix(middle, small)  # of all three colours
        self.conv_eltem, self.conv_emtes = mix(large, middle), mix(middle, small)
        self.conv_dstdm, self.conv_dmtdl = mix(small, middle), mix(middle, large)

    @staticmethod
    def halved(x: Tensor) -> Tensor:
        return F.max_pool2d(x, 3, 2, 1)

    @staticmethod
    def grown(x: Tensor, like: Tensor) -> Tensor:
        return F.interpolate(x, like.shape[2:], mode="bilinear") + like

    def forward(self, x: Tensor) -> Tensor:
        r, g, b = x.split(1, 1)
        weights, maps = self.cfceb_l(self.conv_r_in(r), self.conv_g_in(g), self.conv_b_in(b))
        large = self.el(self.ein(self.conv_in(x)) * weights)
        r, g, b = map(self.halved, maps)
        weights, maps = self.cfceb_m(self.conv_r_eltem(r), self.conv_g_eltem(g), self.conv_b_eltem(b))
        middle = self.em(self.conv_eltem(self.halved(large)) * weights)
        weights, _ = self.cfceb_s(*(self.conv_r_emtes(self.halved(colour)) for colour in maps))
        small = self.es(self.conv_emtes(self.halved(middle)) * weights)
        y = self.dm(self.grown(self.conv_dstdm(self.ds(small)), middle))
        y = self.dl(self.grown(self.conv_dmtdl(y), large))
        return self.conv_out(y)


class ToeNet(Published):
    """Its planes are blue, green, red."""

    paper = "https://doi.org/10.1109/TIM.2023.3304668"
    radius = None
    most = 1024

    def __init__(self):
        super().__init__()
        self.mns = TwoBranches()

    def forward(self, x: Tensor) -> Tensor:
        return self.mns(x.flip(1)).flip(1) + x


NETWORK = ToeNet
