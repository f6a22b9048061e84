"""From a network to its two files: the float graph and the 8-bit graph made of it."""

import contextlib
import io
import tempfile
import warnings
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from onnx import helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from workshop import bytes_out

OUTPUTS = ("answer",)  # a graph may not name an output like an input
PREFIX = "network."  # of the weights' names in a file, before their names in the network
QUANTIZED = ("Conv", "Add", "Relu")
PERCENTILE = 99.995  # of the values seen, the range that 8 bits span
TINY = np.finfo(np.float32).tiny  # the smallest normal float32; arithmetic on smaller ones is slow


def write_float(face: torch.nn.Module, path: Path, sample: dict[str, torch.Tensor], shapes: dict) -> None:
    """Export the face with dynamic count, height and width; weights keep the network's names."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        program = torch.onnx.export(
            face.eval(),
            tuple(sample[name] for name in face.inputs),
            dynamo=True,
            dynamic_shapes=tuple(shapes[name] for name in face.inputs),
            input_names=list(face.inputs),
            output_names=list(outputs_of(face)),
            verbose=False,
        )
    save(program.model_proto, path)


def outputs_of(face: torch.nn.Module) -> tuple[str, ...]:
    """Names of what a face answers; the first is the kind's, further ones are for looking at."""
    return getattr(face, "outputs", OUTPUTS)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write without denormals, and without what the tools note about the machine and the source code."""
    for held in model.graph.initializer:
        if held.data_type == onnx.TensorProto.FLOAT:
            values = numpy_helper.to_array(held)
            small = (np.abs(values) < TINY) & (values != 0)
            if small.any():
                held.CopyFrom(numpy_helper.from_array(np.where(small, np.float32(0), values), held.name))
    del model.metadata_props[:], model.graph.metadata_props[:], model.graph.value_info[:]
    model.doc_string = model.graph.doc_string = ""
    model.producer_name, model.producer_version = "workshop", ""
    for part in (*model.graph.node, *model.graph.input, *model.graph.output, *model.graph.initializer):
        part.doc_string = ""
        del part.metadata_props[:]
    onnx.checker.check_model(model)
    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(model, path)


def weights(path: Path) -> dict[str, torch.Tensor]:
    """The network's weights out of an exported float file or a checkpoint, by their names.

    A file holds a batch norm as part of its convolution: networks with one begin from a checkpoint.
    """
    if path.suffix == ".pt":
        return torch.load(path, weights_only=True)["average"]
    model = onnx.load(path)
    named = {i.name: i for i in model.graph.initializer if i.name.startswith(PREFIX)}
    read = {n.removeprefix(PREFIX): torch.from_numpy(numpy_helper.to_array(i).copy()) for n, i in named.items()}
    return {n: v.float() if v.dtype == torch.float16 else v for n, v in read.items()}


def halve(path: Path) -> None:
    """Store the large weights of a float file as float16, turned back when it is loaded."""
    model = onnx.load(path)
    casts = []
    for held in model.graph.initializer:
        if held.data_type != onnx.TensorProto.FLOAT or np.prod(held.dims) < 1024:
            continue
        made = f"{held.name}.as_float"
        for node in model.graph.node:
            node.input[:] = [made if name == held.name else name for name in node.input]
        casts.append(helper.make_node("Cast", [held.name], [made], name=f"{made}.cast", to=onnx.TensorProto.FLOAT))
        held.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(held).astype(np.float16), held.name))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    save(model, path)


class Crops(CalibrationDataReader):
    """Calibration: a list of inputs, one after another."""

    def __init__(self, inputs: list[dict[str, np.ndarray]]):
        self.inputs = iter(inputs)

    def get_next(self):
        return next(self.inputs, None)


def write_int8(source: Path, path: Path, inputs: list[dict[str, np.ndarray]], network) -> None:
    """8 bits for Conv, Add and Relu up to the tail, or as the network's attributes say instead:

    `in_float` names parts to leave alone, `quantized` the operators, `ends` the last parts (what comes after them stays
    float), `percentile` of the values seen the range is.
    `reduce_range` keeps 7 bits of the weights: without it a CPU that has no VNNI saturates and answers differently.
    """
    with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()):
        ready = Path(folder) / "ready.onnx"
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        quantize_static(
            str(ready),
            str(path),
            Crops(inputs),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=list(getattr(network, "quantized", QUANTIZED)),
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            calibrate_method=CalibrationMethod.Percentile,  # the rare extremes cost steps that all others need
            extra_options={"CalibPercentile": getattr(network, "percentile", PERCENTILE)},
            nodes_to_exclude=left_alone(onnx.load(ready), network.in_float, getattr(network, "ends", ("tail",))),
        )
    model = onnx.load(path)
    if getattr(network, "bytes_out", False):
        bytes_out.straighten(model)
    save(model, path)


def left_alone(model: onnx.ModelProto, in_float: tuple[str, ...], ends: tuple[str, ...] = ("tail",)) -> list[str]:
    """Names of the nodes that stay float: the parts named, everything after the ends, and a sum that a float end reads."""
    names, after = [], set()
    made_by = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        of = [i.split(PREFIX, 1)[1] for i in node.input if PREFIX in i]
        if any(i in after for i in node.input):
            after.update(node.output)
            names.append(node.name)
        elif end := next((end for end in ends for i in of if i.startswith(f"{end}.")), None):
            after.update(node.output)
            if end in in_float:
                names.append(node.name)
                read = made_by.get(node.input[0])
                names += [read.name] if read is not None and read.op_type == "Add" else []
        elif any(i.startswith(part + ".") for i in of for part in in_float):
            names.append(node.name)
    return names


def session(path: Path, threads: int = 2) -> onnxruntime.InferenceSession:
    """A session as the functions open it."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
