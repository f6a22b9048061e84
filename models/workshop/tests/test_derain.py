"""Derain: made rain is light in one direction, the map is an output of its own, its weights are shared, clean stays clean."""

import numpy as np
import onnx
import pytest
import torch
from PIL import Image

from workshop import export, graph, pictures, rainfall, recipe, train
from workshop.networks.face_rain import RainFace
from workshop.networks.rain import Rain
from workshop.tasks import derain
from workshop.tests import made


@pytest.fixture(scope="module")
def given() -> dict:
    """The committed recipe."""
    return recipe.load("derain/default")


@pytest.fixture(scope="module")
def network(given) -> Rain:
    """The recipe's network, untrained."""
    built = train.build(given).eval()
    with torch.no_grad():
        built.tail.bias.fill_(1e-3)  # zeros would not be stored
    return built


@pytest.fixture(scope="module")
def files(network, given, tmp_path_factory) -> dict:
    """Both files of the untrained network."""
    task = derain.Task(given)
    return export.files(network, task.calibration(task.generated(made.some()))[:4], tmp_path_factory.mktemp("derain"))


def direction(layer: np.ndarray) -> float:
    """Degrees from upright along which the layer resembles itself most, 8 pixels on."""
    changed = np.fft.fft2(layer - layer.mean())
    alike = np.fft.ifft2(np.abs(changed) ** 2).real
    angles = np.arange(-60, 61)
    return float(angles[np.argmax([alike[round(8 * np.cos(a)), round(8 * np.sin(a))] for a in np.deg2rad(angles)])])


def test_streaks_are_light_in_one_direction_without_an_end():
    random = np.random.default_rng(3)
    layer = np.zeros((200, 200), np.float32)
    for _ in range(60):
        rainfall.draw_streak(layer, random, np.deg2rad(25), 40, 0.9, 1.0, 0.6)
    assert layer.min() >= 0
    assert abs(direction(layer) - 25) <= 4
    # Left meets right: what crosses the seam is as bright as elsewhere.
    seam = np.abs(layer[:, 0] - layer[:, -1]).mean()
    assert seam <= 1.5 * np.abs(np.diff(layer, axis=1)).mean() + 0.02


def test_streak_layers_differ_in_direction_width_and_number():
    random = np.random.default_rng(4)
    layers = [rainfall.streak_layer(random, 160) for _ in range(30)]
    assert all(0.2 < layer.max() < 6 for layer in layers)
    turned = [direction(layer) for layer in layers]
    assert min(turned) < -20
    assert max(turned) > 20
    covered = [(layer > 0.05).mean() for layer in layers]
    assert min(covered) < 0.12
    assert max(covered) > 0.3


def test_made_rain_adds_light_and_drops_blur():
    random = np.random.default_rng(5)
    clean = made.picture(2, 96, 96).astype(np.float32) / 255
    streaks = rainfall.crop_of(rainfall.streak_layer(random, 160), random, 96, 96)
    rainy = rainfall.add_streaks(np.minimum(clean, 0.6), streaks * 0.3, random)
    assert (rainy - np.minimum(clean, 0.6)).mean() > 0
    wet = [rainfall.add_drops(clean, np.random.default_rng(seed)) for seed in range(8)]
    for picture, share in wet:
        assert picture.shape == clean.shape
        assert share.shape == clean.shape[:2]
        assert 0 <= share.min() <= share.max() <= 1
    rough = [np.abs(np.diff(picture, axis=1)).mean() for picture, _ in wet]
    assert np.mean(rough) < np.abs(np.diff(clean, axis=1)).mean()


def test_bars_are_part_of_the_background_and_hard_edged():
    dark = np.full((96, 96, 3), 0.1, np.float32)
    for seed in range(12):
        given = rainfall.add_bars(dark, np.random.default_rng(seed))
        assert given.shape == dark.shape
        assert given.min() >= 0.0999
        assert given.max() <= 1
        lit = given.mean(2) > 0.3
        assert 0.01 < lit.mean() < 0.75
        between = ((given.mean(2) > 0.15) & ~lit).mean()
        assert between < lit.mean()  # mostly bar or background, little between


def test_residual_of_a_pair_is_the_light_added_and_says_where_it_was_cut():
    clean = np.full((8, 8, 3), 100, np.uint8)
    rainy = clean.copy()
    rainy[2] = 154
    rainy[5] = 255
    found = rainfall.residual(rainy, clean)
    assert np.allclose(found[2], 50 / 255)
    assert np.isnan(found[5]).all()
    assert not found[[0, 1, 3, 4, 6, 7]].any()


def test_samples_hold_every_kind_and_their_map(given):
    clean = made.picture(1, given["crop"] + 24, given["crop"] + 34)
    rainy = np.clip(clean.astype(int) + 40, 0, 255).astype(np.uint8)
    samples = derain.Samples(made.some(), [(rainy, clean)], given, layers=12)
    kinds = {samples.kind() for _ in range(200)}
    assert kinds == set(derain.KINDS)
    wet, dry, marked = samples.batch(64)
    assert wet.shape == dry.shape == (64, 3, given["crop"], given["crop"])
    assert marked.shape == (64, 1, given["crop"], given["crop"])
    changed = (wet - dry).abs().amax((1, 2, 3))
    same = changed == 0
    assert 2 <= int(same.sum()) <= 24  # some stay clean
    assert not marked[same].any()
    far = (wet - dry).abs().mean(1, keepdim=True) * 255 > 23
    assert (marked[far] == 1).all()


