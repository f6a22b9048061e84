"""The one training loop: Adam or SGD, a falling rate, clipped gradients, averaged weights, resumable."""

import copy
import json
import math
import sys
import time
from pathlib import Path

import torch
from tqdm import tqdm

from workshop import plot, sittings
from workshop import recipe as recipes
from workshop.networks import FAMILIES
from workshop.pictures import as_levels, context_of
from workshop.tasks import TASKS


def build(recipe: dict) -> torch.nn.Module:
    """The recipe's network with its fixed seed."""
    torch.manual_seed(recipe["seed"])
    return FAMILIES[recipe["family"]](**recipe["network"])


def rate_at(step: int, part: float, recipe: dict) -> float:
    """Linear rise over `warm` steps, then down to a hundredth with the part done (0..1): half a cosine, or a line."""
    warm = min(recipe["warm"], recipe["steps"] // 10)
    if step < warm:
        return recipe["rate"] * (step + 1) / warm
    part = min(1.0, part)
    left = 1 - part if recipe["fall"] == "line" else 0.5 * (1 + math.cos(math.pi * part))
    return recipe["rate"] * (0.01 + 0.99 * left)


def optimizer_of(recipe: dict, parameters: list[torch.nn.Parameter]) -> torch.optim.Optimizer:
    """Adam, or SGD with Nesterov momentum; `decay` of the weights for matrices and kernels alone."""
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe["decay"]},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if recipe["optimizer"] == "sgd":
        return torch.optim.SGD(groups, lr=recipe["rate"], momentum=0.9, nesterov=True)
    return torch.optim.AdamW(groups, lr=recipe["rate"], betas=(0.9, 0.99))


class Progress:
    """The part of a training that is done: by its steps, or, with `minutes`, by the clock where that is further on."""

    def __init__(self, step: int, recipe: dict):
        self.steps, self.seconds = recipe["steps"], 60 * recipe.get("minutes", 0)
        self.first, self.begun = step / recipe["steps"], time.monotonic()

    def part(self, step: int) -> float:
        done = step / self.steps
        if self.seconds:
            done = max(done, self.first + (1 - self.first) * (time.monotonic() - self.begun) / self.seconds)
        return min(1.0, done)


class Training:
    """Network, averaged copy, optimizer and step; what a checkpoint holds."""

    def __init__(self, recipe: dict, task, folder: Path):
        self.recipe, self.folder = recipe, folder
        self.network = build(recipe).to(memory_format=torch.channels_last)
        self.average = copy.deepcopy(self.network).requires_grad_(False).eval()
        self.trained = task.trainable(self.network)
        self.optimizer = optimizer_of(recipe, self.trained)
        self.step = 0
        self.spent, self.begun = 0.0, time.monotonic()  # seconds before this process; its beginning
        self.losses: list[tuple[int, float]] = []
        self.measured: list[tuple[int, float]] = []
        self.sittings: list[dict] = []  # the last one is this

    @property
    def path(self) -> Path:
        return self.folder / "checkpoint.pt"

    def save(self) -> None:
        """Written beside and renamed, so that a stop in mid-write leaves the last one."""
        self.folder.mkdir(parents=True, exist_ok=True)
        seconds = time.monotonic() - self.begun
        if self.sittings:
            self.sittings[-1] = sittings.now(self.sittings[-1], self.step, seconds, self.recipe)
        state = {
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "step": self.step,
            "seconds": self.spent + seconds,
            "sittings": [s for s in self.sittings if s["last"] > s["first"]],
            "losses": self.losses,
            "measured": self.measured,
            "recipe": self.recipe,
        }
        beside = self.path.with_suffix(".new")
        torch.save(state, beside)
        beside.replace(self.path)

    def resume(self) -> bool:
        """Take up the checkpoint, if there is one."""
        if not self.path.is_file():
            return False
        state = torch.load(self.path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.step, self.losses = state["step"], state["losses"]
        self.measured, self.spent = state["measured"], state.get("seconds", 0.0)
        self.sittings = state.get("sittings", [])
        return True

    def begin_from(self, weights: dict) -> None:
        """Begin from given weights (of an exported file, which also holds constants) instead of random ones."""
        mine = self.network.state_dict()
        wrong = [k for k, v in mine.items() if k not in weights or weights[k].shape != v.shape]
        own = [k for k in wrong if k.startswith(tuple(f"{part}." for part in self.recipe["own"]))]
        if len(own) < len(wrong):
            other = next(k for k in wrong if k not in own)
            raise SystemExit(f"workshop train: FROM is of another network than the recipe's: '{other}' does not fit")
        self.network.load_state_dict({k: v if k in own else weights[k] for k, v in mine.items()})
        self.average.load_state_dict(self.network.state_dict())

    def advance(self, task, samples, part: float) -> float:
        """One step with that part of the training done; returns its loss."""
        recipe = self.recipe
        for group in self.optimizer.param_groups:
            group["lr"] = rate_at(self.step, part, recipe)
        loss = task.loss(self.network, samples.batch(recipe["batch"]), part)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.trained, recipe["clip"])
        self.optimizer.step()
        self.step += 1
        keep = min(recipe["average"], self.step / (self.step + 10))
        with torch.no_grad():
            new, old = list(self.network.parameters()), list(self.average.parameters())
            torch._foreach_lerp_(old, new, 1 - keep)  # exact where nothing was trained
            for mine, seen in zip(self.average.buffers(), self.network.buffers(), strict=True):
                mine.copy_(seen)
        return float(loss.detach())


