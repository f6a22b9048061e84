"""The cells of a detector's grid, and boxes out of what it says of them."""

import torch
from torch import Tensor


def places(height: int, width: int) -> Tensor:
    """Column and row of each cell, row by row: [height*width,2]."""
    cells = torch.arange(height * width)
    return torch.stack([cells % width, cells // width], 1).float()


def bounds(centre: Tensor, side: Tensor) -> Tensor:
    """Centres [...,2] and sides [...,2] -> x1 y1 x2 y2 [...,4]."""
    return torch.cat([centre - side / 2, centre + side / 2], -1)
