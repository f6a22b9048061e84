"""What a request may turn of a network, as the manifest describes it and as its file takes it."""

import numpy as np


def value_of(knob: dict, value=None) -> np.ndarray:
    """The input of the graph: float32 [1] of a number, [1,S] of a mix; `value` None: the default."""
    value = knob["default"] if value is None else value
    if "names" not in knob:
        return np.array([value], np.float32)
    return shares(knob["names"], value) if isinstance(value, str) else np.asarray(value, np.float32).reshape(1, -1)


def shares(names: list[str], text: str) -> np.ndarray:
    """`a` or `a:0.6,b:0.4` as a float32 vector [1,S] of sum 1; a part without a share weighs 1."""
    given = np.zeros((1, len(names)), np.float32)
    for part in text.split(","):
        word, _, share = part.partition(":")
        given[0, names.index(word.strip())] += float(share or 1)
    return given / given.sum()
