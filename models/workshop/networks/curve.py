"""Low-light enhancement by one brightness curve for the whole picture and a light cleaning of the noise it lifts.

After the curve estimation of Zero-DCE (Guo et al. 2020, https://arxiv.org/abs/2001.06826), but global: a small network
looks at the whole picture (`context`, 64x64) and mixes fixed rising curves, so that order, colour and edges are kept
(no halo, no cast). The noise is then cleaned at half and a quarter of the size by plain convolutions.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.networks.edsr import MEAN, Block

LEVELS = 256
HINTS = 4  # numbers that the whole picture gives to the cleaning, each 0..1


def curves() -> Tensor:
    """The fixed curves to mix, each rising from 0 to 1, at the 256 levels: [curves, 256].

    Roots begin with a short straight toe: a bare root is infinitely steep at 0 and turns black noise into grey noise.
    """
    x = torch.linspace(0, 1, LEVELS, dtype=torch.float64)
    roots = [(0.003, g) for g in (1.5, 2.2, 3.2, 4.5, 6.5)] + [(0.02, g) for g in (2.0, 4.0, 7.0)]
    lifts = [((x + t) ** (1 / g) - t ** (1 / g)) / ((1 + t) ** (1 / g) - t ** (1 / g)) for t, g in roots]
    gains = [1 - (1 - x) ** g for g in (2.0, 4.0, 8.0)]
    return torch.stack([x, *lifts, *gains]).float()


class Overview(nn.Module):
    """Context [N,3,64,64] in 0..1 -> curve at 256 levels [N,256], share [N,1] in 0..1, hints [N,HINTS] in 0..1."""

    def __init__(self, width: int = 48):
        super().__init__()
        self.shape = nn.Sequential(
            nn.Conv2d(6, 16, 3, 2, 1), nn.ReLU(), nn.Conv2d(16, 32, 3, 2, 1), nn.ReLU(), nn.Conv2d(32, width, 3, 2, 1)
        )
        self.tones = nn.Sequential(nn.Conv2d(6, 32, 1), nn.ReLU(), nn.Conv2d(32, width, 1))
        self.choice = nn.Sequential(nn.Linear(2 * width, 64), nn.ReLU(), nn.Linear(64, len(curves()) + 1 + HINTS))
        self.register_buffer("curves", curves(), persistent=False)

    def forward(self, context: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        both = torch.cat([context, (context + 1e-3) ** (1 / 3)], 1) - MEAN
        seen = torch.cat([torch.relu(part(both)).mean((2, 3)) for part in (self.shape, self.tones)], 1)
        mix, share, hints = self.choice(seen).split([len(self.curves), 1, HINTS], 1)
        return torch.softmax(mix, 1) @ self.curves, torch.sigmoid(share), torch.sigmoid(hints)


def merge(lifted: Tensor, cleaned: Tensor) -> Tensor:
    """The lifted picture [N,3,H,W] and what `clean` gave [N,6,H,W] -> the answer [N,3,H,W]."""
    added, held = cleaned.split(3, 1)
    return lifted - torch.sigmoid(held) * lifted + added


class Curve(nn.Module):
    """Picture [N,3,H,W] of whole levels 0..255, H and W multiples of 4, and context [N,3,64,64] in 0..1 -> [N,3,H,W] in 0..1."""

    paper = "https://arxiv.org/abs/2001.06826"
    knobs = ()
    scale = 1
    multiple = 4
    context = 64  # side of the whole picture that it sees beside a tile
    in_float = ("overview", "tail")  # the brightness of everything, and the answer itself; both cost little

    def __init__(self, channels: int = 32, middle: int = 64, blocks: int = 3):
        super().__init__()
        self.overview = Overview()
        self.head = nn.Conv2d(24 + HINTS, channels, 3, padding=1)
        self.before = Block(channels)
        self.down = nn.Conv2d(channels, middle, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(Block(middle) for _ in range(blocks))
        self.up = nn.Conv2d(middle, 4 * channels, 3, padding=1)
        self.after = Block(channels)
        self.tail = nn.Conv2d(channels, 24, 3, padding=1)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)
            self.tail.bias.zero_()
            self.tail.bias[12:] = -3.0  # at first hardly anything is held back

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels, an upper bound: convolutions at half size, then at a quarter."""
        half, quarter = 1 + 2 + 1 + 2 + 1, 2 * len(self.blocks) + 1
        return 2 * half + 4 * quarter + 4

    def lift(self, levels: Tensor, table: Tensor, share: Tensor) -> Tensor:
        """The curve on levels [N,3,H,W] (whole numbers 0..255) -> [N,3,H,W] in 0..1.

        Twice: on each channel alone (undoes a gamma), and on the largest channel with the others in proportion (keeps
        hue and saturation, as less light on the same things does); `share` [N,1] of the second is taken.
        """
        ramp = torch.arange(LEVELS, device=table.device).clamp(min=1) / (LEVELS - 1)
        gains = torch.cat([table[:, 1:2] - table[:, :1], table[:, 1:]], 1) / ramp
        each = torch.gather(table, 1, levels.long().flatten(1)).view(levels.shape)
        top = levels.amax(1, keepdim=True)
        gain = torch.gather(gains, 1, top.long().flatten(1)).view(top.shape)
        return each + share.view(-1, 1, 1, 1) * (levels / (LEVELS - 1) * gain - each)

    def clean(self, dark: Tensor, lifted: Tensor, hints: Tensor) -> Tensor:
        """What is added to the lifted picture, and how much of itself is held back before (0 none .. 1 all, where it is
        but noise): [N,3,H,W] twice, [N,HINTS] -> [N,6,H,W], the second half before the sigmoid."""
        halves = F.pixel_unshuffle(torch.cat([dark, lifted], 1), 2)
        planes = hints.view(-1, HINTS, 1, 1).expand(-1, -1, *halves.shape[2:])
        half = self.before(torch.relu(self.head(torch.cat([halves, planes], 1) - MEAN)))
        quarter = torch.relu(self.down(half))
        for block in self.blocks:
            quarter = block(quarter)
        half = self.after(half + F.pixel_shuffle(self.up(quarter), 2))
        return F.pixel_shuffle(self.tail(half), 2)

    def forward(self, levels: Tensor, context: Tensor) -> Tensor:
        table, share, hints = self.overview(context)
        lifted = self.lift(levels, table, share)
        return merge(lifted, self.clean(levels / (LEVELS - 1), lifted, hints))

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W] of any size and its context, as served."""
        height, width = levels.shape[2:]
        padded = F.pad(levels, (0, -width % 4, 0, -height % 4), mode="replicate")
        return self(padded, context / (LEVELS - 1))[..., :height, :width]
