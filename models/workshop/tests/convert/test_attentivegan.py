"""AttentiveGAN on random weights of the authors' shapes: what comes out of the file is what the paper says, written here once
more. That their true file has these names is unproved."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from workshop.convert import convert
from workshop.convert.networks.attentivegan import AttentiveGan
from workshop.convert.readers import Damaged
from workshop.convert.run import run_of
from workshop.tests import made
from workshop.tests.convert import made as made_up

# Name: (channels in, out, side), as in the authors' definition.
SHAPES = {
    "det_conv0.0": (4, 32, 3),
    **{f"det_conv{n}.{at}": (32, 32, 3) for n in range(1, 6) for at in (0, 2)},
    **{f"conv_{gate}.0": (64, 32, 3) for gate in "ifgo"},
    "det_conv_mask.0": (32, 1, 3),
    "conv1.0": (4, 64, 5),
    "conv2.0": (64, 128, 3),
    "conv3.0": (128, 128, 3),
    "conv4.0": (128, 256, 3),
    **{f"conv{n}.0": (256, 256, 3) for n in (5, 6, 7, 8)},
    **{f"diconv{n}.0": (256, 256, 3) for n in (1, 2, 3, 4)},
    "deconv1.0": (256, 128, 4),
    "conv9.0": (128, 128, 3),
    "deconv2.0": (128, 64, 4),
    "conv10.0": (64, 32, 3),
    "outframe1.0": (256, 3, 3),
    "outframe2.0": (128, 3, 3),
    "output.0": (32, 3, 3),
}


def random_weights() -> dict:
    random = torch.Generator().manual_seed(4)
    held = {}
    for name, (taken, given, side) in SHAPES.items():
        shape = (taken, given, side, side) if name.startswith("deconv") else (given, taken, side, side)
        reads = taken * side * side / (4 if name.startswith("deconv") else 1)
        held[f"{name}.weight"] = torch.randn(shape, generator=random) * (1.4 / reads**0.5)
        held[f"{name}.bias"] = torch.randn(given, generator=random) * 0.1
    return held


def written_again(held: dict, picture: np.ndarray) -> np.ndarray:
    """The paper's generator with its states of zeros, uint8 [H,W,3] -> uint8 [H,W,3]; sides are multiples of 4."""

    def conv(name: str, x: torch.Tensor, **told) -> torch.Tensor:
        told = {"padding": held[f"{name}.0.weight"].shape[2] // 2} | told
        return F.conv2d(x, held[f"{name}.0.weight"], held[f"{name}.0.bias"], **told)

    def up(name: str, x: torch.Tensor) -> torch.Tensor:
        x = F.conv_transpose2d(x, held[f"{name}.0.weight"], held[f"{name}.0.bias"], stride=2, padding=1)
        x = torch.cat([x[:, :, 1:2], x], 2)  # the mirrored row above, then the mirrored column to the left
        x = torch.cat([x[..., 1:2], x], 3)
        return F.relu((x[..., 1:, 1:] + x[..., :-1, 1:] + x[..., 1:, :-1] + x[..., :-1, :-1]) / 4)

    x = torch.tensor(picture[..., ::-1] / np.float32(255)).permute(2, 0, 1)[None]
    mask, h, c = torch.full_like(x[:, :1], 0.5), torch.zeros(1, 32, *x.shape[2:]), torch.zeros(1, 32, *x.shape[2:])
    for _ in range(4):
        f = F.relu(conv("det_conv0", torch.cat([x, mask], 1)))
        for n in range(1, 6):
            weights = [held[f"det_conv{n}.{at}.{kind}"] for at in (0, 2) for kind in ("weight", "bias")]
            inner = F.relu(F.conv2d(f, weights[0], weights[1], padding=1))
            f = F.relu(F.relu(F.conv2d(inner, weights[2], weights[3], padding=1)) + f)
        seen = torch.cat([f, h], 1)
        c = conv("conv_f", seen).sigmoid() * c + conv("conv_i", seen).sigmoid() * conv("conv_g", seen).tanh()
        h = conv("conv_o", seen).sigmoid() * c.tanh()
        mask = conv("det_conv_mask", h)
    whole = F.relu(conv("conv1", torch.cat([x, mask], 1)))
    half = F.relu(conv("conv3", F.relu(conv("conv2", whole, stride=2))))
    q = F.relu(conv("conv4", half, stride=2))
    for name in ("conv5", "conv6"):
        q = F.relu(conv(name, q))
    for n, spread in enumerate((2, 4, 8, 16), 1):
        q = F.relu(conv(f"diconv{n}", q, padding=spread, dilation=spread))
    for name in ("conv7", "conv8"):
        q = F.relu(conv(name, q))
    half = F.relu(conv("conv9", up("deconv1", q) + half))
    answer = conv("output", F.relu(conv("conv10", up("deconv2", half) + whole)))
    answer = (answer[0].permute(1, 2, 0) * 255).clamp(0, 255).round().byte().numpy()
    return answer[..., ::-1]


def variant(tmp_path, held: dict):
    """derain/made-up with such a file, and the file."""
    path = tmp_path / "gen.pkl"
    torch.save(held, path, _use_new_zipfile_serialization=False)
    origin = {"converter": "attentivegan", "format": "torch", "files": [{"file": "derain/attentivegan.pkl"}]}
    source = made_up.variant(tmp_path / "models", tmp_path, "derain/made-up", **{"from": origin})
    return source, path


# proves: D03
def test_answers_as_the_paper_says(tmp_path):
    held = random_weights()
    source, path = variant(tmp_path, held)
    manifest = convert.convert(source, [path])
    run = run_of("derain/made-up", models=tmp_path / "models")
    assert manifest["picture"]["multiple"] == 4
    for height, width in ((48, 64), (17, 23), (40, 53)):
        picture = made.picture(6, height, width)
        answer = run(picture, {})
        expected = written_again(held, np.pad(picture, ((0, -height % 4), (0, -width % 4), (0, 0)), mode="edge"))
        assert np.abs(answer.astype(int) - expected[:height, :width]).max() <= 1
        assert answer.std() > 20  # it is a picture of something


def test_what_it_sees_lies_within_its_radius():
    network = AttentiveGan()
    network.take({name: value.numpy() for name, value in random_weights().items()})
    place = 216
    x = torch.rand(1, 3, 436, 24, generator=torch.Generator().manual_seed(5), requires_grad=True)
    network.double()(x.double())[0, :, place].sum().backward()
    rows = torch.nonzero(x.grad.abs().amax((0, 1, 3)) > 0).ravel()
    assert max(place - int(rows.min()), int(rows.max()) - place) <= network.radius


def test_a_file_without_a_layer_is_refused(tmp_path):
    held = random_weights()
    del held["diconv3.0.bias"]
    source, path = variant(tmp_path, held)
    with pytest.raises(Damaged, match=r"diconv3\.0\.bias"):
        convert.convert(source, [path])
    assert not (source.folder / "converted.onnx").exists()
