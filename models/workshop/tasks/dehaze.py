"""Dehazing: haze made over clear pictures to train on, its loss, and its measures."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from workshop import haze, pictures, sheet
from workshop.tasks import base
from workshop.tasks.base import figure
from workshop.tasks.lowlight import distance, shares


class Samples:
    """Hazy crops with the whole hazy picture as context."""

    def __init__(self, originals: list[np.ndarray], crop: int, seed: int):
        self.crop = crop
        self.random = np.random.default_rng(seed)
        chosen = [p for p in originals if min(p.shape[:2]) >= crop and haze.clear(p)]
        self.pairs = [(p, haze.guides(p)) for p in chosen]
        area = np.array([p.shape[0] * p.shape[1] for p in chosen], np.float64)
        self.chance = area / area.sum()

    def one(self, chosen: int) -> tuple:
        """levels and truth uint8 [c,c,3], context uint8 [64,64,3], airlight [3], share of veil in the whole picture."""
        random, side = self.random, self.crop
        truth, guide = self.pairs[chosen]
        if random.random() < 0.5:
            truth, guide = truth[:, ::-1], guide[:, ::-1]
        over = haze.haze(random, guide)
        whole = haze.veiled(truth, over)
        context = pictures.context_of(np.clip(np.rint(whole), 0, 255).astype(np.uint8))
        y = int(random.integers(truth.shape[0] - side + 1))
        x = int(random.integers(truth.shape[1] - side + 1))
        cut = np.s_[y : y + side, x : x + side]
        aim = haze.freed(truth[cut], haze.Haze(over.thickness[cut], over.airlight))
        return haze.traces(random, whole[cut]), aim, context, over.airlight, 1 - over.through.mean()

    def batch(self, count: int) -> tuple[Tensor, ...]:
        """(levels [N,3,c,c], truth [N,3,c,c] in 0..1, context [N,3,64,64] in 0..1, airlight [N,3], veil [N])."""
        made = [self.one(int(i)) for i in self.random.choice(len(self.pairs), count, p=self.chance)]
        levels, truth, context, airlight, veil = zip(*made, strict=True)
        planes = [torch.from_numpy(np.stack(p)).permute(0, 3, 1, 2).float() for p in (levels, truth, context)]
        return (
            planes[0],
            planes[1] / 255,
            planes[2] / 255,
            torch.from_numpy(np.stack(airlight)),
            torch.tensor(veil, dtype=torch.float32),
        )


class Task(base.Task):
    """What training and export need to know about dehaze."""

    measured_on = ("dehaze-pairs", "dehaze-real")
    of_set = staticmethod(pictures.dry)  # rain far away is haze
    knobs = {
        "omega": {
            "default": 0.95,
            "min": 0.0,
            "max": 1.0,
            "meaning": "share of the haze that is taken away; a little that stays keeps the distance visible",
        }
    }

    def generated(self, originals: list[np.ndarray]) -> Samples:
        """Hazy crops of given pictures."""
        return Samples(originals, self.recipe["crop"], self.recipe.get("seed", 1))

    def calibration(self, samples: Samples) -> list[dict]:
        """Inputs that show the 8-bit file its ranges: 64 hazy crops."""
        levels, _, context = samples.batch(64)[:3]
        levels = levels.byte().permute(0, 2, 3, 1).numpy()
        context = (context * 255).round().byte().permute(0, 2, 3, 1).numpy()
        return [{"picture": levels[i : i + 1], "context": context[i : i + 1]} for i in range(64)]

    def loss(self, network, batch, part: float) -> Tensor:
        """L1 and the logarithm of each crop's squared error; the airlight's error, where there is a veil to see. With a code
        book: first the book alone on the clear pictures, then also how far the values are from the clear picture's codes."""
        levels, truth, context, airlight, veil = batch
        x = levels.contiguous(memory_format=torch.channels_last) / 255
        book = getattr(network, "book", None)
        if book is not None and part < self.recipe["book"]:
            return book.loss(truth)
        found, told = network.overview(context)
        with torch.autocast("cpu", torch.bfloat16):
            seen = network.body(x, told) if book is None else network.features(x, told)
        drawn = 0.0
        if book is not None:
            seen, values = seen
            with torch.no_grad():
                aims = book.lookup(book.encode(network.bordered(truth)))
            drawn = (values.float() - aims).square().mean()
        given = network.recover(x, found, seen.float())
        colour = (veil[:, None] * (found - airlight).abs()).mean()
        return distance(given, truth) + 0.3 * colour + 0.5 * drawn

    def measure(self, run, data: Path, quick: bool = False) -> list[dict]:
        """The function's figures. `run(picture, knobs) -> picture`, both uint8 [H,W,3]."""
        rows = self.pairs(run, data)
        return rows[:1] if quick else rows + self.real(run, data)

    def pairs(self, run, data: Path) -> list[dict]:
        """PSNR RGB on the pairs, their mean, each kind's, and what the pair that gains least gains."""
        found = pictures.read_set(data, "dehaze-pairs")
        kinds, gains = {"": [], "heavy": [], "light": [], "hazy": []}, []
        for name in sorted(n for n in found if not n.endswith("_clear")):
            scene, kind = name.split("_")
            truth, hazy = found[f"{scene}_clear"], found[name]
            both = pictures.psnr(truth, run(hazy, {})), pictures.psnr(truth, hazy)
            kinds[kind].append(both)
            kinds[""].append(both)
            gains.append(both[0] - both[1])
        rows = []
        for kind, title in (
            ("", "Haze 22 pairs"),
            ("heavy", "heavy 10"),
            ("light", "light 10"),
            ("hazy", "SOTS outdoor 2"),
        ):
            value, plain = np.mean(kinds[kind], 0).tolist()
            rows.append(figure(title, "PSNR", value, plain, "dB"))
        return [*rows, figure("Haze 22 pairs", "least gain", min(gains), unit="dB")]

    def real(self, run, data: Path) -> list[dict]:
        """Hazy photographs without ground truth: what is left of the veil, a frame along the border, a cast."""
        veil, before, frames, casts = [], [], [], []
        for hazy in pictures.read_set(data, "dehaze-real").values():
            given = run(hazy, {})
            veil.append(given.min(2).mean() / 255)
            before.append(hazy.min(2).mean() / 255)
            frames.append(abs(frame(given) - frame(hazy)))
            casts.append(np.abs(shares(given) - shares(hazy)).max())
        title = "Real haze 12"
        return [
            figure(title, "darkest channel, mean", np.mean(veil), np.mean(before)),
            figure(title, "frame, worst", max(frames)),
            figure(title, "colour share shift, worst", max(casts)),
        ]

    def contact(self, run, data: Path, path: Path) -> None:
        """The pairs (hazy, this network, clear), and the real ones."""
        found = pictures.read_set(data, "dehaze-pairs")
        groups = []
        for name in sorted(n for n in found if not n.endswith("_clear")):
            truth, given = found[f"{name.split('_')[0]}_clear"], run(found[name], {})
            label = f"{name} {sheet.against(truth, found[name])}"
            groups.append([(label, found[name]), (sheet.against(truth, given), given), ("clear", truth)])
        sheet.pages(groups, path.with_name(f"{path.name}-pairs"))
        real = sorted(pictures.read_set(data, "dehaze-real").items())
        groups = [[(name, hazy), ("this network", run(hazy, {}))] for name, hazy in real]
        sheet.pages(groups, path.with_name(f"{path.name}-real"))

    def sheet(self, run, samples: Path, folder: Path) -> str:
        """Sample pictures with made haze, thin and thick."""
        rows, random = [], np.random.default_rng(7)
        for name, mean in (("landscape_field", 0.6), ("street_buses", 0.9), ("landscape_field", 1.6)):
            truth = pictures.read(samples / f"{name}.jpg")
            truth = pictures.resize(truth, round(truth.shape[1] * 240 / truth.shape[0]), 240)
            far = haze.depth(random, haze.guides(truth))
            over = haze.Haze(mean * (0.3 + 0.7 * far / far.mean()), np.full(3, 0.9, np.float32))
            hazy = haze.traces(random, haze.veiled(truth, over))
            rows.append([("made haze", hazy), ("this network", run(hazy, {})), ("original", truth)])
        sheet.save(rows, folder / "sheet.jpg")
        return "Sample pictures with made haze (credits: samples/CREDITS.md)."


def frame(picture: np.ndarray) -> float:
    """How much brighter the outermost 4 pixels are than the next 12, mean over the border, in 0..1."""
    outer, inner = np.ones(picture.shape[:2], bool), np.ones(picture.shape[:2], bool)
    outer[4:-4, 4:-4] = False
    inner[16:-16, 16:-16] = False
    light = picture.mean(2) / 255
    return float(light[outer].mean() - light[inner & ~outer].mean())
