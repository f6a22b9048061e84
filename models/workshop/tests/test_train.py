"""The loop: it learns, it goes on where it stopped, it begins from an exported file."""

import numpy as np
import pytest
import torch

from workshop import export, graph, recipe, sittings, train
from workshop.tasks import TASKS
from workshop.tests import made


def test_twenty_steps_learn_and_leave_a_checkpoint_and_a_plot(exported):
    before = train.build(exported.recipe).state_dict()
    after = exported.training.network.state_dict()
    assert all(torch.isfinite(v).all() for v in after.values())
    assert any((before[k] != after[k]).any() for k in before)
    assert exported.training.path.is_file()
    assert (exported.training.folder / "loss.png").stat().st_size > 1000


def test_a_stopped_training_goes_on(tmp_path):
    given = recipe.load("upscale/default", 6) | {"batch": 1, "save_every": 3}
    task = TASKS["upscale"](given)
    samples = task.generated(made.some(1))
    first = train.run(given | {"steps": 3}, tmp_path, samples=samples, folder=tmp_path)
    assert first.step == 3
    second = train.Training(given, task, tmp_path)
    assert second.resume()
    assert second.step == 3
    assert torch.equal(second.average.tail.weight, first.average.tail.weight)
    assert train.run(given, tmp_path, samples=samples, folder=tmp_path).step == 6


def test_two_trainings_from_one_checkpoint_are_the_same(tmp_path):
    given = recipe.load("upscale/default", 12) | {"batch": 1, "threads": 1}
    task = TASKS["upscale"](given)
    train.run(given | {"steps": 4}, tmp_path, samples=task.generated(made.some(1)), folder=tmp_path / "first")
    losses = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "checkpoint.pt").write_bytes((tmp_path / "first" / "checkpoint.pt").read_bytes())
        training = train.run(given, tmp_path, samples=task.generated(made.some(1)), folder=tmp_path / name)
        assert training.step == 12
        losses.append(training.losses[-1][1])
    assert losses[0] == pytest.approx(losses[1], abs=1e-3)


def test_a_checkpoint_tells_its_sittings(tmp_path):
    given = recipe.load("upscale/default", 4) | {"batch": 1}
    task = TASKS["upscale"](given)
    samples = task.generated(made.some(1))
    first = train.run(given | {"steps": 2}, tmp_path, samples=samples, folder=tmp_path, source="models/some/model.onnx")
    assert [(s["from"], s["first"], s["last"], s["minutes"]) for s in first.sittings] == [
        ("models/some/model.onnx", 0, 2, None)
    ]
    train.run(given, tmp_path, samples=samples, folder=tmp_path)
    train.run(given, tmp_path, samples=samples, folder=tmp_path)  # nothing is left to do
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert [(s["first"], s["last"]) for s in state["sittings"]] == [(0, 2), (2, 4)]
    assert sittings.words(sittings.of(state)) == "2 steps from `models/some/model.onnx` on, then 2 more"
    again = "make train NAME=upscale/default FROM=models/some/model.onnx STEPS=4"
    assert sittings.commands("upscale/default", sittings.of(state)) == again


@pytest.mark.parametrize(
    ("step", "seconds", "words", "again"),
    [
        (7531, 3601, "7,531 steps in 60 minutes by the clock", " MINUTES=60"),
        (16531, 6900, "16,531 steps, the last of them in 60 minutes by the clock", " MINUTES=60"),
        (17300, 3000, "17,300 steps", ""),
    ],
)
def test_an_older_checkpoint_tells_by_its_recipe(step, seconds, words, again):
    given = recipe.load("upscale/default") | {"minutes": 60}
    told = sittings.of({"step": step, "seconds": seconds, "recipe": given})
    assert sittings.words(told) == words
    assert sittings.commands("upscale/default", told) == f"make train NAME=upscale/default{again}"


def test_an_older_checkpoint_that_goes_on_tells_both_parts():
    told = [{"from": "", "first": 7531, "last": 16531, "minutes": 60, "seconds": 3605}]
    assert sittings.words(told) == "7,531 steps, then 9,000 more in 60 minutes by the clock"
    again = "make train NAME=detect/default STEPS=7531 && make train NAME=detect/default MINUTES=60"
    assert sittings.commands("detect/default", told) == again


def test_from_an_exported_file_begins_with_its_weights(exported, tmp_path):
    weights = graph.weights(exported.folder / "model.onnx")
    told = exported.training.average.state_dict()
    assert weights.keys() >= told.keys()
    assert all(torch.equal(weights[k], told[k]) for k in told)
    task = TASKS[exported.recipe["name"].split("/")[0]](exported.recipe)
    again = train.Training(exported.recipe, task, tmp_path)
    again.begin_from(weights)
    assert all(torch.equal(v, told[k]) for k, v in again.network.state_dict().items())
    with pytest.raises(SystemExit, match="another network"):
        again.begin_from({"head.weight": weights["head.weight"]})


def test_rate_rises_then_falls():
    given = recipe.load("upscale/default", 1000)
    rates = [train.rate_at(step, step / 1000, given) for step in range(1000)]
    assert np.argmax(rates) in range(98, 102)
    assert rates[0] < 0.02 * given["rate"]
    assert rates[-1] < 0.02 * given["rate"]


def test_minutes_end_a_training_by_the_clock(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(train.time, "monotonic", lambda: now[0])
    progress = train.Progress(25, {"steps": 100, "minutes": 2})
    assert progress.part(25) == 0.25
    now[0] += 60
    assert progress.part(30) == 0.625
    assert progress.part(80) == 0.8
    now[0] += 61
    assert progress.part(30) == 1


def test_an_unknown_recipe_and_missing_data_are_told(tmp_path, capsys):
    with pytest.raises(SystemExit, match="no recipe named 'upscale/other'"):
        recipe.load("upscale/other")
    task = TASKS["upscale"](recipe.load("upscale/default"))
    with pytest.raises(SystemExit):
        task.samples(tmp_path)
    said = capsys.readouterr().err
    assert str(tmp_path / "photo-t91") in said
    for name in TASKS:
        with pytest.raises(SystemExit):
            TASKS[name](recipe.load(f"{name}/default")).there(tmp_path)
        assert "DATA=" in capsys.readouterr().err
    assert "DATA=" in said


def test_a_worse_8_bit_file_is_refused(tmp_path, capsys):
    rows = [
        {"precision": "float", "set": "s", "metric": "PSNR", "unit": "dB", "value": 30.0},
        {"precision": "int8", "set": "s", "metric": "PSNR", "unit": "dB", "value": 29.89},
    ]
    with pytest.raises(export.Refused):
        export.check(rows, {})
    assert "loses 0.110 dB" in capsys.readouterr().err
    rows[1]["value"] = 29.91
    export.check(rows, {})
    rows[0]["value"], rows[1]["value"] = 47.0, 46.5  # what nobody sees
    export.check(rows, {})
