"""AttentiveGAN: drops on glass found by a recurrent network, then painted over (Qian et al. 2018, https://arxiv.org/abs/1711.10098).

The generator alone; names and shapes are those of the authors' own definition.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.networks.prenet import DEPTH, WIDTH, Gates, block, chain, gates_apart, layer, run
from workshop.convert.published import Published
from workshop.convert.readers import Weights

ITERATIONS = 4
DOUBT = 0.5  # the attention before the first look
UNUSED = ("outframe1.", "outframe2.")  # smaller pictures that training looks at
DILATIONS = (2, 4, 8, 16)
# Channels in and out, side, stride of the painter's convolutions conv1 to conv10.
CONVS = (
    (4, 64, 5, 1),
    (64, 128, 3, 2),
    (128, 128, 3, 1),
    (128, 256, 3, 2),
    *((256, 256, 3, 1),) * 4,
    (128, 128, 3, 1),
    (64, 32, 3, 1),
)


class AttentiveGan(Published):
    """Picture and attention -> picture, in BGR."""

    paper = "https://arxiv.org/abs/1711.10098"
    multiple = 4
    # Finder: conv0, blocks, gates, map. Painter: 7 on the way to a quarter of the size, there the dilations and 4 others, 13 back.
    radius = ITERATIONS * (1 + 2 * DEPTH + 1 + 1) + 7 + 4 * (sum(DILATIONS) + 4) + 13
    tile = 512
    least = 8

    def __init__(self):
        super().__init__()
        self.det_conv0 = nn.Sequential(layer(4), nn.ReLU())
        for number in range(1, DEPTH + 1):
            self.add_module(f"det_conv{number}", block())
        self.chain = chain(self, "det_conv", DEPTH)
        self.gates = Gates(2 * WIDTH)
        self.det_conv_mask = nn.Sequential(layer(WIDTH, 1))
        for number, (taken, given, side, stride) in enumerate(CONVS, 1):
            convolution = nn.Conv2d(taken, given, side, stride, side // 2)
            self.add_module(f"conv{number}", nn.Sequential(convolution, nn.ReLU()))
        for number, spread in enumerate(DILATIONS, 1):
            wide = nn.Conv2d(256, 256, 3, padding=spread, dilation=spread)
            self.add_module(f"diconv{number}", nn.Sequential(wide, nn.ReLU()))
        self.deconv1 = nn.Sequential(nn.ConvTranspose2d(256, 128, 4, 2, 1))
        self.deconv2 = nn.Sequential(nn.ConvTranspose2d(128, 64, 4, 2, 1))
        self.output = nn.Sequential(layer(32, 3))

    def take(self, weights: Weights) -> None:
        super().take(gates_apart({name: value for name, value in weights.items() if not name.startswith(UNUSED)}))

    def forward(self, x: Tensor) -> Tensor:
        x = x.flip(1)
        return self.painted(torch.cat([x, self.attention(x)], 1)).flip(1)

    def attention(self, x: Tensor) -> Tensor:
        """[N,3,H,W] -> where drops are, about 0..1: [N,1,H,W]."""
        drops, state = torch.full_like(x[:, :1], DOUBT), None
        for _ in range(ITERATIONS):
            features = run(self.chain, self.det_conv0(torch.cat([x, drops], 1)))
            state = self.gates([features], state)
            drops = self.det_conv_mask(state[0])
        return drops

    def painted(self, x: Tensor) -> Tensor:
        """Picture and attention [N,4,H,W] -> picture, by way of a quarter of the size."""
        whole = self.conv1(x)
        half = self.conv3(self.conv2(whole))
        quarter = self.conv6(self.conv5(self.conv4(half)))
        quarter = self.diconv4(self.diconv3(self.diconv2(self.diconv1(quarter))))
        quarter = self.conv8(self.conv7(quarter))
        half = self.conv9(doubled(self.deconv1, quarter) + half)
        return self.output(self.conv10(doubled(self.deconv2, half) + whole))


def doubled(up: nn.Module, x: Tensor) -> Tensor:
    """Twice the size, each pixel the mean with those above and to the left of it, which evens out the steps of two."""
    return torch.relu(F.avg_pool2d(F.pad(up(x), (1, 0, 1, 0), mode="reflect"), 2, stride=1))


NETWORK = AttentiveGan
