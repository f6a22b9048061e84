"""Dehazing: the made haze, the networks' faces, the dark channel prior, the code book."""

import numpy as np
import pytest
import torch

from workshop import ablation, export, graph, haze, pictures, recipe, train
from workshop.networks.attention import Pyramid
from workshop.networks.codebook import PARTS, Book, Codebook
from workshop.runners import runner
from workshop.tasks import TASKS
from workshop.tests import made

NAMES = ["dehaze/default", "dehaze/dark-channel", "dehaze/codebook"]
ABLATED = {
    "book": "without the code book",
    "attention": "without the attending branch",
    "channels": "without channel attention",
}


def scene(seed: int = 3, height: int = 120, width: int = 160) -> np.ndarray:
    """A clear picture with something black in every patch, as the prior has it: uint8 [height,width,3]."""
    picture = made.picture(seed, height, width).astype(int) * 4 // 5
    picture[::6, ::6], picture[3::6, 3::6] = 0, 0
    return picture.astype(np.uint8)


def over(picture: np.ndarray, thickness: float, light: float = 0.9) -> haze.Haze:
    """Haze that thickens from the bottom, where there is none, to the top."""
    rows = np.linspace(2 * thickness, 0, picture.shape[0], dtype=np.float32)[:, None]
    return haze.Haze(rows + np.zeros(picture.shape[:2], np.float32), np.full(3, light, np.float32))


def network_of(name: str):
    given = recipe.load(name)
    return train.build(given).eval(), TASKS["dehaze"](given)


def test_no_haze_is_the_picture_and_endless_haze_is_the_airlight():
    picture = scene()
    assert np.abs(haze.veiled(picture, over(picture, 0.0)) - picture).max() < 1e-3
    thick = haze.Haze(np.full(picture.shape[:2], 50.0), np.array([0.9, 0.8, 0.7], np.float32))
    assert np.abs(haze.veiled(picture, thick) - 255 * np.array([0.9, 0.8, 0.7])).max() < 1e-3


def test_half_of_the_light_through_is_half_way_to_the_airlight():
    picture = scene()
    half = haze.Haze(np.full(picture.shape[:2], np.log(2)), np.full(3, 0.8, np.float32))
    assert np.abs(haze.veiled(picture, half) - (picture / 2 + 0.4 * 255)).max() < 1e-2


def test_only_what_came_through_is_to_come_out():
    picture = scene()
    assert np.array_equal(haze.freed(picture, over(picture, haze.MOST / 2)), picture)
    thick = haze.Haze(np.full(picture.shape[:2], haze.MOST + np.log(2)), np.full(3, 0.8, np.float32))
    assert np.abs(haze.freed(picture, thick) - (picture / 2 + 0.4 * 255)).max() <= 0.51


def test_made_haze_is_repeatable_and_as_the_card_says():
    guide = haze.guides(scene())
    made_haze = [[haze.haze(np.random.default_rng(seed), guide) for seed in range(60)] for _ in range(2)]
    for first, second in zip(*made_haze, strict=True):
        assert np.array_equal(first.thickness, second.thickness)
        assert first.thickness.min() >= 0
        assert first.airlight.min() >= 0.2 and first.airlight.max() <= 1
    means = np.array([h.thickness.mean() for h in made_haze[0]])
    assert means.min() < 0.2 and means.max() > 1.0
    assert np.median([h.thickness.std() / h.thickness.mean() for h in made_haze[0]]) > 0.1


def test_pictures_that_are_pale_themselves_are_no_targets():
    assert haze.clear(scene())
    assert not haze.clear(np.full((64, 64, 3), 180, np.uint8))


