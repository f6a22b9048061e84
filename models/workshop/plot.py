"""The loss of a training as a picture."""

from pathlib import Path

import matplotlib

matplotlib.use("Agg")
from matplotlib import pyplot  # noqa: E402


def save(losses: list, measured: list, path: Path, title: str) -> None:
    """`losses`: (step, mean loss of the last 50 steps); `measured`: (step, figure)."""
    figure, axis = pyplot.subplots(figsize=(8, 4))
    axis.plot(*zip(*losses, strict=True), linewidth=0.8)
    axis.set(title=title, xlabel="step", ylabel="loss")
    if measured:
        other = axis.twinx()
        other.plot(*zip(*measured, strict=True), "o-", color="tab:orange")
        other.set_ylabel("measured")
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)
