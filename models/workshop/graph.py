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
from onnx import numpy_helper
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

OUTPUT = "answer"  # a graph may not name an output like an input
PREFIX = "network."  # of the weights' names in a file, before their names in the network


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
            output_names=[OUTPUT],
            verbose=False,
        )
    save(program.model_proto, path)


def save(model: onnx.ModelProto, path: Path) -> None:
    """Write without what the tools note about the machine and the source code."""
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
    """The network's weights out of an exported float file, by their names."""
    model = onnx.load(path)
    named = {i.name: i for i in model.graph.initializer if i.name.startswith(PREFIX)}
    return {n.removeprefix(PREFIX): torch.from_numpy(numpy_helper.to_array(i).copy()) for n, i in named.items()}


class Crops(CalibrationDataReader):
    """Calibration: a list of inputs, one after another."""

    def __init__(self, inputs: list[dict[str, np.ndarray]]):
        self.inputs = iter(inputs)

    def get_next(self):
        return next(self.inputs, None)


def write_int8(source: Path, path: Path, inputs: list[dict[str, np.ndarray]], in_float: tuple[str, ...]) -> None:
    """8 bits for Conv, Add and Relu up to the tail; `in_float` names parts of the network to leave alone.

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
            op_types_to_quantize=["Conv", "Add", "Relu"],
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            per_channel=True,
            reduce_range=True,
            calibrate_method=CalibrationMethod.Percentile,  # the rare extremes cost steps that all others need
            extra_options={"CalibPercentile": 99.995},
            nodes_to_exclude=left_alone(onnx.load(ready), in_float),
        )
    save(onnx.load(path), path)


def left_alone(model: onnx.ModelProto, in_float: tuple[str, ...]) -> list[str]:
    """Names of the nodes that stay float: the parts named, everything after the tail, and the sum that it reads."""
    names, after = [], set()
    made_by = {output: node for node in model.graph.node for output in node.output}
    for node in model.graph.node:
        of = [i.split(PREFIX, 1)[1] for i in node.input if PREFIX in i]
        if any(i in after for i in node.input):
            after.update(node.output)
            names.append(node.name)
        elif any(i.startswith("tail.weight") for i in of):
            after.update(node.output)
            if "tail" in in_float:
                names += [node.name, made_by[node.input[0]].name]
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
