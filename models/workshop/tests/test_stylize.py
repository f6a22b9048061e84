"""The style network: styles mix, tiles agree with the whole, one more row leaves the others alone; the loss network."""

import numpy as np
import pytest
import torch
from PIL import Image

from workshop import export, loss_network, own, pictures, recipe, runners, slow, style_loss, styles, train
from workshop.networks.stylize import Stylize, mirrored
from workshop.tasks import TASKS, stylize
from workshop.tests import made

NAMES = ["starry-night", "great-wave", "scream"]


def small(count: int = 3) -> Stylize:
    """A network of few channels whose rows differ."""
    torch.manual_seed(3)
    network = Stylize(count, context=32, channels=(8, 8, 16), blocks=2)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith(own.ROWS):
                weight.add_(0.3 * torch.randn_like(weight))
    return network.eval()


def loss() -> loss_network.LossNetwork:
    """The loss network's shape with random weights."""
    random = torch.Generator().manual_seed(5)
    sizes = {
        "conv0": (3, 3, 1),
        "conv11": (16, 3, 3),
        "conv12": (16, 16, 3),
        "conv21": (32, 16, 3),
        "conv22": (32, 32, 3),
    }
    sizes |= {"conv31": (64, 32, 3)} | {f"conv3{i}": (64, 64, 3) for i in (2, 3, 4)} | {"conv41": (128, 64, 3)}
    weights = {}
    for name, (outputs, inputs, side) in sizes.items():
        weights[f"{name}.weight"] = (
            torch.randn(outputs, inputs, side, side, generator=random) / side / inputs**0.5 * 1.4
        )
        weights[f"{name}.bias"] = torch.zeros(outputs)
    return loss_network.LossNetwork(weights)


def given(names: list[str] = NAMES, **more) -> dict:
    """The committed recipe, small."""
    network = {"styles": len(names), "context": 32, "channels": (8, 8, 16), "blocks": 1}
    return (
        recipe.load("stylize/default", 6)
        | {"styles": names, "network": network, "crop": 64, "warm": 1, "plain": 0}
        | more
    )


def task_of(wanted: dict, monkeypatch) -> stylize.Task:
    """Its task, with made paintings, as training finds it too."""
    task = stylize.Task(wanted)
    paintings = [made.picture(20 + at, 120, 140) for at in range(len(task.taught))]
    task.targets = style_loss.Targets(loss(), paintings, task.first)
    monkeypatch.setitem(TASKS, "stylize", lambda recipe: task)
    return task


def test_rows_mix_linearly():
    layer = small().blocks[0].first
    pair = (torch.rand(1, 16, 12, 16), torch.rand(1, 16, 8, 8))
    first, second = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.0, 1, 0]])
    with torch.no_grad():
        whole = layer(pair, 0.3 * first + 0.7 * second)[0]
        apart = 0.3 * layer(pair, first)[0] + 0.7 * layer(pair, second)[0]
    assert torch.allclose(whole, apart, atol=1e-4)
    assert (layer(pair, first)[0] - layer(pair, second)[0]).abs().max() > 0.1


def test_the_context_alone_normalises():
    layer, context = small().blocks[0].first, torch.rand(1, 16, 8, 8)
    dark, style = torch.rand(1, 16, 12, 16), torch.tensor([[1.0, 0, 0]])
    with torch.no_grad():
        once, twice = layer((dark, context), style)[0], layer((3 * dark, context), style)[0]
        other = layer((dark, 3 * context), style)[0]
    assert torch.allclose(twice - once, 2 * (once - layer((0 * dark, context), style)[0]), atol=1e-4)
    assert (other - once).abs().max() > 0.1


