"""Style of a painting by whitening and colouring (Li et al. 2017, https://arxiv.org/abs/1705.08086) between an encoder and a
decoder of a sixteenth of VGG-19's size (Wang et al. 2020, https://arxiv.org/abs/2003.08436). The painting is part of the network.

The paper goes down five levels of VGG; there is one decoder here, of the fourth. It runs twice, and before and after it the
colours themselves are matched in the same way, in place of the levels below.
"""

import copy
import re

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop import pictures
from workshop import recipe as recipes
from workshop.convert.published import Published, fill
from workshop.convert.readers import Damaged
from workshop.convert.source import Wrong
from workshop.loss_network import LossNetwork

PAINTINGS = recipes.ROOT / "functions" / "studio" / "page" / "public" / "paintings"
DEEPEST = "conv41"  # what the decoder begins with
STEPS = 16  # of Newton's iteration: each brings an eigenvalue 2.25 times nearer to 1
SMALLEST = 1e-4  # of the variance of photograph and painting: what varies less is noise, and is not made strong


class Decoder(nn.Module):
    """Features [N,128,h,w] of the encoder -> picture [N,3,8h,8w] in 0..1, all with mirrored edges and ReLU."""

    # (channels in, out) of each; None: twice the size.
    LAYERS = {
        "conv41": (128, 64),
        "up4": None,
        "conv34": (64, 64),
        "conv33": (64, 64),
        "conv32": (64, 64),
        "conv31": (64, 32),
        "up3": None,
        "conv22": (32, 32),
        "conv21": (32, 16),
        "up2": None,
        "conv12": (16, 16),
        "conv11": (16, 3),
    }

    def __init__(self):
        super().__init__()
        for name, channels in self.LAYERS.items():
            if channels:
                self.add_module(name, nn.Conv2d(*channels, 3))

    def forward(self, x: Tensor) -> Tensor:
        for name, channels in self.LAYERS.items():
            if channels:
                x = torch.relu(getattr(self, name)(F.pad(x, (1, 1, 1, 1), mode="reflect")))
            else:
                x = F.interpolate(x, scale_factor=2, mode="nearest")
        return x


class Matched(nn.Module):
    """Values [N,C,h,w] -> the same places with the mean and the covariance of the painting's values."""

    def __init__(self, channels: int, blend: float):
        """`blend`: how much of the answer is matched; the rest is as given."""
        super().__init__()
        self.blend = blend
        self.register_buffer("mean", torch.zeros(channels, 1))
        self.register_buffer("root", torch.eye(channels))  # of the painting's covariance
        self.register_buffer("total", torch.tensor(0.0))  # its trace

    def learn(self, values: Tensor) -> None:
        """Keep what is needed of the painting's values, float64 [1,C,h,w], in the precision of 16 bits: last digits differ from
        machine to machine."""
        flat = values[0].flatten(1)
        mean = flat.mean(1, keepdim=True)
        size, turn = torch.linalg.eigh((flat - mean) @ (flat - mean).T / flat.shape[1])
        root = turn @ torch.diag(size.clamp(min=0).sqrt()) @ turn.T
        for name, value in (("mean", mean), ("root", root), ("total", size.sum())):
            self.get_buffer(name).copy_(value.half().float())

    def forward(self, x: Tensor) -> Tensor:
        count, channels, height, width = x.shape
        flat = x.reshape(count, channels, -1)
        centred = flat - flat.mean(2, keepdim=True)
        covariance = centred @ centred.transpose(1, 2) / (height * width)
        matched = self.root @ whitening(covariance, self.total) @ centred + self.mean
        return (self.blend * matched + (1 - self.blend) * flat).reshape(x.shape)


def whitening(covariance: Tensor, others: Tensor) -> Tensor:
    """The inverse root of [N,C,C] by the coupled iteration of Newton and Schulz: products alone, a fixed number of them.

    `others`: the painting's trace, > 0.
    """
    unit = torch.eye(covariance.shape[1])
    total = (covariance * unit).sum((1, 2), keepdim=True) + others
    root, inverse = covariance / total + SMALLEST * unit, unit
    for _ in range(STEPS):
        step = 1.5 * unit - 0.5 * (inverse @ root)
        root, inverse = root @ step, step @ inverse
    return inverse / total.sqrt()


class Wct(Published):
    """Colours, strokes as often as `passes` says, colours."""

    paper = "https://arxiv.org/abs/1705.08086"
    radius, most = None, 1024  # statistics of the whole picture
    multiple = 8
    least = 16  # a mirrored edge of 1 needs 2 pixels at an eighth of the size

    def __init__(self, painting: str, blend: float = 0.6, passes: int = 2):
        """`painting`: the name of a picture of the gallery; `blend`: how much of each pass's features is the painting's."""
        super().__init__()
        self.painting, self.passes = painting, passes
        self.decoder = Decoder()
        self.colours, self.strokes = Matched(3, 1.0), Matched(Decoder.LAYERS[DEEPEST][0], blend)

    def take(self, weights) -> None:
        """Encoder and decoder, in this order."""
        plain = {name: torch.from_numpy(value) for name, value in weights.items() if "_aux." not in name}
        both = [{n[2:]: value for n, value in plain.items() if n.startswith(f"{at}.")} for at in range(2)]
        try:
            self.encoder = LossNetwork(both[0])
        except (KeyError, IndexError, RuntimeError) as cause:
            raise Damaged(f"the encoder's file has not the weights of VGG-19: {cause}") from cause
        fill(self.decoder, both[1])
        with torch.no_grad():
            shown = painted(self.painting)
            self.colours.learn(shown)
            self.strokes.learn(copy.deepcopy(self.encoder).double()(shown, (DEEPEST,))[DEEPEST])

    def forward(self, x: Tensor) -> Tensor:
        x = self.colours(x).clamp(0, 1)
        for _ in range(self.passes):
            features = self.encoder(x, (DEEPEST,))[DEEPEST]
            x = self.decoder(self.strokes(features)).clamp(0, 1)
        return self.colours(x)


def painted(name: str) -> Tensor:
    """A painting of the gallery, float64 [1,3,H,W] in 0..1, cut to multiples of 8."""
    path = PAINTINGS / f"{name}.jpg"
    if not re.fullmatch(r"[a-z0-9-]+", name) or not path.is_file():
        raise Wrong(
            f"there is no painting {name!r}; there are: {', '.join(sorted(p.stem for p in PAINTINGS.glob('*.jpg')))}"
        )
    picture = pictures.read(path)
    height, width = (side // 8 * 8 for side in picture.shape[:2])
    values = np.ascontiguousarray(picture[:height, :width].transpose(2, 0, 1), np.float64) / 255
    return torch.from_numpy(values)[None]


NETWORK = Wct
