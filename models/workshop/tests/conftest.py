"""One training of 20 steps and its export for each function, shared by the tests."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from workshop import export, recipe, train
from workshop.tasks import TASKS
from workshop.tests import made

NAMES = ["upscale/default", "lowlight/default"]


@dataclass
class Exported:
    """What a test looks at."""

    recipe: dict
    training: train.Training
    folder: Path
    manifest: dict


@pytest.fixture(scope="session", params=NAMES)
def exported(request, tmp_path_factory) -> Exported:
    """The committed recipe with smaller batches, 20 steps on made pictures, then exported."""
    given = recipe.load(request.param, 20) | {"batch": 2, "save_every": 10}
    task = TASKS[request.param.split("/")[0]](given)
    beside = tmp_path_factory.mktemp("training")
    samples = task.generated(made.some())
    training = train.run(given, beside, samples=samples, folder=beside)
    dark = made.picture(9, 90, 100)

    def measure(run) -> list[dict]:
        scale = training.network.scale
        value = float(run(dark, {}).mean())
        return [{"set": "made", "metric": "mean", "unit": "1", "value": value, "input": float(scale)}]

    weights = training.average.state_dict()
    folder = export.run(given, weights, samples, measure, beside / "models", recipe.ROOT / "samples")
    return Exported(given, training, folder, json.loads((folder / "model.json").read_text()))
