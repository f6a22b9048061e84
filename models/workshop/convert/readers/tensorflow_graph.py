"""Frozen graphs of TensorFlow 1 (.pb): a GraphDef whose weights are its Const nodes.

Only the weights are read, in TensorFlow's layout (kernels: height, width, channels in, channels out). What the graph does with
them, the definitions say.
"""

import math
from pathlib import Path

import numpy as np

from workshop.convert.readers import Damaged, Weights
from workshop.convert.readers.tensorflow_messages import NUMBERS, TENSORFLOW, sides

LARGEST = 64 << 20  # bytes of a file; messages take many times their bytes once they are read
NODES = 10_000
FILLED = 1 << 14  # the most numbers of a tensor that holds one number for all of them
FLOATS = {1: "float_val", 2: "double_val"}  # where numbers lie that are not in `tensor_content`, by type


def read(paths: list[Path]) -> Weights:
    """The floating constants of one graph by the names of their nodes; single numbers, which are arithmetic, aside."""
    (path,) = paths
    if path.stat().st_size > LARGEST:
        raise Damaged(f"{path.name} has {path.stat().st_size} bytes; a graph of at most {LARGEST} is read")
    nodes = TENSORFLOW.parsed("GraphDef", path.read_bytes(), path.name).node
    if len(nodes) > NODES:
        raise Damaged(f"{path.name} has {len(nodes)} nodes; at most {NODES} are read")
    weights = {}
    for node in nodes:
        tensor = next((entry.value.tensor for entry in node.attr if entry.key == "value"), None)
        if node.op != "Const" or tensor is None or tensor.dtype not in FLOATS or not tensor.tensor_shape.dim:
            continue
        if node.name in weights:
            raise Damaged(f"{path.name} has two nodes {node.name!r}")
        weights[node.name] = array(tensor, f"{path.name}: {node.name!r}")
    if not weights:
        raise Damaged(f"{path.name} holds no weights: no Const node of floating numbers")
    return weights


def array(tensor, where: str) -> np.ndarray:
    """The numbers of a TensorProto as float32; `where`: file and node, for what is said of a wrong one."""
    shape = sides(tensor.tensor_shape, where)
    wanted, kind = math.prod(shape), np.dtype(NUMBERS[tensor.dtype])
    if tensor.tensor_content:
        if len(tensor.tensor_content) != wanted * kind.itemsize:
            raise Damaged(f"{where} has {len(tensor.tensor_content)} bytes for the shape {list(shape)}")
        return np.frombuffer(tensor.tensor_content, kind).reshape(shape).astype(np.float32)
    given = np.array(getattr(tensor, FLOATS[tensor.dtype]), np.float32)
    if len(given) == 1 and wanted <= FILLED:
        return np.full(shape, given[0])
    if len(given) != wanted:
        raise Damaged(f"{where} has {len(given)} numbers for the shape {list(shape)}")
    return given.reshape(shape)
