"""A converted file run once, to see that it shows the one face."""

from pathlib import Path

import numpy as np

from workshop import graph
from workshop.convert.published import Published


def check(network: Published, path: Path) -> None:
    """Run the file on one small picture: the answer has the face's names, types and sizes, and is finite."""
    session = graph.session(path)
    names = [output.name for output in session.get_outputs()]
    step, least = network.multiple, max(network.least, 20)
    down = network.side or step * -(-least // step)
    right = network.side or down + step
    feed = {"picture": np.random.default_rng(1).integers(0, 256, (1, down, right, 3), np.uint8)}
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
