"""IAT: every pixel multiplied and added to by a small network that looks near, then colours and gamma by one that looks at
the whole picture (Cui et al. 2022, https://arxiv.org/abs/2205.14871)."""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.published import Published

NEAR, WHOLE, HEADS = 16, 64, 4  # channels of both networks; heads of the attention
QUERIES = 10  # the first for gamma, nine for the matrix of colours
STATISTICS = ("running_mean", "running_var", "num_batches_tracked")


class Iat(Published):
    """(M h)^gamma, h = mul x + add: `mul` and `add` by pixel, M and gamma of the whole picture."""

    paper = "https://arxiv.org/abs/2205.14871"
    radius = None
    most = 1024

    def __init__(self, signed: bool = False):
        """`signed`: the network takes the picture as -1..1."""
        super().__init__()
        self.signed, self.published = signed, 0
        self.local_net, self.global_net = Near(), Whole()

    def take(self, weights) -> None:
        self.published = sum(value.size for name, value in weights.items() if not name.endswith(STATISTICS))
        super().take(folded(weights))

    def count(self) -> int:
        """Of the file; some weights are folded into others here."""
        return self.published

    def forward(self, x: Tensor) -> Tensor:
        x = 2 * x - 1 if self.signed else x
        gamma, colours = self.global_net(x)
        h = self.local_net(x)
        h = (colours @ h.flatten(2)).view(h.shape)
        return h.clamp(1e-8, 1.0) ** gamma


class Near(nn.Module):
    """[N,3,H,W] -> mul x + add of the same shape."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, NEAR, 3, padding=1)
        self.mul_blocks = nn.Sequential(*(Block() for _ in range(3)))
        self.add_blocks = nn.Sequential(*(Block() for _ in range(3)))
        self.mul_end = nn.Sequential(nn.Conv2d(NEAR, 3, 3, padding=1), nn.ReLU())
        self.add_end = nn.Sequential(nn.Conv2d(NEAR, 3, 3, padding=1), nn.Tanh())

    def forward(self, x: Tensor) -> Tensor:
        f = F.leaky_relu(self.conv1(x), 0.2)
        mul, add = self.mul_blocks(f) + f, self.add_blocks(f) + f
        return self.mul_end(mul) * x + self.add_end(add)


class Block(nn.Module):
    """Place, neighbourhood, then each pixel by itself; `folded` has put norms, scales and the first sum into the kernels."""

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Conv2d(NEAR, NEAR, 3, padding=1, groups=NEAR)
        self.conv1, self.conv2 = nn.Conv2d(NEAR, NEAR, 1), nn.Conv2d(NEAR, NEAR, 1)
        self.attn = nn.Conv2d(NEAR, NEAR, 5, padding=2, groups=NEAR)
        self.fc1, self.fc2 = nn.Conv2d(NEAR, 4 * NEAR, 1), nn.Conv2d(4 * NEAR, NEAR, 1)

    def forward(self, v: Tensor) -> Tensor:
        v = self.pos_embed(v)
        v = v + self.conv2(self.attn(self.conv1(v)))
        return v + self.fc2(F.gelu(self.fc1(v)))


class Whole(nn.Module):
    """[N,3,H,W] -> gamma [N,1,1,1], matrix of colours [N,3,3]."""

    def __init__(self):
        super().__init__()
        half = WHOLE // 2
        layers = [nn.Conv2d(3, half, 3, 2, 1), nn.BatchNorm2d(half), nn.GELU()]
        layers += [nn.Conv2d(half, WHOLE, 3, 2, 1), nn.BatchNorm2d(WHOLE)]
        self.conv_large = nn.ModuleDict({"proj": nn.Sequential(*layers)})
        self.generator = Queries()
        self.gamma_linear, self.gamma_base = nn.Linear(WHOLE, 1), nn.Parameter(torch.ones(1))
        self.color_linear, self.color_base = nn.Linear(WHOLE, 1), nn.Parameter(torch.eye(3))

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        told = self.generator(self.conv_large["proj"](x))
        gamma = self.gamma_linear(told[:, :1]) + self.gamma_base
        colours = self.color_linear(told[:, 1:]).view(-1, 3, 3) + self.color_base
        return gamma[..., None], colours


class Queries(nn.Module):
    """Ten learned questions to every place of the picture: [N,64,h,w] -> [N,10,64]."""

    def __init__(self):
        super().__init__()
        self.pos_embed = nn.Conv2d(WHOLE, WHOLE, 3, padding=1, groups=WHOLE)
        self.norm1, self.norm2 = nn.LayerNorm(WHOLE), nn.LayerNorm(WHOLE)
        self.attn = nn.ParameterDict({"q": nn.Parameter(torch.zeros(1, QUERIES, WHOLE))})
        self.attn_k, self.attn_v = nn.Linear(WHOLE, WHOLE, bias=False), nn.Linear(WHOLE, WHOLE, bias=False)
        self.attn_proj = nn.Linear(WHOLE, WHOLE)
        self.fc1, self.fc2 = nn.Linear(WHOLE, 4 * WHOLE), nn.Linear(4 * WHOLE, WHOLE)

    def forward(self, v: Tensor) -> Tensor:
        tokens = self.norm1((v + self.pos_embed(v)).flatten(2).transpose(1, 2))
        q, k, v = (heads(part) for part in (self.attn["q"], self.attn_k(tokens), self.attn_v(tokens)))
        seen = torch.softmax(q @ k.transpose(2, 3) * (WHOLE // HEADS) ** -0.5, -1) @ v
        t = self.attn_proj(seen.transpose(1, 2).flatten(2))
        return t + self.fc2(F.gelu(self.fc1(self.norm2(t))))


def heads(x: Tensor) -> Tensor:
    """[N,T,64] -> [N,heads,T,16]."""
    return x.unflatten(2, (HEADS, WHOLE // HEADS)).transpose(1, 2)


def folded(weights: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The file's weights under the names of this definition, every block's norms and scales within its 1x1 kernels."""
    given = {name.replace(".mlp.", "."): value for name, value in weights.items()}
    for part in ("k", "v", "proj"):
        given = {name.replace(f".attn.{part}.", f".attn_{part}."): value for name, value in given.items()}
    for block in sorted({name.rpartition("gamma_1")[0] for name in given if name.endswith("gamma_1")}):
        given[f"{block}pos_embed.weight"] = kept(given[f"{block}pos_embed.weight"])
        for number, (first, last) in enumerate((("conv1", "conv2"), ("fc1", "fc2")), 1):
            alpha, beta, colour = (
                given.pop(f"{block}norm{number}.{part}").squeeze() for part in ("alpha", "beta", "color")
            )
            gamma = given.pop(f"{block}gamma_{number}").squeeze()
            kernel, bias = f"{block}{first}.weight", f"{block}{first}.bias"
            matrix = given[kernel][:, :, 0, 0]
            given[bias] = given[bias] + matrix @ beta
            given[kernel] = (matrix @ (alpha[:, None] * colour))[:, :, None, None]
            given[f"{block}{last}.weight"] = given[f"{block}{last}.weight"] * gamma[:, None, None, None]
            given[f"{block}{last}.bias"] = given[f"{block}{last}.bias"] * gamma
    return given


def kept(kernels: np.ndarray) -> np.ndarray:
    """Depthwise kernels [C,1,3,3] that add what they are given."""
    kernels = kernels.copy()
    kernels[:, 0, 1, 1] += 1
    return kernels


NETWORK = Iat