def run(
    recipe: dict, data: Path, samples=None, weights: dict | None = None, folder: Path | None = None, source: str = ""
) -> Training:
    """Train by the recipe; `samples` replaces the data (tests), `weights` the random beginning; `source`: their file."""
    torch.set_num_threads(recipe["threads"])
    task = TASKS[recipe["name"].split("/")[0]](recipe)
    measured = samples is None
    if measured:
        task.there(data)  # tells what is missing now, not after hours
    training = Training(recipe, task, folder or recipes.out(recipe["name"]))
    resumed = training.resume()
    if resumed:
        if weights:
            print(
                f"workshop train: goes on from {training.path} (step {training.step}) and does not read FROM; "
                "delete that file to begin from FROM",
                file=sys.stderr,
            )
    elif weights:
        training.begin_from(weights)
    training.sittings.append(sittings.begun("" if resumed else source, training.step, recipe))
    samples = samples or task.samples(data)
    if training.step:  # other samples than those before the stop
        samples.random = type(samples.random)(type(samples.random.bit_generator)(recipe["seed"] + training.step))
    bar = tqdm(total=recipe["steps"], initial=training.step, desc=recipe["name"], mininterval=5, smoothing=0.1)
    total, count, begun = 0.0, 0, time.time()
    progress = Progress(training.step, recipe)
    while (part := progress.part(training.step)) < 1:
        total, count = total + training.advance(task, samples, part), count + 1
        bar.update()
        if training.step % 50 == 0 or training.step == recipe["steps"]:
            training.losses.append((training.step, total / count))
            bar.set_postfix(loss=f"{total / count:.4f}", refresh=False)
            total, count = 0.0, 0
        if training.step % recipe["save_every"] == 0:
            training.save()
        if measured and training.step % recipe["measure_every"] == 0:
            row = task.measure(runner(training.average), data, quick=True)[0]
            training.measured.append((training.step, row["value"]))
            bar.write(json.dumps({"step": training.step, "minutes": round((time.time() - begun) / 60, 1)} | row))
    bar.close()
    training.save()
    if training.losses:
        plot.save(training.losses, training.measured, training.folder / "loss.png", recipe["name"])
    return training


def runner(network: torch.nn.Module):
    """The network as a function of one uint8 picture and its knobs, answering as the task's kind says."""
    side = getattr(network, "context", None) or 64

    def answer(picture, knobs):
        with torch.no_grad():
            given = network.answer(as_levels(picture), as_levels(context_of(picture, side)), knobs)
        if not torch.is_tensor(given):
            return given
        if given.ndim == 1:  # scores
            return given.numpy()
        return (given[0].clamp(0, 1) * 255).round().byte().permute(1, 2, 0).numpy()

    return answer
