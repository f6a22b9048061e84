"""ONNX files: the graph with its weights, all in one file.

A graph is run, so what it may be is narrow: the standard's own operators, no graph within the graph (loops, branches), and
no tensor that claims to be more than the file holds or larger than `LARGEST`.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
from onnx import AttributeProto, GraphProto, ModelProto, TensorProto, helper, shape_inference

from workshop.convert.readers import Damaged

BYTES = 1 << 30  # of a file
NODES = 10_000
LARGEST = 1 << 27  # numbers of one tensor
KINDS = ("FLOAT", "FLOAT16", "DOUBLE", "INT8", "UINT8", "INT16", "UINT16", "INT32", "INT64", "BOOL")


def read(paths: list[Path]) -> ModelProto:
    """The model of one file, checked."""
    (path,) = paths
    if path.stat().st_size > BYTES:
        raise Damaged(f"{path.name} has more than {BYTES} bytes")
    try:
        model = onnx.load_model_from_string(path.read_bytes())
    except Exception as cause:  # protobuf's own errors have no common class
        raise Damaged(f"{path.name} is not an ONNX file: {str(cause)[:200]}") from cause
    if why := refused(model):
        raise Damaged(f"{path.name}: {why}")
    try:
        onnx.checker.check_model(model)
        whole = shape_inference.infer_shapes(model, check_type=True, data_prop=True)
    except (onnx.checker.ValidationError, shape_inference.InferenceError, ValueError) as cause:
        raise Damaged(f"{path.name}: {str(cause).strip().splitlines()[0][:200]}") from cause
    for value in (*whole.graph.input, *whole.graph.value_info, *whole.graph.output):
        if size(value.type.tensor_type.shape) > LARGEST:
            raise Damaged(f"{path.name}: {value.name!r} would be larger than {LARGEST} numbers")
    return model


def refused(model: ModelProto) -> str | None:
    """Why a model is not taken, before anything looks closer at it."""
    graph = model.graph
    if not graph.node or len(graph.node) > NODES:
        return f"it has {len(graph.node)} operators; 1 to {NODES} are taken"
    if model.functions or any(node.domain not in ("", "ai.onnx") for node in graph.node):
        return "it has operators that are not of the standard"
    if graph.sparse_initializer:
        return "it has sparse weights"
    kinds = {attribute.type for node in graph.node for attribute in node.attribute}
    if kinds - {getattr(AttributeProto, name) for name in ("FLOAT", "INT", "STRING", "TENSOR", "FLOATS", "INTS")}:
        return "it has operators with graphs or lists of tensors in them"
    return next((why for tensor in tensors(graph) if (why := wrong(tensor))), None)


def tensors(graph: GraphProto) -> Iterator[TensorProto]:
    """Weights and constants."""
    yield from graph.initializer
    yield from (a.t for node in graph.node for a in node.attribute if a.type == AttributeProto.TENSOR)


def wrong(tensor: TensorProto) -> str | None:
    """Why a tensor is not taken: it lies elsewhere, or its sides do not agree with what it holds."""
    if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
        return f"weights {tensor.name!r} lie in another file"
    known = {getattr(TensorProto, kind) for kind in KINDS}
    if tensor.data_type not in known or any(side < 0 for side in tensor.dims):
        return f"weights {tensor.name!r} are of a kind that is not taken"
    count = int(np.prod(list(tensor.dims), dtype=object))
    if tensor.HasField("raw_data"):
        held = len(tensor.raw_data) / helper.tensor_dtype_to_np_dtype(tensor.data_type).itemsize
    else:
        held = len(getattr(tensor, helper.tensor_dtype_to_field(tensor.data_type)))
    return f"weights {tensor.name!r} claim {count} numbers and hold {held:g}" if held != count else None


def size(shape) -> int:
    """Numbers of a tensor, as far as its sides are known."""
    return int(np.prod([side.dim_value for side in shape.dim if side.dim_value > 0], dtype=object))
