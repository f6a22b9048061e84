"""Style transfer: crops of photographs with the whole as context, the loss between photograph and painting, its measures."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from workshop import loss_network, pictures, sheet, styles
from workshop import recipe as recipes
from workshop.loss_network import LossNetwork
from workshop.style_loss import Targets, as_input, content
from workshop.tasks import base
from workshop.tasks.base import figure

PHOTOGRAPHS = ("people_astronaut", "cat_chelsea", "landscape_field", "street_buses", "food_coffee")
SIDE = 512  # the longer side of a photograph where losses are measured


class Samples:
    """Crops of photographs at changing size, each with the whole photograph as context and the number of a style."""

    def __init__(self, originals: list[np.ndarray], crop: int, context: int, styles: range, seed: int):
        self.crop, self.styles = crop, styles
        self.random = np.random.default_rng(seed)
        self.originals = [p for p in originals if min(p.shape[:2]) >= crop // 2]
        self.contexts = [pictures.context_of(p, context) for p in self.originals]
        self.turn: list[int] = []

    def style(self) -> int:
        """The styles in turn, shuffled anew each round."""
        if not self.turn:
            self.turn = list(self.random.permutation(self.styles))
        return int(self.turn.pop())

    def batch(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """(crops [N,3,c,c] in 0..1, contexts [N,3,s,s] in 0..1, numbers of the styles [N])."""
        random, crops, contexts, chosen = self.random, [], [], []
        for at in random.integers(len(self.originals), size=count):
            whole = self.originals[at]
            height, width = whole.shape[:2]
            # Enlarged up to twice: larger photographs are as soft as that.
            side = min(round(self.crop / 2.0 ** random.uniform(-0.3, 1.0)), height, width)
            y, x = int(random.integers(height - side + 1)), int(random.integers(width - side + 1))
            crop = pictures.resize(whole[y : y + side, x : x + side], self.crop, self.crop)
            mirror = slice(None, None, -1 if random.integers(2) else 1)
            crops.append(crop[:, mirror])
            contexts.append(self.contexts[at][:, mirror])
            chosen.append(self.style())
        picture, context = (torch.from_numpy(np.stack(p)).permute(0, 3, 1, 2).float() / 255 for p in (crops, contexts))
        return picture, context, torch.tensor(chosen)


class Task(base.Task):
    """What training and export need to know about stylizing."""

    measured_on = ("style",)

    def __init__(self, recipe: dict):
        super().__init__(recipe)
        self.names: list[str] = recipe["styles"]  # none: the network has the one style that is in its weights
        self.targets: Targets | None = None
        if self.names:
            self.knobs = {
                "style": {
                    "names": self.names,
                    "default": recipe.get("style", self.names[0]),
                    "meaning": "the painting to follow, or a mix of several",
                }
            }
        self.taught: list[str] = recipe.get("taught", self.names)  # the last ones, where others are there already
        self.first = len(self.names) - len(self.taught)

    def paintings(self, data: Path) -> list[np.ndarray]:
        """The paintings of the styles that are taught, in their order."""
        image = self.recipe.get("image")  # of a style of one's own
        return [pictures.read(Path(image) if image else styles.path_of(data, name)) for name in self.taught]

    def aims(self, data: Path) -> Targets:
        """What the losses compare with, made once."""
        if self.targets is None:
            self.targets = Targets(LossNetwork(loss_network.read()), self.paintings(data), self.first)
        return self.targets

    def samples(self, data: Path) -> Samples:
        self.aims(data)
        return super().samples(data)

    def generated(self, originals: list[np.ndarray]) -> Samples:
        """Crops of given pictures."""
        recipe = self.recipe
        taught = range(self.first, len(self.names))
        return Samples(originals, recipe["crop"], recipe["network"]["context"], taught, recipe["seed"])

    def shares(self, name: str) -> np.ndarray:
        """One style alone, as the network's input: [S], sum 1."""
        return np.eye(len(self.names), dtype=np.float32)[self.names.index(name)]

    def calibration(self, samples: Samples) -> list[dict]:
        """Inputs that show the 8-bit file its ranges: three crops a style."""
        picture, context, which = samples.batch(3 * len(self.names))
        which = torch.arange(len(which)) % len(self.names)
        picture, context = ((v * 255).round().byte().permute(0, 2, 3, 1).numpy() for v in (picture, context))
        style = np.eye(len(self.names), dtype=np.float32)[which.numpy()]
        cut = [slice(i, i + 1) for i in range(len(which))]
        return [{"picture": picture[i], "context": context[i], "style": style[i]} for i in cut]

    def loss(self, network, batch, part: float) -> Tensor:
        """Style, content and smoothness; for the first hundredth the photograph itself is the aim."""
        picture, context, which = batch
        recipe = self.recipe
        shares = torch.eye(len(self.names))[which]
        with torch.autocast("cpu", torch.bfloat16):
            given = network(*(v.contiguous(memory_format=torch.channels_last) for v in (picture, context)), shares)
            if part < recipe["plain"]:
                return (given.float() - picture).abs().mean()
            return self.targets.loss(given, picture, which, recipe).mean()

    def trainable(self, network) -> list:
        """All weights; the last rows of scales and shifts alone where the others are there already."""
        if not self.first:
            return super().trainable(network)
        rows = {k: v for k, v in network.named_parameters() if k.endswith((".scale", ".shift"))}
        for name, weight in network.named_parameters():
            weight.requires_grad_(name in rows)
        for weight in rows.values():  # the other rows get no gradient, and Adam leaves alone what never had one
            only = torch.zeros_like(weight)
            only[self.first :] = 1
            weight.register_hook(lambda gradient, only=only: gradient * only)
        return list(rows.values())

    def measure(self, run, data: Path, quick: bool = False) -> list[dict]:
        """Style and content losses on five sample photographs, each style; `input`: the photograph's own style loss. Of a
        network that brings its own style the content loss alone: its painting is not at hand."""
        photographs = [sample(recipes.ROOT / "samples", name) for name in PHOTOGRAPHS[: 1 if quick else None]]
        if not self.names:
            judge = LossNetwork(loss_network.read())
            with torch.no_grad():
                kept = [content(judge(as_input(run(p, {}))), judge(as_input(p))).item() for p in photographs]
            return [figure("five photographs, 512 px", "content loss", np.mean(kept))]
        targets = self.aims(data)
        losses = {name: [self.losses(targets, run, p, name) for p in photographs] for name in self.taught}
        means = {name: np.mean(rows, 0) for name, rows in losses.items()}
        title = "five photographs, 512 px"
        total = np.mean(list(means.values()), 0)
        rows = [
            figure(title, "style loss, all styles", total[0], total[2]),
            figure(title, "content loss, all styles", total[1]),
        ]
        return rows + [figure(title, f"style loss, {name}", m[0], m[2]) for name, m in means.items()]

    def losses(self, targets: Targets, run, photograph: np.ndarray, name: str) -> tuple[float, float, float]:
        """(style loss, content loss, the photograph's own style loss)."""
        which = torch.tensor([self.names.index(name)])
        with torch.no_grad():
            given = targets.network(as_input(run(photograph, {"style": self.shares(name)})))
            plain = targets.network(as_input(photograph))
            return targets.style(given, which).item(), content(given, plain).item(), targets.style(plain, which).item()

    def sheet(self, run, samples: Path, folder: Path) -> str:
        """One photograph in every style."""
        photograph = sample(samples, "people_astronaut", 384)
        cells = [("photograph", photograph)]
        cells += [(name, run(photograph, {"style": self.shares(name)})) for name in self.names]
        while len(cells) % 5:
            first, second = self.names[0], self.names[len(cells) % len(self.names)]
            mixed = (self.shares(first) + self.shares(second)) / 2
            cells.append((f"{first[:14]}, {second[:12]}", run(photograph, {"style": mixed})))
        cells = [(label, pictures.shrink(picture, 2)) for label, picture in cells]
        sheet.save([cells[i : i + 5] for i in range(0, len(cells), 5)], folder / "sheet.jpg")
        return "A sample picture in every style, at last two halves mixed, shown at half size (credits: samples/CREDITS.md)."

    def contact(self, run, data: Path, path: Path) -> None:
        """Five sample photographs of 512 pixels, a page each: the photograph, and it in every style."""
        for name in PHOTOGRAPHS:
            photograph = sample(recipes.ROOT / "samples", name)
            painted = [[(style, run(photograph, {"style": self.shares(style)}))] for style in self.names]
            sheet.pages([[(name, photograph)], *painted], path.with_name(f"{path.name}-{name}"), 300)

    def finish(self, network, data: Path) -> None:
        """The recipe takes up what the manifest tells of the paintings: their main colours are computed."""
        told = [styles.told(n, p) for n, p in zip(self.taught, self.paintings(data), strict=True)]
        self.recipe["shown"] = self.recipe.get("told", []) + told

    def members(self) -> dict:
        """The styles as a page shows them."""
        return {"styles": self.recipe.get("shown", [])}


def sample(folder: Path, name: str, side: int = SIDE) -> np.ndarray:
    """A sample photograph, its longer side made `side`."""
    picture = pictures.read(folder / f"{name}.jpg")
    factor = side / max(picture.shape[:2])
    return pictures.resize(picture, round(picture.shape[1] * factor), round(picture.shape[0] * factor))
