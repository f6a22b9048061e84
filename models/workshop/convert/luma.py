"""Networks that enlarge the luma alone, as OpenCV's dnn_superres runs them: bytes of YCrCb before and after, Cr and Cb bilinear.

OpenCV reckons the colours of bytes in parts of 2^14, whole numbers; floats hold all of them exactly.
"""

import torch
from torch import Tensor
from torch.nn import functional as F

from workshop.convert.published import Published

ONE = 1 << 14
GREY = (4899, 9617, 1868)  # of red, green, blue
RED, BLUE = 11682, 9241  # of red - luma, of blue - luma
BACK = ((22987, 0), (-11698, -5636), (0, 29049))  # of Cr and Cb, for red, green, blue


def mixed(x: Tensor, parts: Tensor, added: Tensor) -> Tensor:
    """Channels mixed by parts of 2^14 [O,I], `added` [O] to that, then to whole numbers, halves up."""
    return torch.floor(F.conv2d(x, (parts / ONE)[..., None, None], added + 0.5))


def apart(levels: Tensor) -> tuple[Tensor, Tensor]:
    """RGB of whole levels [N,3,H,W] -> luma [N,1,H,W] and Cr, Cb [N,2,H,W], whole levels."""
    luma = mixed(levels, levels.new_tensor([GREY]), levels.new_zeros(1))
    parts = levels.new_tensor([[RED, 0, 0, -RED], [0, 0, BLUE, -BLUE]])
    colours = mixed(torch.cat([levels, luma], 1), parts, levels.new_full((2,), 128.0))
    return luma, colours.clamp(0, 255)


def together(luma: Tensor, colours: Tensor) -> Tensor:
    """Luma [N,C,H,W] and all of Cr, then all of Cb [N,2C,H,W], whole levels -> RGB [N,3C,H,W], not cut to 0..255."""
    parts = luma.new_tensor(BACK)
    same = torch.eye(luma.shape[1])
    added = (-128 * parts.sum(1) / ONE).repeat_interleave(len(same))
    return torch.cat([luma, luma, luma], 1) + mixed(colours, torch.kron(parts, same), added)


def between(x: Tensor, scale: int, dim: int) -> Tensor:
    """Bilinear enlargement along `dim` of what has one row more at both ends: its phases, in a new dimension 2.

    One value and a share of the step to the next, as OpenCV has it: other sums round halves otherwise.
    """
    step = x.narrow(dim, 1, x.shape[dim] - 1) - x.narrow(dim, 0, x.shape[dim] - 1)
    places = [(phase + 0.5) / scale - 0.5 for phase in range(scale)]
    shape, phases = [-1] + [1] * (x.dim() - 2), []
    for at, shares in enumerate(([p + 1 for p in places if p < 0], [p for p in places if p >= 0])):
        shares = x.new_tensor(shares).reshape(shape)
        begin, on = (part.narrow(dim, at, x.shape[dim] - 2).unsqueeze(2) for part in (x, step))
        phases.append(begin + on * shares)
    return torch.cat(phases, 2)


class Luma(Published):
    """RGB [N,3,H,W] in 0..1 -> RGB [N,3,s*H,s*W]; a definition says `phases`."""

    def __init__(self, scale: int):
        super().__init__()
        self.scale = scale

    def phases(self, luma: Tensor) -> Tensor:
        """Luma [N,1,H,W] in 0..1 -> the s*s pixels that each becomes, row by row: [N,s*s,H,W]."""
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        luma, colours = (levels * (1 / 255) for levels in apart((x * 255).round()))
        luma = (self.phases(luma) * 255).clamp(0, 255).round()
        wide = F.pad(colours, (1, 1, 1, 1), mode="replicate")
        wide = between(between(wide, self.scale, 3), self.scale, 3).flatten(1, 3)
        colours = (wide * 255).round()
        return F.pixel_shuffle(together(luma, colours), self.scale) / 255
