"""What is asked of the definition of a published network, and the faces that it is shown by."""

from typing import Self

import torch
from torch import Tensor, nn

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
    context: int | None = None  # side of the whole picture, shrunk, that `forward` takes as a second argument
    side: int | None = None  # labels and boxes: the network's size
    fit: str | None = None  # labels and boxes: "stretch", or "letterbox" (scaled to fit at the top left, grey 114)
    labels: tuple[str, ...] = ()  # labels and boxes: names of the classes, in the order of the scores
    knobs: dict = {}  # further inputs of `forward`, as the manifest tells them
    # What stays float in 8 bits, see `graph.write_int8`.
    in_float: tuple[str, ...] = ()
    ends: tuple[str, ...] = ()

    @classmethod
    def made(cls, held, **options) -> Self:
        """The network out of what the reader of its format gave; `options`: `from.options` of the manifest."""
        network = cls(**options)
        network.take(held)
        return network

    def take(self, weights: Weights) -> None:
        """Take weights that have the names of this definition, or those under `module.`."""
        plain = {name.removeprefix("module."): torch.from_numpy(value) for name, value in weights.items()}
        fill(self, plain)

    def count(self) -> int:
        """The number of weights."""
        return sum(p.numel() for p in self.parameters())

    def geometry(self) -> dict:
        """`picture` of the manifest."""
        if self.kind != "picture":
            return {"multiple": self.multiple, "size": self.side, "fit": self.fit}
        reach = -(-(self.radius or 0) // self.multiple) * self.multiple
        tile = -(-self.tile // self.multiple) * self.multiple
        given = {"scale": self.scale, "multiple": self.multiple, "halo": reach, "tile": tile, "min": self.least}
        given |= {"context": self.context} if self.context else {}
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


class PictureFace(nn.Module):
    """picture uint8 [N,H,W,3] -> answer uint8 [N,s*H,s*W,3]."""

    inputs = ("picture",)

    def __init__(self, network: Published):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        return levels(self.network(planes(picture) / 255) * 255).permute(0, 2, 3, 1)


class ContextFace(nn.Module):
    """picture uint8 [N,H,W,3], context uint8 [N,c,c,3] (the whole picture, shrunk) -> answer uint8 [N,s*H,s*W,3]."""

    inputs = ("picture", "context")

    def __init__(self, network: Published):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor, context: Tensor) -> Tensor:
        return levels(self.network(planes(picture) / 255, planes(context) / 255) * 255).permute(0, 2, 3, 1)


class LabelsFace(nn.Module):
    """picture uint8 [N,side,side,3] -> scores float32 [N,classes], sum 1."""

    inputs = ("picture",)
    outputs = ("scores",)

    def __init__(self, network: Published):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> Tensor:
        return self.network(planes(picture) / 255)


class BoxesFace(nn.Module):
    """picture uint8 [1,H,W,3] -> boxes float32 [M,4] x1 y1 x2 y2, scores float32 [M,classes]."""

    inputs = ("picture",)
    outputs = ("boxes", "scores")

    def __init__(self, network: Published):
        super().__init__()
        self.network = network

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        return self.network(planes(picture) / 255)


def face_of(network: Published) -> nn.Module:
    """The network with bytes in and bytes (labels, boxes: numbers) out."""
    if network.kind == "picture":
        return (ContextFace if network.context else PictureFace)(network)
    return {"labels": LabelsFace, "boxes": BoxesFace}[network.kind](network)
