"""An encoder-decoder of plain 3x3 convolutions, for pictures that come out as large as they went in.

The shape of U-Net (Ronneberger et al. 2015) kept as small as gUNet (Song et al. 2022, https://arxiv.org/abs/2209.11448)
asks for dehazing, without its gates and batch norms: convolution, Relu and Add alone, which eight bits serve best.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.networks.edsr import Block


class UNet(nn.Module):
    """Planes [N,inputs,H,W] -> [N,outputs,H,W]; H and W multiples of `multiple`.

    Works on squares of `fold` x `fold` pixels (1: on the pixels themselves). `channels` and `blocks` give the width of
    each level and its residual blocks on the way down, as many again on the way up; each level has half the last one's side.
    """

    def __init__(
        self,
        inputs: int,
        outputs: int,
        channels: Sequence[int] = (32, 64, 96),
        blocks: Sequence[int] = (2, 2, 4),
        fold: int = 2,
    ):
        super().__init__()
        self.fold, self.counts = fold, tuple(blocks)
        pairs = list(zip(channels, channels[1:], strict=False))
        self.head = nn.Conv2d(inputs * fold * fold, channels[0], 3, padding=1)
        self.before = nn.ModuleList(stage(c, n) for c, n in zip(channels[:-1], blocks[:-1], strict=True))
        self.downs = nn.ModuleList(nn.Conv2d(a, b, 3, stride=2, padding=1) for a, b in pairs)
        self.middle = stage(channels[-1], blocks[-1])
        self.ups = nn.ModuleList(nn.Conv2d(b, 4 * a, 1) for a, b in pairs)
        self.after = nn.ModuleList(stage(c, n) for c, n in zip(channels[:-1], blocks[:-1], strict=True))
        self.tail = nn.Conv2d(channels[0], outputs * fold * fold, 3, padding=1)
        with torch.no_grad():  # at first the answer is near zero
            self.tail.weight.mul_(0.1)
            self.tail.bias.zero_()

    @property
    def multiple(self) -> int:
        """What height and width must be multiples of."""
        return self.fold * 2 ** len(self.downs)

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels, an upper bound."""
        reach = 3 * self.fold  # head, tail and the squares themselves
        for level, count in enumerate(self.counts):
            ways = 1 if level == len(self.downs) else 2
            reach += self.fold * 2**level * (2 * count * ways + 2)
        return reach

    def body(self, x: Tensor, told: Sequence[Tensor] = ()) -> Tensor:
        """Planes [N,inputs,H,W] -> what the tail reads. `told`: a vector [N,channels] added at each level below the first."""
        folded = F.pixel_unshuffle(x, self.fold) if self.fold > 1 else x
        x = torch.relu(self.head(folded))
        kept = []
        for level, (before, down) in enumerate(zip(self.before, self.downs, strict=True)):
            x = before(x)
            kept.append(x)
            x = down(x)
            if told:
                x = x + told[level][..., None, None]
            x = torch.relu(x)
        x = self.middle(x)
        for up, after in zip(reversed(self.ups), reversed(self.after), strict=True):
            x = after(kept.pop() + F.pixel_shuffle(up(x), 2))
        return x

    def end(self, x: Tensor) -> Tensor:
        """What the tail reads -> [N,outputs,H,W]."""
        x = self.tail(x)
        return F.pixel_shuffle(x, self.fold) if self.fold > 1 else x

    def forward(self, x: Tensor, told: Sequence[Tensor] = ()) -> Tensor:
        return self.end(self.body(x, told))


def stage(channels: int, count: int) -> nn.Sequential:
    """Residual blocks in a row."""
    return nn.Sequential(*(Block(channels) for _ in range(count)))