def test_samples_belong_together():
    given = recipe.load("dehaze/default") | {"crop": 96}
    samples = TASKS["dehaze"](given).generated([scene(seed) for seed in range(3)])
    levels, truth, context, airlight, veil = samples.batch(16)
    assert levels.shape == truth.shape == (16, 3, 96, 96) and context.shape == (16, 3, 64, 64)
    assert airlight.shape == (16, 3) and veil.shape == (16,)
    thick = veil > 0.5
    distance = (levels / 255 - airlight[..., None, None]).abs().mean((1, 2, 3))
    assert (
        thick.any() and distance[thick].max() < (truth - airlight[..., None, None]).abs().mean((1, 2, 3))[thick].max()
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_networks_face(name, tmp_path):
    network, task = network_of(name)
    path = export.files(network, [], tmp_path, task, ["float"])["float"]
    types = {i.name: i.type for i in graph.session(path).get_inputs()}
    assert types.pop("picture") == types.pop("context") == "tensor(uint8)"
    assert set(types) == set(network.knobs)
    served, trained = runner(path, network, task=task), train.runner(network)
    for size in ((1, 1), (5, 3), (33, 47), (96, 128)):
        picture = made.picture(2, *size)
        answer = served(picture, {})
        assert answer.shape == picture.shape and answer.dtype == np.uint8
        assert np.abs(answer.astype(int) - trained(picture, {})).max() <= 1  # of 255: sums in another order


@pytest.mark.parametrize("name", NAMES)
def test_tiles_agree_with_the_whole(name, tmp_path):
    network, task = network_of(name)
    picture = haze.veiled(scene(5, 430, 520), over(scene(5, 430, 520), 0.8)).astype(np.uint8)

    def run(piece: np.ndarray, knobs: dict, context: np.ndarray) -> np.ndarray:
        levels, whole = pictures.as_levels(piece), pictures.as_levels(context)
        with torch.no_grad():
            given = network.answer(levels, whole, knobs)[0].clamp(0, 1)
        return (given * 255).round().byte().permute(1, 2, 0).numpy()

    parts = made.tiled(run, picture, task.geometry(network), 160, {})
    assert np.abs(parts.astype(int) - train.runner(network)(picture, {})).max() <= 1


def test_the_dark_channel_takes_haze_away(tmp_path):
    network, task = network_of("dehaze/dark-channel")
    run = runner(export.files(network, [], tmp_path, task, ["float"])["float"], network, task=task)
    picture = scene()
    hazy = np.rint(haze.veiled(picture, over(picture, 0.6))).astype(np.uint8)
    assert pictures.psnr(picture, run(hazy, {})) > pictures.psnr(picture, hazy) + 3
    assert np.abs(run(hazy, {"omega": 0.0}).astype(int) - hazy).max() <= 1


# proves: D05
def test_the_nearest_code_is_the_nearest():
    torch.manual_seed(1)
    book = Book(size=16, width=8)
    values = torch.randn(2, 8, 3, 5)
    flat = values.permute(0, 2, 3, 1).reshape(-1, 8)
    nearest = torch.cdist(flat, book.codes).argmin(1)
    assert torch.equal(book.which(values).flatten(), nearest)
    found = book.lookup(values)
    assert found.shape == values.shape and torch.equal(found[1, :, 2, 4], book.codes[nearest[-1]])


def test_a_code_that_nothing_uses_becomes_a_value_that_was_seen():
    torch.manual_seed(1)
    book = Book(size=8, width=4).train()
    with torch.no_grad():
        book.codes[3], book.sums[3] = 100.0, 100.0
        for _ in range(80):
            values = torch.randn(1, 4, 6, 6)
            book.renew(values, book.which(values))
    assert book.codes.abs().max() < 10


# proves: D05
def test_codes_follow_the_values_that_choose_them():
    torch.manual_seed(1)
    book, places = Book(size=2, width=2).train(), torch.tensor([[1.0, 1.0], [-1.0, 2.0]])
    values = places[torch.arange(32) % 2].T.reshape(1, 2, 4, 8)
    for _ in range(300):
        book.renew(values, book.which(values))
    found = book.codes[book.codes[:, 0].argsort(descending=True)]
    assert (found - places).abs().max() < 1e-2


# proves: D06
def test_attention_looks_as_far_as_its_dilations():
    torch.manual_seed(1)
    layer = Pyramid(12, (1, 2, 4))
    x = torch.randn(1, 12, 21, 21)
    changed = x.clone()
    changed[..., 10, 10] += 1.0
    seen = ((layer(changed) - layer(x)).abs().amax(1)[0] > 1e-7).nonzero() - 10
    offsets = {tuple(o) for o in seen.tolist()}
    assert {(0, 0), (1, 1), (-2, 0), (4, -4)} <= offsets
    assert all(max(abs(y), abs(x)) in (0, 1, 2, 4) for y, x in offsets)


# proves: D05
def test_the_book_is_learned_first_and_then_left_alone(tmp_path):
    given = recipe.load("dehaze/codebook", 12) | {"batch": 2, "crop": 64, "book": 0.5}
    given.pop("minutes")
    task = TASKS["dehaze"](given)
    training = train.Training(given, task, tmp_path)
    samples = task.generated([scene(seed) for seed in range(3)])
    begun = {k: v.clone() for k, v in training.network.state_dict().items()}

    def moved(part: str) -> float:
        return max(
            (v - begun[k]).abs().max().item() for k, v in training.network.state_dict().items() if k.startswith(part)
        )

    training.advance(task, samples, 0.2)
    assert moved("book.") > 0 and moved("tail.") == 0
    begun = {k: v.clone() for k, v in training.network.state_dict().items()}
    training.advance(task, samples, 0.8)
    assert moved("book.") == 0 and moved("tail.") > 0


# proves: D05, D06
@pytest.mark.parametrize("part", PARTS)
def test_each_part_can_be_taken_away_and_changes_the_answer_where_it_is_there(part):
    given = recipe.load("dehaze/codebook")["network"]
    torch.manual_seed(1)
    whole = Codebook(**given).eval()
    less = Codebook(**given | {"parts": [p for p in PARTS if p != part]}).eval()
    assert set(recipe.load("dehaze/codebook")["ablations"]) == {ABLATED[p] for p in PARTS}
    x, context = torch.rand(1, 3, 32, 48), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert less(x, context).shape == x.shape
        before = whole(x, context)
        if part == "book":
            whole.book.codes += 1.0
        elif part == "attention":
            whole.branch[0].give.weight += 0.1
        else:
            whole.overview.choice[-1].bias[-len(whole.tail.weight[0]) :] += 3.0
        assert (whole(x, context) - before).abs().max() > 1e-5


def test_the_ablation_says_what_costs_nothing():
    given = recipe.load("dehaze/codebook", 10)
    row = {"parameters": 5, "set": "pairs", "metric": "PSNR", "unit": "dB", "input": 15.0}
    rows = [
        row | {"title": t, "value": v} for t, v in ((ablation.WHOLE, 25.0), ("without a", 24.0), ("without b", 24.95))
    ]
    text = ablation.page(given, rows)
    assert "| without a | 5 | 24.0 | -1.00 |" in text
    assert "Nothing is lost without b." in text
