"""What training, export and measuring ask of a function's networks, with the answers of picture tasks."""

from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from torch import Tensor, nn

from workshop import pictures

Run = Callable[[np.ndarray, dict], object]  # (picture uint8 [H,W,3], knobs) -> the kind's answer, see `Task.kind`


class Task:
    """One function's task; `recipe` is one network's."""

    #: What a run answers: `picture` (uint8 [s*H,s*W,3]), `labels` (float [classes], sum 1) or `boxes`
    #: (list of (x1, y1, x2, y2, class, score) in pixels of the picture, after NMS, best first).
    kind = "picture"
    tile = 1024  # side of a tile's core
    measured_on: tuple[str, ...] = ()
    knobs: dict = {}
    of_set = staticmethod(pictures.files)  # the files of a set that is trained on

    def __init__(self, recipe: dict):
        self.recipe = recipe

    def trainable(self, network: nn.Module) -> list[nn.Parameter]:
        """The weights that a training changes."""
        return list(network.parameters())

    def there(self, data: Path) -> None:
        """Ends the program with one clear line where a set is missing that is trained on or measured on."""
        for name in (*self.recipe["data"], *self.measured_on):
            pictures.files(data, name)

    def samples(self, data: Path):
        """Samples of the recipe's sets: an object with `batch(count)` and a NumPy generator `random`."""
        return self.generated([pictures.read(f) for name in self.recipe["data"] for f in self.of_set(data, name)])

    def generated(self, originals: list[np.ndarray]):
        """Samples of given pictures."""
        raise NotImplementedError

    def shown(self, data: Path):
        """Samples that the 8-bit file is calibrated on."""
        return self.generated([pictures.read(f) for f in self.of_set(data, self.recipe["data"][0])[:40]])

    def finish(self, network: nn.Module, data: Path) -> None:
        """What is fitted to the trained network before it is exported (in place); nothing for most."""

    def calibration(self, samples) -> list[dict]:
        """Inputs of the face that show the 8-bit file its ranges."""
        raise NotImplementedError

    def loss(self, network: nn.Module, batch, part: float) -> Tensor:
        """The loss of one batch; `part` 0..1 of the training is done."""
        raise NotImplementedError

    def measure(self, run: Run, data: Path, quick: bool = False) -> list[dict]:
        """Rows of {set, metric, unit, value[, input]}; `quick`: the first row alone, from few pictures, while training."""
        raise NotImplementedError

    def sheet(self, run: Run, samples: Path, folder: Path) -> str:
        """Writes folder/sheet.jpg from the sample pictures; says what it shows."""
        raise NotImplementedError

    def contact(self, run: Run, data: Path, path: Path) -> None:
        """Writes pages <path>-<set>-<number>.png of every measured set: input, output, target where there is one."""
        raise NotImplementedError

    def geometry(self, network: nn.Module) -> dict:
        """`picture` of the manifest."""
        given = {
            "scale": network.scale,
            "multiple": network.multiple,
            "halo": -(-network.radius // network.multiple) * network.multiple,
            "tile": self.tile,
            "min": 1,
        }
        return given | ({"context": network.context} if getattr(network, "context", None) else {})

    def members(self) -> dict:
        """Further members of the manifest (labels, styles)."""
        return {}

    def files(self) -> Iterable[tuple[str, bytes]]:
        """Further files beside the manifest: name, bytes."""
        return ()


def figure(title: str, metric: str, value: float, plain: float | None = None, unit: str = "1") -> dict:
    """One row of figures; `plain`: the input's own. Rounded to 4 digits, decibels to 3."""
    digits = 3 if unit == "dB" else 4
    given = {"set": title, "metric": metric, "unit": unit, "value": round(float(value), digits)}
    return given | ({} if plain is None else {"input": round(float(plain), digits)})
