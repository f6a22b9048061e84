"""ncnn files: a graph in words (`.param`) and its weights (`.bin`), in the order of the layers.

A line of the graph: kind, name, number of inputs, number of outputs, their names, then `id=value` settings; a list has the id
-23300-n and its length first. Only the kinds and settings below are taken: what is not known is refused, not passed over.
"""

import re
from dataclasses import dataclass, field
from math import prod
from pathlib import Path

import numpy as np

from workshop.convert.readers import Damaged

MAGIC = "7767517"
LISTS = -23300  # a list's id counts down from here
LONGEST = 1 << 20  # bytes of a .param
MOST = 4096  # layers, and names of a layer
HALVES, FLOATS = 0x01306B47, 0  # tags before the kernels: what follows

# The ids of the settings that each kind may have; `ncnn_graph` says what they mean.
KINDS = {
    "Input": {0, 1, 2},
    "MemoryData": {0, 1, 2},
    "Convolution": {0, 1, 2, 3, 4, 5, 6, 9, 10},
    "ConvolutionDepthWise": {0, 1, 2, 3, 4, 5, 6, 7, 9, 10},
    "InstanceNorm": {0, 1},
    "ReLU": {0},
    "Sigmoid": set(),
    "Swish": set(),
    "Softmax": {0, 1},
    "BinaryOp": {0, 1, 2},
    "Pooling": {0, 1, 2, 3, 5},
    "Padding": {0, 1, 2, 3, 4},
    "Interp": {0, 1, 2},
    "PixelShuffle": {0},
    "ShuffleChannel": {0, 1},
    "Split": set(),
    "Slice": {0, 1},
    "Crop": {9, 10, 11},
    "Concat": {0},
    "Reshape": {0, 1, 2},
    "Permute": {0},
}


@dataclass(frozen=True)
class Layer:
    """One line of the graph. Weights, float32: `kernel` [out,in/groups,k,k] and `bias` [out]; `gamma` and `beta` [channels];
    `data` [c,h,w]."""

    kind: str
    name: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    settings: dict[int, int | float | list]
    weights: dict[str, np.ndarray] = field(default_factory=dict)


@dataclass(frozen=True)
class Graph:
    """Layers in the order in which they run: every input was made by one before."""

    layers: tuple[Layer, ...]


def read(paths: list[Path]) -> Graph:
    """The graph of a `.param` and a `.bin`, in whichever order."""
    by = {path.suffix: path for path in paths}
    if len(paths) != 2 or by.keys() != {".param", ".bin"}:
        raise Damaged(f"{', '.join(path.name for path in paths)}: an ncnn network is one .param and one .bin")
    layers, data = described(by[".param"]), Bytes(by[".bin"])
    for layer in layers:
        try:
            layer.weights.update(weights_of(layer, data))
        except (KeyError, TypeError, ValueError) as cause:
            raise Damaged(f"{by['.param'].name}: the settings of layer {layer.name!r} make no sense") from cause
    if data.left:
        raise Damaged(f"{by['.bin'].name}: {data.left} bytes are left over after the last layer")
    return Graph(tuple(layers))


def described(path: Path) -> list[Layer]:
    """The lines of a `.param`, without weights."""
    if path.stat().st_size > LONGEST:
        raise Damaged(f"{path.name}: a graph in words has {LONGEST} bytes at most")
    lines = [line.split() for line in path.read_bytes().decode("utf-8", "replace").splitlines() if line.strip()]
    if len(lines) < 2 or lines[0] != [MAGIC]:
        raise Damaged(f"{path.name} is not an ncnn graph: its first line is not {MAGIC}")
    if len(lines) - 2 > MOST or lines[1][:1] != [str(len(lines) - 2)]:
        raise Damaged(
            f"{path.name} says {lines[1][0][:20]!r} layers and has {len(lines) - 2}; {MOST} are taken at most"
        )
    layers, made = [], set()
    for number, words in enumerate(lines[2:], 3):
        try:
            layer = layer_of(words)
        except (ValueError, IndexError) as cause:
            raise Damaged(f"{path.name}: line {number} is no layer: {cause}") from cause
        if lacking := [name for name in layer.inputs if name not in made]:
            raise Damaged(f"{path.name}: line {number} reads {lacking[0]!r}, which no line before makes")
        if made & set(layer.outputs):
            raise Damaged(f"{path.name}: line {number} makes what a line before made")
        made.update(layer.outputs)
        layers.append(layer)
    return layers