@pytest.mark.parametrize("precision", ["float", "int8"])
def test_tiles_are_cuts_of_the_whole(precision, tmp_path):
    task, network = stylize.Task(given()), small()
    network.blocks = network.blocks[:1]
    samples = task.generated(made.some(2))
    path = export.files(network, task.calibration(samples), tmp_path, task)[precision]
    session = runners.graph.session(path, 1)
    geometry = task.geometry(network)
    assert geometry["context"] == 32
    assert geometry["halo"] % geometry["multiple"] == 0
    picture = made.picture(4, 128, 160)

    def run(piece, knobs, context=None):
        context = pictures.context_of(piece, 32) if context is None else context
        feed = {"picture": runners.padded(piece, 4)[None], "context": context[None], "style": knobs["style"]}
        return session.run(None, feed)[0][0, : piece.shape[0], : piece.shape[1]]

    knobs = {"style": np.array([[0.25, 0.5, 0.25]], np.float32)}
    context = pictures.context_of(picture, 32)
    whole = run(picture, knobs).astype(int)
    halo = geometry["halo"]
    for top, left in ((0, 0), (0, 96), (64, 32)):
        y, x = max(0, top - halo), max(0, left - halo)
        piece = picture[y : top + 64 + halo, x : left + 64 + halo]
        core = run(piece, knobs, context)[top - y : top - y + 64, left - x : left - x + 64]
        assert np.abs(core - whole[top : top + 64, left : left + 64]).max() <= 1
    assert whole.std() > 1


def test_small_and_odd_pictures_keep_their_size():
    network = small()
    for height, width in ((1, 1), (3, 50), (37, 41)):
        picture = made.picture(1, height, width)
        answer = train.runner(network)(picture, {"style": np.eye(3, dtype=np.float32)[1]})
        assert answer.shape == picture.shape


def test_mirrored_repeats_the_picture_backwards():
    row = torch.arange(4.0).view(1, 1, 1, 4).expand(1, 1, 4, 4)
    assert mirrored(row, 6)[0, 0, 0].tolist() == [2, 3, 3, 2, 1, 0, 0, 1, 2, 3, 3, 2, 1, 0, 0, 1]


def test_training_lowers_the_loss_of_every_style(tmp_path, monkeypatch):
    wanted = given(steps=40, rate=5e-3)
    task = task_of(wanted, monkeypatch)
    samples = task.generated(made.some(2))
    before = train.build(wanted)
    after = train.run(wanted, tmp_path, samples=samples, folder=tmp_path).network
    batch = samples.batch(6)
    assert set(batch[2].tolist()) == {0, 1, 2}
    with torch.no_grad():
        assert task.loss(after, batch, 1.0) < 0.9 * task.loss(before, batch, 1.0)


# proves: S03
def test_a_style_of_ones_own_changes_its_row_alone(tmp_path, monkeypatch):
    network = train.build(given())
    told = [{"name": name} for name in NAMES]
    wanted = own.recipe_of("mine", tmp_path / "mine.jpg", given(), told) | {"steps": 6}
    assert wanted["styles"] == [*NAMES, "mine"]
    weights = own.extended(network.state_dict())
    task = task_of(wanted, monkeypatch)
    samples = task.generated(made.some(2))
    assert set(samples.batch(5)[2].tolist()) == {3}
    trained = train.run(wanted, tmp_path, samples=samples, weights=weights, folder=tmp_path)
    for state in (trained.network.state_dict(), trained.average.state_dict()):
        for name, weight in network.state_dict().items():
            if name.endswith(own.ROWS):
                assert torch.equal(state[name][:3], weight)
                assert not torch.equal(state[name][3], weights[name][3])
            else:
                assert torch.equal(state[name], weight)


def test_a_style_of_ones_own_is_told_what_is_wrong(tmp_path):
    (tmp_path / "mine.jpg").write_bytes(b"")
    with pytest.raises(SystemExit, match="NAME is made of"):
        own.run("Mine!", tmp_path / "mine.jpg", tmp_path, {})
    with pytest.raises(SystemExit, match="IMAGE names no file"):
        own.run("mine", tmp_path / "other.jpg", tmp_path, {})


