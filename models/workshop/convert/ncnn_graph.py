"""A network that runs the layers of an ncnn graph, whichever they are, with PyTorch."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from workshop.convert.readers import Damaged
from workshop.convert.readers.ncnn import Graph, Layer

REST = -233  # an absent size, or "what is left, in equal parts"
SUMS = {0: torch.add, 1: torch.sub, 2: torch.mul, 3: torch.div}
# A permutation is told by the axes, of w, h, c, that become the answer's w, h, c.
ORDERS = ("whc", "hwc", "wch", "cwh", "hcw", "chw")
MODES = {1: "nearest", 2: "bilinear"}


class NcnnGraph(nn.Module):
    """The graph's input [N,C,H,W] -> its outputs of the names asked for. ncnn knows no batch: here it is the first axis."""

    def __init__(self, graph: Graph, outputs: tuple[str, ...]):
        super().__init__()
        self.outputs = outputs
        if lacking := set(outputs) - {name for layer in graph.layers for name in layer.outputs}:
            raise Damaged(f"the graph makes no {min(lacking)!r}")
        if [layer.kind for layer in graph.layers].count("Input") != 1:
            raise Damaged("the graph does not have one input")
        self.layers, self.steps = graph.layers, nn.ModuleList()
        for layer in graph.layers:
            try:
                self.steps.append(step(layer))
            except (KeyError, IndexError, TypeError, ValueError, RuntimeError) as cause:
                raise Damaged(f"layer {layer.name!r} of the graph makes no sense: {cause}") from cause

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        made = {}
        for layer, run in zip(self.layers, self.steps, strict=True):
            given = run(x) if layer.kind == "Input" else run(*(made[name] for name in layer.inputs))
            made.update(zip(layer.outputs, given if isinstance(given, tuple) else (given,), strict=True))
        return tuple(made[name] for name in self.outputs)


class Step(nn.Module):
    """A layer without weights: any function of tensors."""

    def __init__(self, run: Callable):
        super().__init__()
        self.run = run

    def forward(self, *inputs: Tensor):
        return self.run(*inputs)


class Memory(nn.Module):
    """A constant of the graph, [1,c,h,w]."""

    def __init__(self, data: Tensor):
        super().__init__()
        self.register_buffer("data", data[None])

    def forward(self) -> Tensor:
        return self.data


class Shuffle(nn.Module):
    """Channels dealt out: those of all groups in turn."""

    def __init__(self, groups: int, turned: bool):
        super().__init__()
        self.groups, self.turned = groups, turned

    def forward(self, x: Tensor) -> Tensor:
        channels = x.shape[1]
        groups = channels // self.groups if self.turned else self.groups
        return x.index_select(1, torch.arange(channels).reshape(groups, -1).T.flatten())


def step(layer: Layer) -> nn.Module:
    """What runs a layer."""
    s, weights = layer.settings, {name: torch.from_numpy(value) for name, value in layer.weights.items()}
    match layer.kind:
        case "Convolution" | "ConvolutionDepthWise":
            return convolution(s, **weights)
        case "InstanceNorm":
            norm = nn.InstanceNorm2d(s[0], eps=s[1], affine=True)
            norm.load_state_dict({"weight": weights["gamma"], "bias": weights["beta"]})
            return norm
        case "MemoryData":
            return Memory(weights["data"])
        case "ShuffleChannel":
            return Shuffle(s[0], bool(s.get(1)))
        case "Pooling":
            return pooling(s)
        case "PixelShuffle":
            return nn.PixelShuffle(s[0])
    return Step(plain(layer, s))


def plain(layer: Layer, s: dict) -> Callable:
    """What runs a layer that holds nothing. Axis 0 of ncnn is the first after the batch."""
    match layer.kind:
        case "Input":
            return lambda x: x
        case "Split":
            return lambda x: (x,) * len(layer.outputs)
        case "ReLU":
            return partial(F.leaky_relu, negative_slope=s[0]) if s.get(0) else torch.relu
        case "Sigmoid":
            return torch.sigmoid
        case "Swish":
            return F.silu
        case "Softmax":
            return partial(torch.softmax, dim=s[0] + 1)
        case "BinaryOp":
            run = SUMS[s.get(0, 0)]
            return partial(lambda b, a: run(a, b), float(s[2])) if s.get(1) else run
        case "Padding":
            top, bottom, left, right = (s.get(at, 0) for at in range(4))
            return partial(
                F.pad, pad=(left, right, top, bottom), mode={0: "constant", 1: "replicate", 2: "reflect"}[s.get(4, 0)]
            )
        case "Interp":
            return partial(F.interpolate, scale_factor=(s[1], s[2]), mode=MODES[s[0]])
        case "Slice":
            return partial(sliced, sizes=s[0], dim=s.get(1, 0) + 1)
        case "Crop":
            return partial(cropped, starts=s[9], ends=s[10], axes=s[11])
        case "Concat":
            return lambda *parts: torch.cat(parts, s.get(0, 0) + 1)
        case "Reshape":
            sizes = [s[at] for at in (2, 1, 0) if s.get(at, REST) != REST]
            return lambda x: x.reshape(x.shape[0], *sizes)
        case "Permute":
            return partial(turned, order=ORDERS[s.get(0, 0)])
    raise KeyError(layer.kind)


def convolution(s: dict, kernel: Tensor, bias: Tensor | None = None) -> nn.Module:
    """With the activation that is part of it."""
    groups = s.get(7, 1)
    sizes = {"stride": s.get(3, 1), "padding": s.get(4, 0), "dilation": s.get(2, 1), "groups": groups}
    made = nn.Conv2d(kernel.shape[1] * groups, s[0], s[1], bias=bias is not None, **sizes)
    made.load_state_dict({"weight": kernel} | ({"bias": bias} if bias is not None else {}))
    follows = {0: None, 1: nn.ReLU(), 2: nn.LeakyReLU(s[10][0]) if 10 in s else None, 4: nn.Sigmoid()}[s.get(9, 0)]
    return nn.Sequential(made, follows) if follows else made


def pooling(s: dict) -> nn.Module:
    """The largest of each window; a window that the picture ends in counts unless `5=1`."""
    if s.get(0, 0) != 0 or s.get(5, 0) not in (0, 1):
        raise ValueError("only the largest of a window is known")
    return nn.MaxPool2d(s[1], s.get(2, 1), s.get(3, 0), ceil_mode=s.get(5, 0) == 0)


def sliced(x: Tensor, sizes: list[int], dim: int) -> tuple[Tensor, ...]:
    """Cut along an axis."""
    parts, left = [], x.shape[dim]
    for at, size in enumerate(sizes):
        parts.append(left // (len(sizes) - at) if size == REST else size)
        left -= parts[-1]
    return x.split(parts, dim)


def cropped(x: Tensor, starts: list[int], ends: list[int], axes: list[int]) -> Tensor:
    """From start to end on each of the axes."""
    for start, end, axis in zip(starts, ends, axes, strict=True):
        x = x.narrow(axis + 1, start, min(end, x.shape[axis + 1]) - start)
    return x


def turned(x: Tensor, order: str) -> Tensor:
    """[N,c,h,w], or [N,h,w] (where every order but the first swaps both)."""
    if x.dim() == 3:
        return x.transpose(1, 2) if order != ORDERS[0] else x
    return x.permute(0, *("chw".index(axis) + 1 for axis in reversed(order)))
