"""What is asked of the definition of a published network, and the face that it is shown by."""

from pathlib import Path
from typing import Self

import torch
from torch import Tensor, nn

from workshop import graph
from workshop.convert.readers import Damaged, Weights
from workshop.networks.face import levels, planes


class Published(nn.Module):
    """A network whose weights are its publishers'.

    `forward` of a picture network: RGB [N,3,H,W] in 0..1 -> [N,3,s*H,s*W], cut to 0..1 by the face. Of labels:
    RGB [N,3,side,side] in 0..1 -> scores [N,classes], sum 1. Of boxes: RGB [1,3,H,W] in 0..1 -> boxes [M,4]
    (x1 y1 x2 y2 in pixels of that input), scores [M,classes]. Whatever else the publishers' code does to a picture
    (ranges, means, order of channels, padding, enlargement of a luma) is part of `forward`.
    """

    kind = "picture"  # or "labels", "boxes"
    paper: str  # its address
    scale = 1
    multiple = 1  # both sides must be a multiple of this: the functions repeat the last row and column
    radius: int | None = 0  # how far it sees around a pixel; None: all of the picture, it cannot be cut into tiles
    tile = 640  # side of a tile's core
    least = 1  # smallest side; smaller pictures are padded
    most: int | None = None  # largest side, for networks that cannot be cut into tiles
    side: int | None = None  # labels and boxes: the network's size
    fit: str | None = None  # labels and boxes: "stretch", or "letterbox" (scaled to fit at the top left, grey 114)
    labels: tuple[str, ...] = ()  # labels and boxes: names of the classes, in the order of the scores

    @classmethod
    def made(cls, held, **options) -> Self:
        """The network out of what the reader of its format gave; `options`: `from.options` of the manifest."""
        network = cls(**options)
        network.take(held)
        return network

    def take(self, weights: Weights) -> None:
        """Take weights that have the names of this definition."""
        fill(self, {name: torch.from_numpy(value) for name, value in weights.items()})

    def count(self) -> int:
        """The number of weights."""
        return sum(p.numel() for p in self.parameters())

    def write(self, path: Path) -> None:
        """The float file, with dynamic count, height and width (boxes and labels: the network's own size)."""
        with torch.no_grad():
            graph.write_float(Face(self), path, *self.samples())

    def samples(self) -> tuple[dict, dict]:
        """Example inputs of the face and their dynamic axes."""
        count, height, width = (torch.export.Dim(n) for n in ("count", "height", "width"))
        if self.kind == "labels":
            sample, shape = torch.zeros(2, self.side, self.side, 3), {0: count}
        elif self.kind == "boxes":
            sample, shape = torch.zeros(1, self.side, self.side, 3), None
        else:
            step = self.multiple
            down, right = (step * max(-(-self.least // step), -(-side // step)) for side in (24, 28))
            right += step if right == down else 0
            height, width = (step * side if step > 1 else side for side in (height, width))
            sample, shape = torch.zeros(2, down, right, 3), {0: count, 1: height, 2: width}
        return {"picture": sample.byte()}, {"picture": shape}

    def geometry(self) -> dict:
        """`picture` of the manifest."""
        if self.kind != "picture":
            return {"multiple": self.multiple, "size": self.side, "fit": self.fit}
        reach = -(-(self.radius or 0) // self.multiple) * self.multiple
        tile = -(-self.tile // self.multiple) * self.multiple
        given = {"scale": self.scale, "multiple": self.multiple, "halo": reach, "tile": tile, "min": self.least}
        return given if self.radius is not None else given | {"max": self.most}


def fill(network: nn.Module, weights: dict[str, Tensor]) -> None:
    """Load weights by name; counts of batches aside, every one must be there, in its shape, and none besides."""
    given = {name: value for name, value in weights.items() if not name.endswith("num_batches_tracked")}
    wanted = {name: value for name, value in network.state_dict().items() if not name.endswith("num_batches_tracked")}
    if lacking := sorted(wanted.keys() - given.keys()):
        raise Damaged(f"the file has no weights {lacking[0]!r} ({len(lacking)} of {len(wanted)} are missing)")
    if besides := sorted(given.keys() - wanted.keys()):
        raise Damaged(f"the file has weights that the network does not: {besides[0]!r} ({len(besides)} in all)")
    for name, value in wanted.items():
        if value.shape != given[name].shape:
            raise Damaged(f"weights {name!r} have shape {list(given[name].shape)}, not {list(value.shape)}")
    network.load_state_dict(given, strict=False)


def check_numbers(network: nn.Module) -> None:
    """Weights that are infinite or no numbers are a damaged file's."""
    for name, value in network.state_dict().items():
        if not torch.isfinite(value).all():
            raise Damaged(f"weights {name!r} hold values that are no numbers")


class Face(nn.Module):
    """picture uint8 [N,H,W,3] -> answer uint8 [N,s*H,s*W,3]; of labels and boxes what `Published` says."""

    inputs = ("picture",)

    def __init__(self, network: Published):
        super().__init__()
        self.network = network
        self.outputs = {"picture": graph.OUTPUTS, "labels": ("scores",), "boxes": ("boxes", "scores")}[network.kind]

    def forward(self, picture: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        given = self.network(planes(picture) / 255)
        return levels(given * 255).permute(0, 2, 3, 1) if self.network.kind == "picture" else given
