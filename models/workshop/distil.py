"""What a detector learns from its teacher by: features, and rows of objectness, classes and boxes."""

import torch
from torch import Tensor
from torch.nn import functional as F

from workshop import taught
from workshop.networks.detector import coded, corners, grid


def features_loss(given: Tensor, told: Tensor) -> Tensor:
    """Distance of a part's output before Relu from the teacher's feature [N,C,h,w], in its deviations a channel.

    Where the teacher has nothing (<= 0) it is enough to have nothing (after Heo et al. 2019, https://arxiv.org/abs/1904.01866).
    """
    step = max(1, given.shape[3] // 16)  # neighbours say nearly the same
    y, x = (int(v) for v in torch.randint(step, (2,)))
    given, told = (part.permute(0, 2, 3, 1)[:, y::step, x::step].float() for part in (given, told))
    spread = told.std((0, 1, 2), keepdim=True).clamp(min=0.05)
    off = torch.where(told > 0, given - told, torch.relu(given)) / spread
    return F.smooth_l1_loss(off, torch.zeros_like(off))


def whole_loss(given: Tensor, logits: Tensor, boxes: Tensor, side: int) -> Tensor:
    """Rows [N,R,85] of windows of that side: objectness in all of them, classes and boxes where there is something."""
    seen = torch.sigmoid(logits[..., 0].float() / 16 - taught.LIMIT)
    objects = F.binary_cross_entropy_with_logits(given[..., 4], seen, reduction="sum") / seen.sum().clamp(min=1)
    at = torch.nonzero((seen > 0.02) | (torch.rand_like(seen) < 0.02), as_tuple=True)
    return objects + rows_loss(given[at], logits[at], boxes[at], grid(side, side)[at[1]])


def rows_loss(given: Tensor, logits: Tensor, boxes: Tensor, cells: Tensor) -> Tensor:
    """Classes and boxes of chosen rows: given [K,85], the teacher's logits uint8 [K,81] and boxes [K,4], cells [K,3].

    Each row counts as much as the teacher sees something there. Classes: cross entropy, and the distance of the logits
    (which tells what a thing is alike). Boxes: 1 - GIoU (Rezatofighi et al. 2019) and the distance of the coded ones.
    """
    told = logits.float() / 16 - taught.LIMIT
    seen = torch.sigmoid(told[:, 0])
    share = (seen + 0.03) / (seen + 0.03).sum()
    kinds = F.binary_cross_entropy_with_logits(given[:, 5:], torch.sigmoid(told[:, 1:]), reduction="none").sum(1)
    alike = F.smooth_l1_loss(given[:, 5:], told[:, 1:], reduction="none").mean(1)
    sure = seen * torch.sigmoid(told[:, 1:]).amax(1)
    sure = torch.where((boxes[:, 2:] - boxes[:, :2]).amin(1) > 4, sure, 0)  # what the window has cut away has no box
    sure = torch.where(sure > 0.1, sure, 0)
    sure = sure / sure.sum().clamp(min=1e-6)
    off = F.smooth_l1_loss(given[:, :4], coded(boxes, cells), reduction="none", beta=0.5).sum(1)
    places = 1 - overlap(corners(given[:, :4], cells), boxes)
    return (share * (kinds + 0.5 * alike)).sum() + (sure * (4 * places + off)).sum()


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """Generalized intersection over union of boxes [K,4] with boxes [K,4]: [K], -1..1."""
    both = (torch.minimum(a[:, 2:], b[:, 2:]) - torch.maximum(a[:, :2], b[:, :2])).clamp(min=0).prod(1)
    around = (torch.maximum(a[:, 2:], b[:, 2:]) - torch.minimum(a[:, :2], b[:, :2])).prod(1).clamp(min=1e-6)
    union = ((a[:, 2:] - a[:, :2]).prod(1) + (b[:, 2:] - b[:, :2]).prod(1) - both).clamp(min=1e-6)
    return both / union - (around - union) / around
