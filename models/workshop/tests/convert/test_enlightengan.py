"""EnlightenGAN on random weights of the published shapes: what comes out of the file is what the paper says, written here
once more. That the publishers' file has these names is unproved."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workshop.convert import convert
from workshop.convert.networks.enlightengan import EnlightenGan
from workshop.convert.readers import Damaged
from workshop.convert.run import run_of
from workshop.tests import made
from workshop.tests.convert import made as made_up

WIDTH = 4


def random_weights() -> dict:
    """Of a narrow one, so that answers lie well within the picture's range; norms that have seen something."""
    random = torch.Generator().manual_seed(3)
    held = {}
    for name, value in EnlightenGan(WIDTH).state_dict().items():
        if name.endswith("num_batches_tracked"):
            continue
        spread = 0.5 if value.dim() == 1 else 1 / value[0].numel() ** 0.5
        values = torch.randn(value.shape, generator=random) * spread
        held[name] = values.abs() + 0.5 if name.endswith("running_var") else values
    return held


def written_again(held: dict, picture: np.ndarray) -> np.ndarray:
    """The paper's network, uint8 [H,W,3] -> uint8 [H,W,3]."""
    height, width = picture.shape[:2]
    down, right = -height % 16, -width % 16
    room = ((down // 2, down - down // 2), (right // 2, right - right // 2), (0, 0))
    whole = torch.tensor(np.pad(picture, room, mode="reflect") / np.float32(255)).permute(2, 0, 1)[None]
    red, green, blue = whole.split(1, 1)
    dark = [1 - (0.299 * red + 0.587 * green + 0.114 * blue)]

    def conv(name: str, x: torch.Tensor) -> torch.Tensor:
        weight = held[f"{name}.weight"]
        return F.conv2d(x, weight, held[f"{name}.bias"], padding=weight.shape[2] // 2)

    def norm(name: str, x: torch.Tensor) -> torch.Tensor:
        mean, spread, scale, shift = (held[f"{name}.{p}"] for p in ("running_mean", "running_var", "weight", "bias"))
        return F.batch_norm(x, mean, spread, scale, shift)

    def both(number: int, x: torch.Tensor, weighed: torch.Tensor | float = 1.0) -> torch.Tensor:
        x = norm(f"bn{number}_1", F.leaky_relu(conv(f"conv{number}_1", x), 0.2)) * weighed
        x = F.leaky_relu(conv(f"conv{number}_2", x), 0.2)
        return x if number == 9 else norm(f"bn{number}_2", x)

    x, left = torch.cat([2 * whole - 1, dark[0]], 1), []
    for number in (1, 2, 3, 4):
        left.append(both(number, x))
        x = F.max_pool2d(left[-1], 2)
        dark.append(F.max_pool2d(dark[-1], 2))
    x = both(5, x, dark[4])
    for number in (5, 6, 7, 8):
        x = F.interpolate(x, size=[2 * side for side in x.shape[2:]], mode="bilinear", align_corners=True)
        x = both(number + 1, torch.cat([conv(f"deconv{number}", x), left[8 - number] * dark[8 - number]], 1))
    answer = (2 * whole - 1 + conv("conv10", x) * dark[0] + 1) / 2
    answer = (answer[0].permute(1, 2, 0) * 255).clamp(0, 255).round().byte().numpy()
    return answer[down // 2 : down // 2 + height, right // 2 : right // 2 + width]


def variant(tmp_path, held: dict):
    """lowlight/made-up with such a file, and the file."""
    path = tmp_path / "net_G_A.pth"
    torch.save({f"module.{name}": value for name, value in held.items()}, path)
    origin = {"converter": "enlightengan", "format": "torch", "options": {"width": WIDTH}}
    file = {"file": "lowlight/enlightengan.pth"}
    source = made_up.variant(tmp_path / "models", tmp_path, "lowlight/made-up", **{"from": origin | {"files": [file]}})
    return source, path


# proves: D03
def test_answers_as_the_paper_says(tmp_path):
    held = random_weights()
    source, path = variant(tmp_path, held)
    manifest = convert.convert(source, [path])
    run = run_of("lowlight/made-up", models=tmp_path / "models")
    assert manifest["picture"]["max"] >= 640
    for height, width in ((48, 64), (17, 23), (40, 53)):
        picture = made.picture(5, height, width) // 3
        answer, expected = run(picture, {}), written_again(held, picture)
        assert np.abs(answer.astype(int) - expected).max() <= 1
        assert np.abs(answer.astype(int) - picture).mean() > 5  # it does something


def test_a_file_without_a_layer_is_refused(tmp_path):
    held = random_weights()
    del held["deconv7.weight"]
    source, path = variant(tmp_path, held)
    with pytest.raises(Damaged, match="deconv7.weight"):
        convert.convert(source, [path])
    assert not (source.folder / "converted.onnx").exists()


def test_the_whole_network_has_the_published_size():
    with torch.device("meta"):
        network = EnlightenGan()
    shapes = {name: tuple(value.shape) for name, value in network.named_parameters()}
    assert shapes["conv1_1.weight"] == (32, 4, 3, 3)
    assert shapes["conv5_2.weight"] == (512, 512, 3, 3)
    assert shapes["deconv8.weight"] == (32, 64, 3, 3)
    assert shapes["conv10.weight"] == (3, 32, 1, 1)
    assert network.count() == 8_636_675
