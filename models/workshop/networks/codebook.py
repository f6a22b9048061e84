"""Dehazing with a code book of clear pictures and a second, attending branch.

After RIDCP (Wu et al. 2023, https://arxiv.org/abs/2304.03994): a small autoencoder learns a book of codes from clear pictures alone
(vector quantization with running means, van den Oord et al. 2017); then the hazy picture's features are drawn to those codes, so that what comes
out of the lookup is something that clear pictures have. Beside it attention over neighbours in a pyramid of dilations,
both fused under channel attention. Everything works on squares of 4x4 pixels.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.networks.attention import Pyramid
from workshop.networks.edsr import MEAN, Block
from workshop.networks.unet import stage
from workshop.networks.veil import Overview, recovered

PARTS = ("book", "attention", "channels")
FOLD = 4


class Book(nn.Module):
    """The code book with the autoencoder that it is learned with. Codes [size, width]."""

    def __init__(self, size: int = 256, width: int = 32, channels: int = 48):
        super().__init__()
        # Buffers, not parameters: the averaged network is to hold the same book, not an average of all books there were.
        self.register_buffer("codes", torch.randn(size, width) * 0.3)
        self.register_buffer("used", torch.ones(size))  # running share of lookups, 1 = the fair one
        self.register_buffer("sums", self.codes.clone())  # running sum of the values that chose each, in the same unit
        self.encoder = nn.Sequential(nn.Conv2d(3 * FOLD**2, channels, 3, padding=1), nn.ReLU(), Block(channels))
        self.code = nn.Conv2d(channels, width, 1)
        self.decoder = nn.Sequential(
            nn.Conv2d(width, channels, 3, padding=1), nn.ReLU(), Block(channels), nn.Conv2d(channels, 3 * FOLD**2, 1)
        )

    def which(self, values: Tensor) -> Tensor:
        """The nearest code of each place: [N,width,H,W] -> whole numbers [N,H,W]."""
        flat = values.permute(0, 2, 3, 1)
        return (self.codes.square().sum(1) - 2 * (flat @ self.codes.T)).argmin(-1)

    def lookup(self, values: Tensor) -> Tensor:
        """The nearest codes themselves: [N,width,H,W] -> [N,width,H,W]."""
        return self.codes[self.which(values)].permute(0, 3, 1, 2)

    def encode(self, x: Tensor) -> Tensor:
        """Clear pictures [N,3,H,W] -> values to look up [N,width,H/4,W/4]."""
        return self.code(self.encoder(F.pixel_unshuffle(x - MEAN, FOLD)))

    def loss(self, clear: Tensor) -> Tensor:
        """Of the autoencoder on clear pictures [N,3,H,W]: its error, and values drawn to their codes."""
        values = self.encode(clear)
        chosen = self.which(values)
        if self.training:
            self.renew(values.detach().float(), chosen)
        codes = self.codes[chosen].permute(0, 3, 1, 2)
        given = F.pixel_shuffle(self.decoder(values + (codes - values).detach()), FOLD) + MEAN
        return (given - clear).abs().mean() + 0.25 * (codes - values).square().mean()

    @torch.no_grad()
    def renew(self, values: Tensor, chosen: Tensor, pace: float = 0.05) -> None:
        """Each code follows the mean of the values that chose it; one that hardly anything chooses becomes a value seen."""
        flat, chosen = values.permute(0, 2, 3, 1).flatten(0, 2), chosen.flatten()
        fair = len(flat) / len(self.codes)
        self.used.lerp_(torch.bincount(chosen, minlength=len(self.codes)).float() / fair, pace)
        self.sums.lerp_(torch.zeros_like(self.sums).index_add_(0, chosen, flat) / fair, pace)
        idle = (self.used < 0.03).nonzero()[:, 0]
        if len(idle):
            self.sums[idle] = flat[torch.randint(len(flat), (len(idle),))]
            self.used[idle] = 1.0
        self.codes.copy_(self.sums / self.used[:, None])


class Codebook(nn.Module):
    """Picture [N,3,H,W] in 0..1, H and W multiples of 4, and context [N,3,64,64] in 0..1 -> [N,3,H,W].

    `parts` names what is built in, of PARTS: the code book's branch, the attending branch, the channel attention.
    """

    paper = "https://arxiv.org/abs/2304.03994"
    knobs = ()
    scale = 1
    multiple = FOLD
    context = 64  # side of the whole picture that it sees beside a tile
    in_float = ("overview", "tail", "code", "book")
    quantized = ("Conv", "Relu")  # the attention's many small sums gain nothing
    border = 8  # repeated edge pixels around the picture, as `veil.Veil` has them

    def __init__(self, channels: int = 48, blocks: int = 3, size: int = 256, parts: tuple[str, ...] = PARTS):
        super().__init__()
        self.parts = tuple(parts)
        self.overview = Overview((channels, channels))
        self.head = nn.Conv2d(3 * FOLD**2, channels, 3, padding=1)
        self.before = stage(channels, blocks)
        width, joined = 32, channels
        if "book" in self.parts:
            self.book = Book(size, width, channels)
            self.code = nn.Conv2d(channels, width, 3, padding=1)
            joined += width
        if "attention" in self.parts:
            self.branch = nn.Sequential(Pyramid(channels), Block(channels), Pyramid(channels), Block(channels))
            joined += channels
        self.fuse = nn.Conv2d(joined, channels, 3, padding=1)
        self.after = stage(channels, blocks)
        self.tail = nn.Conv2d(channels, 4 * FOLD**2, 3, padding=1)
        with torch.no_grad():
            self.tail.weight.mul_(0.1)
            self.tail.bias.zero_()

    @property
    def radius(self) -> int:
        """Receptive radius in input pixels, an upper bound."""
        looks = 2 * (4 + 2) if "attention" in self.parts else 1
        return FOLD * (1 + 4 * (len(self.before)) + looks + 2 + 1)

    def bordered(self, x: Tensor) -> Tensor:
        """[N,3,H,W] -> with its edge pixels repeated `border` times around it."""
        return F.pad(x, (self.border,) * 4, mode="replicate")

    def body(self, x: Tensor, told: list[Tensor]) -> Tensor:
        """The picture [N,3,H,W] with its border, up to what the tail reads."""
        return self.features(x, told)[0]

    def features(self, x: Tensor, told: list[Tensor]) -> tuple[Tensor, Tensor | None]:
        """What the tail reads, and the values that were looked up (None without a book)."""
        seen = torch.relu(self.head(F.pixel_unshuffle(self.bordered(x) - MEAN, FOLD)) + told[0][..., None, None])
        seen = self.before(seen)
        joined, values = [seen], None
        if "book" in self.parts:
            values = self.code(seen)
            found = self.book.lookup(values.float())
            joined.append(values + (found - values).detach() if self.training else found)
        if "attention" in self.parts:
            joined.append(self.branch(seen))
        fused = torch.relu(self.fuse(torch.cat(joined, 1)))
        if "channels" in self.parts:  # of the whole picture, so that tiles agree
            fused = fused * torch.sigmoid(told[1] + 2)[..., None, None]
        return self.after(fused), values

    def recover(self, x: Tensor, airlight: Tensor, seen: Tensor) -> Tensor:
        """Picture [N,3,H,W], airlight [N,3] and what the tail reads -> the clear picture, not cut to 0..1."""
        return recovered(x, airlight, F.pixel_shuffle(self.tail(seen), FOLD), self.border)

    def forward(self, x: Tensor, context: Tensor) -> Tensor:
        airlight, told = self.overview(context)
        return self.recover(x, airlight, self.body(x, told))

    def answer(self, levels: Tensor, context: Tensor, knobs: dict) -> Tensor:
        """One picture of levels [1,3,H,W] of any size and its context, as served."""
        height, width = levels.shape[2:]
        padded = F.pad(levels, (0, -width % FOLD, 0, -height % FOLD), mode="replicate")
        return self(padded / 255, context / 255)[..., :height, :width]
