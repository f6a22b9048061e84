"""The end of an 8-bit graph whose last sum is in 8 bits too: that sum, in steps of one level, is the answer's bytes."""

import numpy as np
import onnx
from onnx import numpy_helper

BETWEEN = ("Round", "Clip")  # what turns levels into bytes, before the cast


def straighten(model: onnx.ModelProto) -> None:
    """Cast(Round(Clip(Dequantize(Quantize(levels))))) becomes Quantize(levels) with step 1 and zero 0: it rounds and cuts alike.

    Five passes over a large answer are saved. Raises where the graph has no such end.
    """
    graph = model.graph
    made_by = {output: node for node in graph.node for output in node.output}
    constants = {each.name: each for each in graph.initializer}
    for cast in [node for node in graph.node if node.op_type == "Cast"]:
        gone = [cast]
        while (node := made_by.get(gone[-1].input[0])) is not None and node.op_type in BETWEEN:
            gone.append(node)
        if len(gone) == 1 or node is None or node.op_type != "DequantizeLinear":
            continue
        quantize = made_by[node.input[0]]
        for name, value in zip(quantize.input[1:3], (1, 0), strict=True):
            old = numpy_helper.to_array(constants[name])
            constants[name].CopyFrom(numpy_helper.from_array(np.full_like(old, value), name))
        for reader in graph.node:
            for at, name in enumerate(reader.input):
                if name == cast.output[0]:
                    reader.input[at] = quantize.output[0]
        for each in (*gone, node):
            graph.node.remove(each)
        return
    raise ValueError("the graph does not end in a sum of 8 bits that is cut, rounded and cast")