def test_a_pair_is_cut_and_mirrored_together(given):
    clean = made.picture(1, given["crop"] + 24, given["crop"] + 34) // 2
    samples = derain.Samples(made.some(), [(clean + 30, clean)], given | {"kinds": {"pair": 1.0}}, layers=1)
    wet, dry, _ = samples.batch(6)
    assert torch.allclose(wet - dry, torch.full_like(wet, 30 / 255), atol=1e-6)


def test_the_steps_of_the_attention_share_their_weights():
    torch.manual_seed(1)
    three, five = Rain(steps=3), Rain(steps=5)
    assert {k: v.shape for k, v in three.state_dict().items()} == {k: v.shape for k, v in five.state_dict().items()}
    five.load_state_dict(three.state_dict())
    with torch.no_grad():
        short, long = (
            n(torch.rand(1, 3, 32, 40, generator=torch.Generator().manual_seed(2)))[1] for n in (three, five)
        )
    assert [len(short), len(long)] == [3, 5]
    assert all(torch.equal(a, b) for a, b in zip(short, long, strict=False))
    assert not torch.equal(short[0], short[1])  # each step sees the last one's map


def test_untrained_it_hardly_changes_a_picture(network):
    clean = made.picture(6, 61, 83)
    answer = train.runner(network)(clean, {})
    assert answer.shape == clean.shape
    assert pictures.psnr(clean, answer) > 30


def test_nothing_reaches_further_than_the_radius(network):
    side, reach = 2 * network.radius + 48, network.radius
    x = torch.full((1, 3, side, side), 0.5)
    other = x.clone()
    middle = side // 2
    other[..., middle, middle] = 1.0
    with torch.no_grad():
        away = (network(x)[0] - network(other)[0]).abs().amax((0, 1))
    assert away[middle, middle] > 0
    away[middle - reach : middle + reach + 1, middle - reach : middle + reach + 1] = 0
    assert not away.any()


def test_the_file_answers_and_shows_its_map(files, network):
    picture = made.picture(7, 48, 72)[None]
    for precision, path in files.items():
        session = graph.session(path)
        assert [(o.name, o.type) for o in session.get_outputs()] == [
            ("answer", "tensor(uint8)"),
            ("attention", "tensor(float)"),
        ]
        answer, attention = session.run(None, {"picture": picture})
        assert answer.shape == picture.shape
        assert attention.shape == (1, 48, 72, 1)
        assert 0 <= attention.min() <= attention.max() <= 1
        with torch.no_grad():
            mine, shown = RainFace(network)(torch.from_numpy(picture))
        assert np.abs(answer.astype(int) - mine.numpy()).max() <= (1 if precision == "float" else 8)
        assert np.abs(attention - shown.numpy()).max() <= (1e-3 if precision == "float" else 0.1)


def test_the_recurrent_weights_stand_once_in_the_float_file(files, network):
    held = [i.name for i in onnx.load(files["float"]).graph.initializer if "attention.turn.weight" in i.name]
    assert held == ["network.attention.turn.weight"]
    given = graph.weights(files["float"])
    assert all(torch.allclose(given[k], v, atol=1e-3) for k, v in network.state_dict().items())


def test_the_loss_wants_rain_gone_and_marked(given, network):
    samples = derain.Task(given).generated(made.some())
    task, batch = derain.Task(given), samples.batch(4)
    rainy, clean, marked = batch

    class Perfect(torch.nn.Module):
        def forward(self, x):
            return rainy - clean, [marked] * 3

    class Blind(torch.nn.Module):
        def forward(self, x):
            return torch.zeros_like(rainy), [1 - marked] * 3

    with torch.no_grad():
        best, mine, worst = (float(task.loss(n, batch, 0.5)) for n in (Perfect(), network, Blind()))
    assert best < mine < worst


def test_measures_are_those_of_the_goal(given, tmp_path):
    clean, wet = made.picture(3, 64, 80), made.picture(4, 64, 80)
    for name in ("rain100l", "raindrop-train"):
        (tmp_path / name).mkdir()
        for stem, picture in (("a_clean", clean), ("a_rain", wet), ("b_clean", wet), ("b_rain", clean)):
            save(picture, tmp_path / name / f"{stem}.png")
    (tmp_path / "kodak12").mkdir()
    save(clean, tmp_path / "kodak12" / "k.png")
    rows = derain.Task(given).measure(
        lambda picture, knobs: np.clip(picture.astype(int) + 2, 0, 255).astype(np.uint8), tmp_path
    )
    assert [(r["set"], r["metric"]) for r in rows] == [
        ("Rain100L 2", "PSNR-Y"),
        ("raindrop 4 pairs", "PSNR"),
        ("raindrop 4 pairs", "least gain"),
        ("Kodak 12, without rain", "PSNR to itself"),
    ]
    assert rows[3]["value"] == pytest.approx(42.1, abs=0.1)
    assert rows[1]["input"] == pytest.approx(pictures.psnr(clean, wet), abs=0.001)
    assert abs(rows[2]["value"]) < 0.5


def save(picture: np.ndarray, path) -> None:
    """Lossless."""
    Image.fromarray(picture).save(path)
