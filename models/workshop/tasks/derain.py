"""Taking rain away: made rain to train on, the loss, and the measures."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from workshop import pictures, rainfall, sheet
from workshop.tasks import base
from workshop.tasks.base import figure

LAYERS, SIDE = 200, 320  # layers of streaks made before the training, and their side
KINDS = {"streaks": 0.56, "drops": 0.24, "clean": 0.15, "pair": 0.05}  # shares of the samples, unless the recipe says
BARS = 0.08  # share of backgrounds with a fence or blinds before them
PAIRS = "rain-train"  # the set whose files come in pairs


class Samples:
    """Crops with made rain, and a few of real pairs."""

    def __init__(self, originals: list[np.ndarray], pairs: list[tuple], recipe: dict, layers: int = LAYERS):
        self.crop, self.pairs, self.kinds = recipe["crop"], pairs, recipe.get("kinds", KINDS)
        crop = self.crop
        self.originals = [p for p in originals if min(p.shape[:2]) >= crop]
        self.random = np.random.default_rng(recipe.get("seed", 1))
        self.layers = [rainfall.streak_layer(self.random, SIDE) for _ in range(layers)]
        self.found = [rainfall.residual(rainy, clean) for rainy, clean in pairs]

    def kind(self) -> str:
        """What the next sample shows."""
        kind = self.random.choice(list(self.kinds), p=list(self.kinds.values()))
        return "streaks" if kind == "pair" and not self.pairs else str(kind)

    def background(self) -> np.ndarray:
        """A crop of a clean picture, turned and mirrored: float [c,c,3] in 0..1."""
        random = self.random
        whole = self.originals[random.integers(len(self.originals))]
        part = np.rot90(self.part(whole), random.integers(4))
        part = part[:, ::-1] if random.integers(2) else part
        part = part.astype(np.float32) / 255
        return rainfall.add_bars(part, random) if random.random() < BARS else part

    def part(self, whole: np.ndarray, at: tuple | None = None) -> np.ndarray:
        """A crop, at a random place unless told."""
        y, x = at or (int(self.random.integers(s - self.crop + 1)) for s in whole.shape[:2])
        return whole[y : y + self.crop, x : x + self.crop]

    def streaks(self) -> np.ndarray:
        """Light of streaks [c,c]: drawn layers, or (one in six) those of a real pair, thinned."""
        random = self.random
        if self.found and random.random() < 0.16:
            for _ in range(4):
                part = self.part(self.found[random.integers(len(self.found))])
                if np.isnan(part).mean() < 0.02:
                    part = np.maximum(np.nan_to_num(part) - max(0.0, random.uniform(-0.2, 0.4)), 0)
                    return (part[:, ::-1] if random.integers(2) else part) * random.uniform(0.6, 1.3)
        light = np.zeros((self.crop, self.crop), np.float32)
        for _ in range(random.choice([1, 2, 3], p=[0.72, 0.22, 0.06])):
            layer = self.layers[random.integers(len(self.layers))]
            light += rainfall.crop_of(layer, random, self.crop, self.crop) * random.uniform(0.12, 0.95)
        return np.minimum(light, 0.9)

    def sample(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(rainy uint8 [c,c,3], clean uint8 [c,c,3], share of drops [c,c] in 0..1)."""
        random, kind = self.random, self.kind()
        none = np.zeros((self.crop, self.crop), np.float32)
        if kind == "pair":
            rainy, clean = self.pairs[random.integers(len(self.pairs))]
            at = tuple(int(random.integers(s - self.crop + 1)) for s in rainy.shape[:2])
            turn = -1 if random.integers(2) else 1
            return self.part(rainy, at)[:, ::turn], self.part(clean, at)[:, ::turn], none
        clean = self.background()
        rainy, drops = clean, none
        if kind == "drops":
            rainy, drops = rainfall.add_drops(clean, random)
        elif kind == "streaks":
            rainy = rainfall.add_streaks(clean, self.streaks(), random)
        return as_bytes(rainy), as_bytes(clean), drops

    def batch(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """(rainy [N,3,c,c], clean [N,3,c,c], map [N,1,c,c]), all in 0..1."""
        rainy, clean, drops = (np.stack(parts) for parts in zip(*(self.sample() for _ in range(count)), strict=True))
        rainy, clean = (torch.from_numpy(p).permute(0, 3, 1, 2).float() / 255 for p in (rainy, clean))
        return rainy, clean, torch.maximum(target(rainy, clean), torch.from_numpy(drops)[:, None])


def as_bytes(picture: np.ndarray) -> np.ndarray:
    """0..1 -> uint8, rounded and cut."""
    return np.clip(np.rint(picture * 255), 0, 255).astype(np.uint8)


def target(rainy: Tensor, clean: Tensor) -> Tensor:
    """What the attention is to mark [N,1,H,W]: 0 where a pixel is changed by less than 2 levels, 1 from 22 on."""
    return (((rainy - clean).abs().mean(1, keepdim=True) * 255 - 2) / 20).clamp(0, 1)


def distance(given: Tensor, truth: Tensor) -> Tensor:
    """L1 + a tenth of the logarithm of each sample's mean squared error (what PSNR averages), level below 37 dB."""
    error = given - truth
    return error.abs().mean() + 0.1 * torch.log(error.square().mean((1, 2, 3)) + 2e-4).mean()


class Task(base.Task):
    """What training and export need to know about derain."""

    measured_on = ("rain100l", "raindrop-train", "kodak12")
    of_set = staticmethod(pictures.dry)

    def samples(self, data: Path) -> Samples:
        """Made rain on the recipe's sets, and the real pairs among them."""
        names = [n for n in self.recipe["data"] if n != PAIRS]
        often = self.recipe.get("often", {})
        read = {name: [pictures.read(f) for f in self.of_set(data, name)] for name in names}
        originals = [picture for name in names for picture in read[name] * often.get(name, 1)]
        return self.generated(originals, pairs_of(data, PAIRS) if PAIRS in self.recipe["data"] else [])

    def generated(self, originals: list[np.ndarray], pairs: list[tuple] | None = None) -> Samples:
        """Made rain on given pictures."""
        layers = LAYERS if pairs else 24  # the few are for calibration
        return Samples(originals, pairs or [], self.recipe, layers)

    def calibration(self, samples: Samples) -> list[dict]:
        """Inputs that show the 8-bit file its ranges: 64 crops."""
        rainy = (samples.batch(64)[0] * 255).round().byte().permute(0, 2, 3, 1).numpy()
        return [{"picture": rainy[i : i + 1]} for i in range(64)]

    def loss(self, network, batch, part: float) -> Tensor:
        """The answer's distance, and each step's map against the target, later steps counting more (as in the paper)."""
        rainy, clean, marked = batch
        with torch.autocast("cpu", torch.bfloat16):
            taken, maps = network(rainy.contiguous(memory_format=torch.channels_last))
        told = sum(0.8**back * (m.float() - marked).square().mean() for back, m in enumerate(reversed(maps)))
        return distance(rainy - taken.float(), clean) + 0.2 * told

    def measure(self, run, data: Path, quick: bool = False) -> list[dict]:
        """The function's figures. `run(picture, knobs) -> picture`, both uint8 [H,W,3]."""
        streaks = scores(run, pairs_of(data, "rain100l")[:: 3 if quick else 1], pictures.luma)
        rows = [row(f"Rain100L {len(streaks[0])}", "PSNR-Y", *streaks)]
        if quick:
            return rows
        drops = scores(run, pairs_of(data, "raindrop-train"), np.asarray)
        rows.append(row("raindrop 4 pairs", "PSNR", *drops))
        least = float(np.min(np.subtract(*drops)))
        rows.append(figure("raindrop 4 pairs", "least gain", least, unit="dB"))
        kept = [pictures.psnr(p, run(p, {})) for p in pictures.read_set(data, "kodak12").values()]
        return [*rows, row("Kodak 12, without rain", "PSNR to itself", kept)]

    def contact(self, run, data: Path, path: Path) -> None:
        """The pairs (rainy, this network, clean); pictures without rain with what is changed, four times as strong."""
        for name, seen in (("rain100l", pictures.luma), ("raindrop-train", np.asarray)):
            groups = []
            for rainy, clean in pairs_of(data, name):
                given = run(rainy, {})
                before, after = (sheet.against(clean, p, seen) for p in (rainy, given))
                groups.append([(f"rain {before}", rainy), (f"this network {after}", given), ("clean", clean)])
            sheet.pages(groups, path.with_name(f"{path.name}-{name}"))
        groups = []
        for name, clean in pictures.read_set(data, "kodak12").items():
            given = run(clean, {})
            changed = np.clip(128 + 4 * (given.astype(int) - clean), 0, 255).astype(np.uint8)
            label = f"this network {sheet.against(clean, given)}"
            groups.append([(name, clean), (label, given), ("changed, x4", changed)])
        sheet.pages(groups, path.with_name(f"{path.name}-kodak12"))

    def sheet(self, run, samples: Path, folder: Path) -> str:
        """Sample pictures with made streaks, with made drops, and one as it is."""
        rows, random = [], np.random.default_rng(7)
        for name, kind in (("street_buses", "streaks"), ("landscape_field", "drops"), ("food_coffee", "none")):
            clean = pictures.read(samples / f"{name}.jpg")
            clean = pictures.resize(clean, round(clean.shape[1] * 240 / clean.shape[0]), 240)
            if kind == "none":
                rows.append([("as it is", clean), ("this network", run(clean, {}))])
                continue
            given = clean.astype(np.float32) / 255
            if kind == "drops":
                rainy = rainfall.add_drops(given, random)[0]
            else:
                layer = rainfall.streak_layer(random, 400)[: clean.shape[0], : clean.shape[1]]
                rainy = given + 0.6 * layer[..., None]
            rainy = as_bytes(rainy)
            rows.append([(f"made {kind}", rainy), ("this network", run(rainy, {})), ("original", clean)])
        sheet.save(rows, folder / "sheet.jpg")
        return "Sample pictures with made streaks and drops, and one as it is (credits: samples/CREDITS.md)."


def pairs_of(data: Path, name: str) -> list[tuple[np.ndarray, np.ndarray]]:
    """(rainy, clean) of a set whose files are called *_rain and *_clean."""
    read = pictures.read_set(data, name)
    return [(read[stem], read[stem.replace("_rain", "_clean")]) for stem in read if stem.endswith("_rain")]


def scores(run, pairs: list[tuple], seen) -> tuple[list[float], list[float]]:
    """PSNR of the answers, and of the inputs; `seen` picks what is compared."""
    given = [pictures.psnr(seen(clean), seen(run(rainy, {}))) for rainy, clean in pairs]
    return given, [pictures.psnr(seen(clean), seen(rainy)) for rainy, clean in pairs]


def row(title: str, metric: str, given: list[float], plain: list[float] | None = None) -> dict:
    """One figure: a mean in dB."""
    return figure(title, metric, np.mean(given), None if plain is None else np.mean(plain), "dB")