def layer_of(words: list[str]) -> Layer:
    """One line, split at its blanks."""
    kind, name, taken, given = words[0], words[1], int(words[2]), int(words[3])
    if kind not in KINDS:
        raise ValueError(f"kind {kind!r} is not known")
    if not (0 <= taken <= MOST and 1 <= given <= MOST and len(words) >= 4 + taken + given):
        raise ValueError("fewer names than it says")
    settings = dict(setting(word) for word in words[4 + taken + given :])
    if strange := settings.keys() - KINDS[kind]:
        raise ValueError(f"setting {min(strange)} of a {kind} is not known")
    return Layer(kind, name, tuple(words[4 : 4 + taken]), tuple(words[4 + taken : 4 + taken + given]), settings)


def setting(word: str) -> tuple[int, int | float | list]:
    """`id=value`."""
    at, _, value = word.partition("=")
    if int(at) > LISTS:
        return int(at), number(value)
    count, *values = value.split(",")
    if int(count) != len(values):
        raise ValueError(f"a list of {count} has {len(values)} values")
    return LISTS - int(at), [number(v) for v in values]


def number(word: str) -> int | float:
    """A whole number, or one with a point or an exponent."""
    if not re.fullmatch(r"-?\d{1,9}(\.\d*)?(e[+-]?\d{1,2})?", word):
        raise ValueError(f"{word[:20]!r} is no number")
    return int(word) if re.fullmatch(r"-?\d+", word) else float(word)


class Bytes:
    """A `.bin`, read from its begin to its end."""

    def __init__(self, path: Path):
        self.name, self.data, self.at = path.name, path.read_bytes(), 0

    @property
    def left(self) -> int:
        return len(self.data) - self.at

    def take(self, kind: str, count: int) -> np.ndarray:
        """The next `count` numbers of a NumPy kind, as float32 (tags as they are); they fill up 4 bytes."""
        size = -(-count * np.dtype(kind).itemsize // 4) * 4
        if not 0 < size <= self.left:
            raise Damaged(f"{self.name} ends too early: {size} bytes are wanted at {self.at}, {self.left} are left")
        given = np.frombuffer(self.data, kind, count, self.at)
        self.at += size
        return given if kind == "<u4" else given.astype(np.float32)

    def tagged(self, count: int) -> np.ndarray:
        """`count` numbers with a tag before them that says how they are kept."""
        (tag,) = self.take("<u4", 1)
        if tag not in (HALVES, FLOATS):
            raise Damaged(
                f"{self.name}: tag {tag:#010x} at {self.at - 4} is neither that of 16-bit nor of 32-bit floats"
            )
        return self.take("<f2" if tag == HALVES else "<f4", count)


def weights_of(layer: Layer, data: Bytes) -> dict[str, np.ndarray]:
    """What a layer keeps in the `.bin`."""
    s = layer.settings
    if layer.kind in ("Convolution", "ConvolutionDepthWise"):
        kernel = data.tagged(s[6]).reshape(s[0], -1, s[1], s[1])
        return {"kernel": kernel} | ({"bias": data.take("<f4", s[0])} if s.get(5) else {})
    if layer.kind == "InstanceNorm":
        return {"gamma": data.take("<f4", s[0]), "beta": data.take("<f4", s[0])}
    if layer.kind == "MemoryData":
        shape = s[2], s[1], s[0]
        return {"data": data.take("<f4", prod(shape)).reshape(shape)}
    return {}