def test_the_loss_network_is_told_to_be_missing_or_another(tmp_path, monkeypatch):
    monkeypatch.setenv("WEIGHTS_MIRROR", str(tmp_path))
    with pytest.raises(SystemExit, match="there is no .*WEIGHTS_MIRROR"):
        loss_network.read()
    (tmp_path / "loss").mkdir()
    (tmp_path / loss_network.FILE).write_bytes(b"other")
    with pytest.raises(SystemExit, match="SHA-256"):
        loss_network.read()


def test_features_are_asked_for_by_name():
    network, picture = loss(), torch.rand(1, 3, 32, 40)
    seen = network(picture)
    assert {k: tuple(v.shape[1:]) for k, v in seen.items()} == {
        "conv11": (16, 32, 40),
        "conv21": (32, 16, 20),
        "conv31": (64, 8, 10),
        "conv41": (128, 4, 5),
    }
    assert list(network(picture, ("conv21",))) == ["conv21"]
    mean, covariance = loss_network.moments(seen["conv31"])
    gram = loss_network.gram(seen["conv31"])
    assert torch.allclose(covariance + mean[:, :, None] * mean[:, None], gram, atol=1e-5)


# proves: S02
def test_the_slow_way_lowers_the_loss():
    painting, photograph = made.picture(30, 64, 64), made.picture(1, 48, 64)
    targets = style_loss.Targets(loss(), [painting])
    which = torch.zeros(1, dtype=torch.long)
    answer = slow.optimise(targets, photograph, given(), 12)
    assert answer.shape == photograph.shape
    far, near = (targets.style(targets.network(style_loss.as_input(p)), which).item() for p in (photograph, answer))
    assert near < 0.8 * far


# proves: S02
def test_slow_against_fast_is_a_table(tmp_path, monkeypatch, capsys):
    folder = tmp_path / "style"
    folder.mkdir()
    for _, name in slow.TABLE:
        Image.fromarray(made.picture(30, 64, 64)).save(folder / f"{name.replace('-', '_')}.png")
    weights = loss().state_dict()
    monkeypatch.setattr(slow.loss_network, "read", lambda: weights)
    monkeypatch.setattr(slow, "fast", lambda models, recipe: lambda picture, knobs: 255 - picture)
    monkeypatch.setattr(slow, "sample", lambda folder, name, side: made.picture(1, side // 8, side // 8))
    pair, rows = slow.compare(made.picture(1, 48, 64), "great-wave", tmp_path, 2)
    assert [picture.shape for picture in pair.values()] == [(48, 64, 3)] * 2
    assert [row[0] for row in rows] == list(pair) == ["slow, 2 steps", "fast, 8 bits"]
    assert all(float(cell) >= 0 for row in rows for cell in row[1:])
    slow.table(tmp_path, 1)
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "| " + " | ".join(["---"] * 7) + " |"
    assert len(lines) == 2 + 2 * 2 * 2
    assert {line.split(" | ")[2] for line in lines[2:]} == {name for _, name in slow.TABLE}


def test_the_palette_is_the_main_colours():
    picture = np.zeros((40, 40, 3), np.uint8)
    picture[:, :20], picture[:, 20:32], picture[:, 32:] = (200, 30, 30), (20, 20, 120), (240, 240, 200)
    found = styles.palette(picture, 3)
    near = [
        np.abs(np.frombuffer(bytes.fromhex(c[1:]), np.uint8).astype(int) - w).max()
        for c, w in zip(found, ((200, 30, 30), (20, 20, 120), (240, 240, 200)), strict=True)
    ]
    assert max(near) < 12
    assert found == styles.palette(picture, 3)


def test_every_style_of_the_recipe_is_told():
    wanted = recipe.load("stylize/default")
    assert len(wanted["styles"]) == wanted["network"]["styles"] >= 12
    told = [styles.told(name, made.picture(1, 40, 40)) for name in wanted["styles"]]
    assert all(
        t["title"] and t["painter"] and t["year"] and t["lines"] and t["rights"] and len(t["palette"]) == 5
        for t in told
    )
    assert stylize.Task(wanted).knobs["style"]["default"] in wanted["styles"]
    mine = styles.told("mine", made.picture(1, 40, 40))
    assert mine["rights"] == styles.OWN
