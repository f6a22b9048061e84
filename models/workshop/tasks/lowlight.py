"""Low-light enhancement: made damage to train on, its loss, and its measures."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from workshop import pictures, sheet
from workshop.networks.curve import merge
from workshop.tasks import base
from workshop.tasks.base import figure

GAMMAS = (2.5, 3.2, 4.0)  # of the measure: the files by name take them in turn
NOISE = 3.0  # of the measure, in levels of 255


def darken(picture: np.ndarray, gamma: float, noise: np.ndarray, gain: float = 1.0) -> np.ndarray:
    """level -> gain * level^gamma (on 0..1) + noise (in levels), rounded to whole levels."""
    table = (gain * (np.arange(256) / 255) ** gamma * 255).astype(np.float32)
    return np.clip(np.rint(table[picture] + noise), 0, 255).astype(np.uint8)


def darken_evenly(picture: np.ndarray, gamma: float, noise: np.ndarray, gain: float = 1.0) -> np.ndarray:
    """The same on the largest channel of each pixel, the others in proportion: hue and saturation stay."""
    light = np.arange(256) / 255
    table = (gain * light ** (gamma - 1) if gamma >= 1 else np.full(256, gain)).astype(np.float32)
    scaled = picture * table[picture.max(2)][..., None]
    return np.clip(np.rint(scaled + noise), 0, 255).astype(np.uint8)


class Samples:
    """Darkened, noisy crops with the whole (damaged) picture as context."""

    def __init__(self, originals: list[np.ndarray], crop: int, seed: int):
        self.crop = crop
        self.random = np.random.default_rng(seed)
        self.originals = [p for p in originals if min(p.shape[:2]) >= crop and self.bright(p)]
        self.pool = np.random.default_rng(seed).standard_normal(1 << 22, np.float32)

    @staticmethod
    def bright(picture: np.ndarray) -> bool:
        """A target must be a well-lit picture itself."""
        return 0.25 <= picture.mean() / 255 <= 0.75

    def damage(self, picture: np.ndarray) -> np.ndarray:
        """A seventh of the pictures stays bright; the others are darkened by gamma, some by less exposure too; on each
        channel alone, or (two of five) on the largest with the others in proportion."""
        random = self.random
        kind = random.random()
        gamma, gain, sigma = random.uniform(1.6, 4.6), 1.0, random.uniform(0, 6)
        if kind < 0.15:
            gamma, sigma = random.uniform(0.9, 1.2), random.uniform(0, 1.5)
        elif kind < 0.35:
            gamma, gain = random.uniform(1.0, 3.0), random.uniform(0.25, 0.9)
        noise = self.noise(picture.shape, coarse=random.random() < 0.35)
        way = darken_evenly if random.random() < 0.4 else darken
        return way(picture, gamma, noise * np.float32(sigma), gain)

    def noise(self, shape: tuple, coarse: bool) -> np.ndarray:
        """Gaussian noise of deviation 1; coarse as a camera's after its own processing: neighbours share it."""
        height, width = shape[0] + 1, shape[1] + 1
        begin = int(self.random.integers(self.pool.size))
        whole = np.take(self.pool, np.arange(begin, begin + height * width * 3), mode="wrap").reshape(height, width, 3)
        if coarse:
            whole[:-1] += whole[1:]
            whole[:, :-1] += whole[:, 1:]
            whole /= 2
        return whole[:-1, :-1]

    def batch(self, count: int) -> tuple[Tensor, ...]:
        """(levels [N,3,c,c], context [N,3,64,64] in 0..1, truth [N,3,c,c] in 0..1, probes and their truth [N,3,32,32])."""
        random, side = self.random, self.crop
        parts = ([], [], [], [], [])
        for chosen in random.integers(len(self.originals), size=count):
            truth = self.originals[chosen]
            dark = self.damage(truth)
            y = int(random.integers(truth.shape[0] - side + 1))
            x = int(random.integers(truth.shape[1] - side + 1))
            rows = random.integers(truth.shape[0], size=32)[:, None]
            columns = random.integers(truth.shape[1], size=32)[None]
            context = pictures.context_of(dark)
            turn, mirror = int(random.integers(4)), bool(random.integers(2))
            crops = [dark[y : y + side, x : x + side], context, truth[y : y + side, x : x + side]]
            for part, given in zip(parts, crops, strict=False):
                given = np.rot90(given, turn)
                part.append(given[:, ::-1] if mirror else given)
            parts[3].append(dark[rows, columns])
            parts[4].append(truth[rows, columns])
        levels, context, truth, probes, told = (
            torch.from_numpy(np.stack(p)).permute(0, 3, 1, 2).float() for p in parts
        )
        return levels, context / 255, truth / 255, probes, told / 255


