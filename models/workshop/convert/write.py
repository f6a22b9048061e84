"""From a definition with its weights to `converted.onnx`, run once to see that it shows the one face."""

from pathlib import Path

import numpy as np
import torch

from workshop import graph
from workshop.convert.published import Published, face_of

FILE = "converted.onnx"  # git-ignored by its name, beside the manifest


def write(network: Published, path: Path) -> None:
    """Write the float file with dynamic count, height and width (boxes and labels: the network's own size), and check it."""
    network = network.eval()
    if hasattr(network, "write"):  # its format is a graph already
        network.write(path)
    else:
        with torch.no_grad():
            graph.write_float(face_of(network), path, *inputs_of(network))
    check(network, path)


def inputs_of(network: Published) -> tuple[dict, dict]:
    """Example inputs of the face and their dynamic axes."""
    count, height, width = (torch.export.Dim(n) for n in ("count", "height", "width"))
    if network.kind == "labels":
        sample, shape = torch.zeros(2, network.side, network.side, 3), {0: count}
    elif network.kind == "boxes":
        sample, shape = torch.zeros(1, network.side, network.side, 3), None
    else:
        step = network.multiple
        down, right = (step * max(-(-network.least // step), -(-side // step)) for side in (24, 28))
        right += step if right == down else 0
        height, width = (step * side if step > 1 else side for side in (height, width))
        sample, shape = torch.zeros(2, down, right, 3), {0: count, 1: height, 2: width}
    samples, axes = {"picture": sample.byte()}, {"picture": shape}
    if network.context:
        samples["context"] = torch.zeros(2, network.context, network.context, 3, dtype=torch.uint8)
        axes["context"] = {0: count}
    return samples, axes


def check(network: Published, path: Path) -> None:
    """Run the file on one small picture: the answer has the face's names, types and sizes, and is finite."""
    session = graph.session(path)
    names = [output.name for output in session.get_outputs()]
    step, least = network.multiple, max(network.least, 20)
    down = network.side or step * -(-least // step)
    right = network.side or down + step
    feed = {"picture": np.random.default_rng(1).integers(0, 256, (1, down, right, 3), np.uint8)}
    if network.context:
        feed["context"] = feed["picture"][:, :1, :1].repeat(network.context, 1).repeat(network.context, 2)
    given = dict(zip(names, session.run(names, feed), strict=True))
    if network.kind == "picture":
        answer, expected = given["answer"], (1, down * network.scale, right * network.scale, 3)
        assert answer.shape == expected, f"answer of shape {answer.shape}, not {expected}"
        assert answer.dtype == np.uint8, f"answer of type {answer.dtype}"
        return
    scores, classes = given["scores"], len(network.labels)
    assert scores.dtype == np.float32, f"scores of type {scores.dtype}"
    assert scores.shape[1] == classes, f"{scores.shape[1]} scores for {classes} classes"
    assert np.isfinite(scores).all(), "scores that are no numbers"
    if network.kind == "boxes":
        assert given["boxes"].shape == (len(scores), 4), f"boxes of shape {given['boxes'].shape}"
