"""What a style network makes small: how far a picture is from a painting's features and from its photograph's content."""

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn import functional as F

from workshop import pictures
from workshop.loss_network import CONTENT, STYLE, LossNetwork, apart, moments

NEAR = 0.01  # a squared distance below which it counts less and less
SHORTER = 288  # the shorter side of a painting where its features are taken


def painted(picture: np.ndarray, shorter: int = SHORTER) -> np.ndarray:
    """A painting at the size where its features are taken; never enlarged."""
    height, width = picture.shape[:2]
    factor = min(1.0, shorter / min(height, width))
    return pictures.resize(picture, round(width * factor), round(height * factor), Image.Resampling.LANCZOS)


def as_input(picture: np.ndarray) -> Tensor:
    """uint8 [H,W,3] -> float [1,3,H,W] in 0..1."""
    return pictures.as_levels(picture) / 255


class Targets:
    """What the losses compare with: the moments of each painting's features."""

    def __init__(self, network: LossNetwork, paintings: list[np.ndarray], first: int = 0):
        self.network, self.first = network, first  # the number of the first of these styles
        with torch.no_grad():
            seen = [network(as_input(painted(p))) for p in paintings]
            found = [[m for layer in STYLE for m in moments(s[layer])] for s in seen]
        self.moments = [torch.cat(rows) for rows in zip(*found, strict=True)]  # [paintings,...], two a layer

    def style(self, features: dict[str, Tensor], which: Tensor) -> Tensor:
        """How far features are from their paintings' [N]: relative distance, summed over mean and covariance of each layer."""
        found = [m for layer in STYLE for m in moments(features[layer])]
        # Roots: far off no painting outshouts the others, and near it the strokes still count.
        parts = [apart(f, w[which - self.first]) for f, w in zip(found, self.moments, strict=True)]
        return sum(torch.sqrt(p + NEAR) - NEAR**0.5 for p in parts)

    def loss(self, given: Tensor, photograph: Tensor, which: Tensor, recipe: dict) -> Tensor:
        """What is made small, of each sample: style, content, tones, smoothness and weave as the recipe weighs them; pictures in
        0..1 [N,3,H,W] and the numbers of the styles [N] -> [N]."""
        features = self.network(given)
        with torch.no_grad():
            wanted = self.network(photograph, CONTENT)
        given = given.float()
        kept = recipe["content"] * content(features, wanted) + recipe["tones"] * tones(given, photograph)
        return self.style(features, which) + kept + recipe["smooth"] * variation(given) + recipe["weave"] * weave(given)


def content(features: dict[str, Tensor], photograph: dict[str, Tensor]) -> Tensor:
    """How far the content is from the photograph's, relative squares, the mean over the layers: [N]."""
    return sum(apart(features[k].float(), photograph[k].float()) for k in CONTENT) / len(CONTENT)


def variation(picture: Tensor) -> Tensor:
    """Mean absolute difference of neighbours, of each sample [N,3,H,W] -> [N]."""
    rows, columns = picture[..., 1:, :] - picture[..., :-1, :], picture[..., 1:] - picture[..., :-1]
    return rows.abs().mean((1, 2, 3)) + columns.abs().mean((1, 2, 3))


def weave(picture: Tensor, cell: int = 4, areas: int = 8) -> Tensor:
    """How much of a grid of cells shows through, of each sample [N,3,H,W] -> [N].

    Doubling twice leaves patterns that repeat every four pixels. So: over areas of 8x8 cells, how far the mean at each place
    of a cell is from the mean of all places.
    """
    count, colours, height, width = picture.shape
    rows, columns = height // cell, width // cell
    cells = picture[..., : rows * cell, : columns * cell].reshape(count, colours, rows, cell, columns, cell)
    places = cells.permute(0, 1, 3, 5, 2, 4).reshape(count, colours * cell * cell, rows, columns)
    means = F.avg_pool2d(places, areas).reshape(count, colours, cell * cell, -1)
    return (means - means.mean(2, keepdim=True)).abs().mean((1, 2, 3))


def tones(given: Tensor, photograph: Tensor) -> Tensor:
    """How little the brightness of areas of 8x8 follows the photograph's, 1 - correlation, of each sample: [N].

    Features alone take dark for bright; this keeps light where it was, whatever the palette.
    """
    areas = [F.avg_pool2d(v.mean(1, keepdim=True), 8).flatten(1) for v in (given, photograph)]
    a, b = (v - v.mean(1, keepdim=True) for v in areas)
    return 1 - (a * b).mean(1) / ((a.square().mean(1) + 1e-3) * (b.square().mean(1) + 1e-3)).sqrt()