class Task(base.Task):
    """What training and export need to know about lowlight."""

    measured_on = ("kodak12", "lowlight-dicm")

    def generated(self, originals: list[np.ndarray]) -> Samples:
        """Crops of given pictures."""
        return Samples(originals, self.recipe["crop"], self.recipe.get("seed", 1))

    def calibration(self, samples: Samples) -> list[dict]:
        """Inputs that show the 8-bit file its ranges: 64 damaged crops."""
        levels, context = samples.batch(64)[:2]
        levels = levels.byte().permute(0, 2, 3, 1).numpy()
        context = (context * 255).round().byte().permute(0, 2, 3, 1).numpy()
        return [{"picture": levels[i : i + 1], "context": context[i : i + 1]} for i in range(64)]

    def sheet(self, run, samples: Path, folder: Path) -> str:
        """Sample pictures with made damage, and a night picture as it is."""
        rows, random = [], np.random.default_rng(7)
        for name, gamma in (("people_astronaut", 3.2), ("street_buses", 4.0), ("night_rocket", 1.0)):
            truth = pictures.read(samples / f"{name}.jpg")
            truth = pictures.resize(truth, round(truth.shape[1] * 240 / truth.shape[0]), 240)
            if gamma == 1.0:
                rows.append([("as it is", truth), ("this network", run(truth, {}))])
                continue
            dark = darken(truth, gamma, random.normal(0, NOISE, truth.shape).astype(np.float32))
            rows.append([(f"gamma {gamma}, noise", dark), ("this network", run(dark, {})), ("original", truth)])
        sheet.save(rows, folder / "sheet.jpg")
        return "Sample pictures darkened with noise, and one as it is (credits: samples/CREDITS.md)."

    def loss(self, network, batch, part: float) -> Tensor:
        """L1 and the logarithm of each crop's squared error, and the same of the curve alone on pixels from everywhere."""
        levels, context, truth, probes, told = batch
        table, share, hints = network.overview(context)
        lifted = network.lift(levels, table, share)
        with torch.autocast("cpu", torch.bfloat16):
            cleaned = network.clean(levels / 255, lifted, hints)
        return distance(merge(lifted, cleaned.float()), truth) + 0.5 * distance(
            network.lift(probes, table, share), told
        )

    def measure(self, run, data: Path, quick: bool = False) -> list[dict]:
        """The function's figures. `run(picture, knobs) -> picture`, both uint8 [H,W,3]."""
        rows = [self.kodak(run, data)]
        return rows if quick else rows + self.dicm(run, data)

    def kodak(self, run, data: Path) -> dict:
        """PSNR RGB on 12 Kodak pictures darkened by gamma in turn, with Gaussian noise of one generator."""
        given, plain = [], []
        for truth, dark in darkened(data):
            given.append(pictures.psnr(truth, run(dark, {})))
            plain.append(pictures.psnr(truth, dark))
        title = "Kodak 12, gamma 2.5/3.2/4, noise 3/255"
        return figure(title, "PSNR", np.mean(given), np.mean(plain), "dB")

    def contact(self, run, data: Path, path: Path) -> None:
        """Darkened pictures (dark, this network, as it was), and dark photographs."""
        groups = []
        for truth, dark in darkened(data):
            given = run(dark, {})
            label = f"this network {sheet.against(truth, given)}"
            groups.append([(f"dark {sheet.against(truth, dark)}", dark), (label, given), ("as it was", truth)])
        sheet.pages(groups, path.with_name(f"{path.name}-kodak12"))
        groups = []
        for name, dark in pictures.read_set(data, "lowlight-dicm").items():
            given = run(dark, {})
            label = f"this network, brightness {given.mean() / 255:.2f}"
            groups.append([(f"{name} {dark.mean() / 255:.2f}", dark), (label, given)])
        sheet.pages(groups, path.with_name(f"{path.name}-lowlight-dicm"))

    def dicm(self, run, data: Path) -> list[dict]:
        """Exposure, colour and order on 20 dark photographs without ground truth."""
        off, off_input, shifts, ranks = [], [], [], []
        for dark in pictures.read_set(data, "lowlight-dicm").values():
            given = run(dark, {})
            off.append(abs(given.mean() / 255 - 0.6))
            off_input.append(abs(dark.mean() / 255 - 0.6))
            shifts.append(np.abs(shares(given) - shares(dark)).max())
            ranks.append(rank_correlation(brightness(dark), brightness(given)))
        title = "DICM 20"
        return [
            figure(title, "exposure off .6, mean", np.mean(off), np.mean(off_input)),
            figure(title, "colour share shift, median", np.median(shifts)),
            figure(title, "colour share shift, worst", np.max(shifts)),
            figure(title, "rank correlation, worst", np.min(ranks)),
        ]


def darkened(data: Path) -> list[tuple[np.ndarray, np.ndarray]]:
    """(truth, dark) of the 12 Kodak pictures: by gamma in turn, with Gaussian noise of one generator."""
    random, pairs = np.random.default_rng(7), []
    for at, truth in enumerate(pictures.read_set(data, "kodak12").values()):
        noise = random.normal(0, NOISE, truth.shape)
        pairs.append((truth, darken(truth, GAMMAS[at % 3], noise.astype(np.float32))))
    return pairs


def distance(given: Tensor, truth: Tensor) -> Tensor:
    """L1 + a tenth of the logarithm of each sample's mean squared error (what PSNR averages)."""
    error = given - truth
    return error.abs().mean() + 0.1 * torch.log(error.square().mean((1, 2, 3)) + 1e-3).mean()


def shares(picture: np.ndarray) -> np.ndarray:
    """Each channel's share of the sum of all: [3], sum 1."""
    total = picture.reshape(-1, 3).sum(0, dtype=np.float64)
    return total / max(total.sum(), 1)


def brightness(picture: np.ndarray) -> np.ndarray:
    """Mean of the channels at 32x32, antialiased: [1024]."""
    return pictures.resize(picture, 32, 32, Image.Resampling.BOX).mean(2).ravel()


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Spearman's: the correlation of ranks (ties in order of place)."""
    ranks = [np.argsort(np.argsort(v, kind="stable"), kind="stable") for v in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])
