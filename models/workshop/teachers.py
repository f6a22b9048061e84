"""Published detectors that teach: read from their files, run by ONNX Runtime."""

import numpy as np
import onnx
import onnxruntime
from onnx import numpy_helper

from workshop.mirror import published

YOLOX = "detect/yolox-nano.onnx"
SHA256 = "695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14"
# Its features after the stages of strides 4, 8, 16 and 32 (this one narrowed), in the middle of the neck, and before its
# three heads: names in the file.
PLACES = ("721", "781", "841", "890", "925", "1028", "1070", "1112")


def session_of(model: onnx.ModelProto, threads: int) -> onnxruntime.InferenceSession:
    """A quiet session on the CPU."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


class Yolox:
    """YOLOX-nano (Ge et al. 2021, https://arxiv.org/abs/2107.08430), published under Apache-2.0."""

    def __init__(self, threads: int = 1):
        model = onnx.load_from_string(published(YOLOX, SHA256))
        graph = model.graph
        del graph.value_info[:], graph.output[1:]
        for axis, value in ((0, "count"), (2, "height"), (3, "width")):  # all-convolutional: only the file fixes them
            graph.input[0].type.tensor_type.shape.dim[axis].dim_param = value
        graph.output[0].type.tensor_type.shape.dim[0].dim_param = "count"
        graph.output[0].type.tensor_type.shape.dim[1].dim_param = "rows"
        shapes = {node.input[1] for node in graph.node if node.op_type == "Reshape"}
        for held in graph.initializer:
            if held.name in shapes:
                held.CopyFrom(numpy_helper.from_array(np.array([0, 85, -1], np.int64), held.name))
        graph.output.extend(onnx.helper.make_tensor_value_info(p, onnx.TensorProto.FLOAT, None) for p in PLACES)
        self.session = session_of(model, threads)

    def rows(self, picture: np.ndarray) -> np.ndarray:
        """uint8 RGB [H,W,3], sides multiples of 32 -> [R,85]: coded box, then objectness and classes in 0..1."""
        return self.session.run(["output"], {"images": planes(picture[None])})[0][0]

    def looked(self, pictures: np.ndarray) -> tuple[np.ndarray, list[np.ndarray]]:
        """uint8 RGB [N,H,W,3] -> rows [N,R,85] and the features [N,C,h,w] at `PLACES`."""
        rows, *features = self.session.run(["output", *PLACES], {"images": planes(pictures)})
        return rows, features


def planes(pictures: np.ndarray) -> np.ndarray:
    """RGB [N,H,W,3] -> BGR [N,3,H,W] float, as the file wants them."""
    return np.ascontiguousarray(pictures[..., ::-1].transpose(0, 3, 1, 2), np.float32)
