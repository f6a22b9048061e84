"""Converted classifiers, as files and as served, beside a plain PyTorch run of the same weights written here."""

import json

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from workshop import pictures
from workshop.catalogue_test.conftest import DATA, MIRROR
from workshop.convert.run import manifest_of, run_of
from workshop.tasks import judge_of
from workshop.tasks.classify import packed

CLASSIFIERS = {"resnet20": 3, "resnet32": 5}  # blocks a stage
LOSS = 0.3  # points of top-1, either way


@pytest.fixture(params=CLASSIFIERS)
def classifier(request) -> str:
    return request.param


@pytest.fixture
def run(run_by, classifier):
    """`run(picture, knobs) -> scores`."""
    return run_by(f"classify/{classifier}")


def original(classifier: str, levels: np.ndarray) -> Tensor:
    """Pictures uint8 [N,32,32,3] -> logits [N,10], straight from the state dictionary."""
    held = torch.load(MIRROR / "classify" / f"{classifier}.th", map_location="cpu", weights_only=True)["state_dict"]

    def step(x: Tensor, conv: str, norm: str, stride: int = 1) -> Tensor:
        at = f"module.{norm}"
        told = [held[f"{at}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
        return F.batch_norm(F.conv2d(x, held[f"module.{conv}.weight"], stride=stride, padding=1), *told)

    x = torch.from_numpy(levels).permute(0, 3, 1, 2) / 255
    x = (x - x.new_tensor([0.485, 0.456, 0.406]).view(3, 1, 1)) / x.new_tensor([0.229, 0.224, 0.225]).view(3, 1, 1)
    x = F.relu(step(x, "conv1", "bn1"))
    for stage in (1, 2, 3):
        for block in range(CLASSIFIERS[classifier]):
            name, smaller = f"layer{stage}.{block}", stage > 1 and block == 0
            y = F.relu(step(x, f"{name}.conv1", f"{name}.bn1", 2 if smaller else 1))
            y = step(y, f"{name}.conv2", f"{name}.bn2")
            if smaller:
                empty = torch.zeros_like(x[:, : x.shape[1] // 2, ::2, ::2])
                x = torch.cat([empty, x[:, :, ::2, ::2], empty], 1)
            x = F.relu(x + y)
    return F.linear(x.mean((2, 3)), held["module.linear.weight"], held["module.linear.bias"])


def reference(classifier: str) -> dict[str, dict]:
    """Logits and probabilities by the names of the pictures."""
    return json.loads((MIRROR / "reference" / f"classify-{classifier}.json").read_text())["pictures"]


def test_the_original_run_here_is_the_one_of_the_reference(classifier):
    for name, told in reference(classifier).items():
        logits = original(classifier, pictures.read(MIRROR / "reference" / name)[None])[0]
        assert np.abs(logits.numpy() - told["logits"]).max() < 1e-4


def test_scores_are_those_of_the_reference(run, classifier):
    assert len(reference(classifier)) == 4
    for name, told in reference(classifier).items():
        scores = run(pictures.read(MIRROR / "reference" / name), {})
        assert np.abs(scores - np.array(told["probabilities"])).max() < 1e-4


def test_logits_are_those_of_the_reference(classifier):
    """A softmax keeps the differences of its logits; a file's small scores are not rounded as an answer's are."""
    run = run_of(f"classify/{classifier}")
    for name, told in reference(classifier).items():
        logits = np.log(run(pictures.read(MIRROR / "reference" / name), {}))
        assert np.abs((logits - logits.max()) - (np.array(told["logits"]) - max(told["logits"]))).max() < 1e-3


# proves: D12
def test_the_share_of_right_classes_is_the_originals(run, classifier, record_property):
    levels, labels = packed(DATA, "test")
    with torch.no_grad():
        best = torch.cat([original(classifier, part).argmax(1) for part in np.split(levels, 20)])
    theirs = 100 * float((best.numpy() == labels).mean())
    top, _ = judge_of(manifest_of(f"classify/{classifier}")).measure(run, DATA)
    record_property("top-1", f"{top['value']:.2f} %, the original {theirs:.2f} %")
    assert abs(top["value"] - theirs) <= LOSS
