"""YOLOv3 on random weights, beside a run of its list of layers by their numbers, as the paper's program describes it."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workshop.convert.networks.yolov3 import Yolov3
from workshop.convert.readers import Damaged, darknet
from workshop.tests.convert.test_darknet import written

SIDE, WIDTH = 64, 1  # a small picture, and a 32nd of the channels
ANCHORS = [[116, 90], [156, 198], [373, 326]], [[30, 61], [62, 45], [59, 119]], [[10, 13], [16, 30], [33, 23]]


def layers() -> list[tuple]:
    """(channels, side, stride) of a convolution, ("add",) of what is 3 before, ("from", places), ("twice",), ("head",)."""
    made = [(32, 3, 1)]
    for channels, blocks in ((64, 1), (128, 2), (256, 8), (512, 8), (1024, 4)):
        made += [(channels, 3, 2)] + [(channels // 2, 1, 1), (channels, 3, 1), ("add",)] * blocks
    for channels, joined in ((512, 61), (256, 36), (128, None)):
        made += [(channels, 1, 1), (2 * channels, 3, 1)] * 3 + [("head",), ("mark",)]
        if joined:
            made += [("from", -4), (channels // 2, 1, 1), ("twice",), ("from", -1, joined)]
    return made


def by_number(numbers: np.ndarray, x: torch.Tensor) -> list[torch.Tensor]:
    """The planes before decoding, [1,255,H,W] of each head."""
    at, outputs, heads = 0, [], []

    def take(*shape: int) -> torch.Tensor:
        nonlocal at
        at += int(np.prod(shape))
        return torch.from_numpy(numbers[at - int(np.prod(shape)) : at].reshape(shape))

    for kind, *told in layers():
        if kind == "add":
            x = outputs[-1] + outputs[-3]
        elif kind == "from":
            x = torch.cat([outputs[place] for place in told], 1)
        elif kind == "twice":
            x = x.repeat_interleave(2, 2).repeat_interleave(2, 3)
        elif kind == "head":
            bias = take(255)
            x = F.conv2d(x, take(255, x.shape[1], 1, 1), bias)
            heads.append(x)
        elif kind != "mark":  # of what the program decodes, which counts as a layer
            channels, (side, stride) = kind * WIDTH // 32, told
            beta, gamma, mean, variance = (take(channels) for _ in range(4))
            x = F.conv2d(x, take(channels, x.shape[1], side, side), stride=stride, padding=side // 2)
            x = F.leaky_relu(F.batch_norm(x, mean, variance, gamma, beta, eps=1e-6), 0.1)
        outputs.append(x)
    assert at == numbers.size
    return heads


def decoded(planes: torch.Tensor, anchors: list, stride: int) -> tuple[np.ndarray, np.ndarray]:
    """Boxes [3*H*W,4] in pixels and scores [3*H*W,80], place by place."""
    x = planes[0].double().numpy()
    boxes, scores = [], []
    for a, (wide, high) in enumerate(anchors):
        part = x[85 * a : 85 * a + 85]
        for row, column in np.ndindex(*part.shape[1:]):
            told = part[:, row, column]
            cx, cy = ((1 / (1 + np.exp(-told[:2]))) + (column, row)) * stride
            w, h = np.exp(told[2:4]) * (wide, high)
            boxes.append([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2])
            sure = 1 / (1 + np.exp(-told[4:]))
            scores.append(sure[0] * sure[1:])
    return np.array(boxes), np.array(scores)


@pytest.fixture(scope="module")
def numbers() -> np.ndarray:
    """Random weights under which the picture neither dies nor bursts."""
    random, parts, given = np.random.default_rng(3), [], 3
    for part in Yolov3(SIDE, WIDTH).held():
        made, given, *kernel = part.conv.weight.shape
        wide = given * int(np.prod(kernel))
        if hasattr(part, "anchors"):
            parts += [random.normal(0, 1, made), random.normal(0, 0.3, made * wide) / wide**0.5]
            continue
        norm = random.normal(0, 0.2, made), random.uniform(0.5, 1, made), random.normal(0, 0.2, made)
        parts += [*norm, random.uniform(0.5, 1, made), random.normal(0, 1, made * wide) / wide**0.5]
    return np.concatenate(parts).astype(np.float32)


@pytest.fixture(scope="module")
def network(numbers, tmp_path_factory) -> Yolov3:
    path = tmp_path_factory.mktemp("yolov3") / "random.weights"
    return Yolov3.made(darknet.read(written(path, numbers, (0, 2, 0))), side=SIDE, width=WIDTH).eval()


def test_it_has_the_numbers_of_the_paper():
    with torch.device("meta"):
        assert Yolov3().count() == 62_001_757


# proves: D03
def test_boxes_and_scores_are_those_of_the_list_of_layers(network, numbers):
    x = torch.rand(1, 3, SIDE, SIDE, generator=torch.Generator().manual_seed(4))
    with torch.no_grad():
        boxes, scores = network(x)
        heads = by_number(numbers, x)
    parts = [decoded(*head) for head in zip(heads, ANCHORS, (32, 16, 8), strict=True)]
    theirs, sure = (np.concatenate(part) for part in zip(*parts, strict=True))
    assert boxes.shape == (3 * (2 * 2 + 4 * 4 + 8 * 8), 4)
    np.testing.assert_allclose(boxes.numpy(), theirs, atol=1e-3)
    np.testing.assert_allclose(scores.numpy(), sure, atol=1e-5)
    assert all(head.std((2, 3)).mean() > 0.02 for head in heads)  # something came through


def test_a_file_of_another_network_is_refused(numbers, tmp_path):
    path = written(tmp_path / "other.weights", numbers[:-100])
    with pytest.raises(Damaged, match=r"other.weights ends too early"):
        Yolov3.made(darknet.read(path), side=SIDE, width=WIDTH)
