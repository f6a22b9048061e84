"""Super-resolution: what it trains on, its loss, and its measures."""

from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from tqdm import tqdm

from workshop import pictures, sheet
from workshop.networks import FAMILIES
from workshop.networks.edsr import shuffle
from workshop.tasks import base

QUALITIES = (25, 32, 40, 50, 62, 75, 88)


def denoise_of(quality: int) -> float:
    """What the knob means: 0 is a clean input, 1 a JPEG of quality 40 or less."""
    return min(1.0, (100 - quality) / 60)


class Samples:
    """Random crops of (small, large) pairs, clean or after JPEG, made from pictures held in memory."""

    def __init__(self, larges: list[np.ndarray], scale: int, crop: int, noisy: int, seed: int):
        """`larges`: the large pictures; `crop`: side of the small crop; `noisy`: JPEG samples in a batch of 16."""
        self.scale, self.crop, self.noisy = scale, crop, noisy
        self.random = np.random.default_rng(seed)
        self.pairs = []
        for picture in tqdm(larges, desc="pairs", leave=False):
            large = np.ascontiguousarray(pictures.modulo(picture, scale))
            if min(large.shape[:2]) < crop * scale:
                continue
            small = pictures.shrink(large, scale)
            noisy_small = [pictures.jpeg(small, quality) for quality in QUALITIES] if noisy else []
            self.pairs.append((large, small, noisy_small))
        area = np.array([p[1].shape[0] * p[1].shape[1] for p in self.pairs], np.float64)
        self.chance = area / area.sum()

    def batch(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """(small [N,3,c,c] in 0..1, large [N,3,s*c,s*c] in 0..1, denoise [N])."""
        random, side, scale = self.random, self.crop, self.scale
        smalls, larges, knobs = [], [], []
        for at, chosen in enumerate(random.choice(len(self.pairs), count, p=self.chance)):
            large, small, noisy_small = self.pairs[chosen]
            knob = 0.0
            if at * 16 < self.noisy * count:
                level = int(random.integers(len(QUALITIES)))
                small, knob = noisy_small[level], denoise_of(QUALITIES[level])
            y = int(random.integers(small.shape[0] - side + 1))
            x = int(random.integers(small.shape[1] - side + 1))
            a = small[y : y + side, x : x + side]
            b = large[y * scale : (y + side) * scale, x * scale : (x + side) * scale]
            turn, mirror = int(random.integers(4)), bool(random.integers(2))
            a, b = np.rot90(a, turn), np.rot90(b, turn)
            if mirror:
                a, b = a[:, ::-1], b[:, ::-1]
            smalls.append(a)
            larges.append(b)
            knobs.append(knob)
        return as_tensor(smalls), as_tensor(larges), torch.tensor(knobs, dtype=torch.float32)


def as_tensor(batch: list[np.ndarray]) -> Tensor:
    """uint8 pictures of one size -> [N,3,H,W] in 0..1, channels last in memory."""
    return torch.from_numpy(np.stack(batch)).permute(0, 3, 1, 2).float() / 255


class Task(base.Task):
    """What training and export need to know about upscaling."""

    tile = 640
    measured_on = ("set5", "set14")
    knobs = {
        "denoise": {
            "default": 0.0,
            "min": 0.0,
            "max": 1.0,
            "meaning": "how far JPEG artefacts are taken for damage: 0 a clean picture, 0.5 JPEG quality 70, 1 quality 40",
        }
    }

    def __init__(self, recipe: dict):
        super().__init__(recipe)
        self.scale = recipe["network"]["scale"]
        self.told = "denoise" in (recipe["knobs"] if "knobs" in recipe else FAMILIES[recipe["family"]].knobs)

    def samples(self, data: Path) -> Samples:
        """Crops of the recipe's sets, each picture also reduced (sharper, other contents for the same crop)."""
        sets: list[np.ndarray] = []
        for name in self.recipe["data"]:
            read = [pictures.read(f) for f in pictures.files(data, name)]
            sets += read
            for share in self.recipe.get("reduced", [0.8, 0.6]):
                sets += [pictures.resize(p, round(p.shape[1] * share), round(p.shape[0] * share)) for p in read]
        return self.generated(sets)

    def generated(self, larges: list[np.ndarray]) -> Samples:
        """Crops of given pictures."""
        recipe = self.recipe
        return Samples(larges, self.scale, recipe["crop"], recipe.get("noisy", 3), recipe.get("seed", 1))

    def calibration(self, samples: Samples) -> list[dict]:
        """Inputs that show the 8-bit file its ranges: 64 crops, a part of them after JPEG."""
        small, _, denoise = samples.batch(64)
        levels = (small * 255).round().byte().permute(0, 2, 3, 1).numpy()
        if self.told:
            return [{"picture": levels[i : i + 1], "denoise": denoise[i : i + 1].numpy()} for i in range(64)]
        return [{"picture": levels[i : i + 1]} for i in range(64)]

    def sheet(self, run, samples: Path, folder: Path) -> str:
        """Crops of the sample pictures, reduced and enlarged again."""
        rows = []
        for name, y, x, side in (("cat_chelsea", 40, 130, 180), ("people_astronaut", 60, 130, 180)):
            truth = pictures.read(samples / f"{name}.jpg")
            truth = pictures.modulo(truth, self.scale)
            height, width = truth.shape[:2]
            small = pictures.shrink(truth, self.scale)
            worn = pictures.jpeg(small, 40)
            cells = [
                ("bicubic", pictures.resize(small, width, height)),
                ("this network", run(small, {"denoise": 0.0})),
                ("original", truth),
            ]
            if self.told:
                cells.append(("JPEG 40, bicubic", pictures.resize(worn, width, height)))
                cells.append(("this network, denoise 1", run(worn, {"denoise": 1.0})))
            rows.append([(label, p[y : y + side, x : x + side]) for label, p in cells])
        sheet.save(rows, folder / "sheet.jpg")
        return f"Sample pictures reduced by {self.scale} and enlarged again (credits: samples/CREDITS.md)."

    def loss(self, network, batch, part: float) -> Tensor:
        """L1 on RGB and on brightness; the last part of the training uses squares (`part`: share done)."""
        small, large, denoise = batch
        with torch.autocast("cpu", torch.bfloat16):
            features = network.features(small.contiguous(memory_format=torch.channels_last), denoise)
        given = shuffle(features.float() + network.base(small), self.scale)
        error = given - large
        bright = (error * error.new_tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)).sum(1)
        if part >= self.recipe.get("squares_from", 1.0):
            return 20 * (0.6 * error.square().mean() + bright.square().mean())
        return 0.6 * error.abs().mean() + bright.abs().mean()

    def measure(self, run, data: Path, quick: bool = False) -> list[dict]:
        """The function's figures. `run(picture, knobs) -> picture`, both uint8 [H,W,3]."""
        rows = []
        for folder, title in (("set5", "Set5"), ("set14", "Set14")):
            large = {k: pictures.modulo(v, self.scale) for k, v in pictures.read_set(data, folder).items()}
            small = {k: pictures.shrink(v, self.scale) for k, v in large.items()}
            rows.append(self.row(title, large, small, run, 0.0))
            if quick:
                return rows
            if folder == "set5" and self.told:
                noisy = {k: pictures.jpeg(v, 40) for k, v in small.items()}
                rows.append(self.row("Set5, JPEG 40, denoise 0", large, noisy, run, 0.0))
                rows.append(self.row("Set5, JPEG 40, denoise 1", large, noisy, run, 1.0))
        return rows

    def contact(self, run, data: Path, path: Path) -> None:
        """Reduced and enlarged again: bicubic, this network, the original; of Set5 also after JPEG, where there is a knob."""
        for name in self.measured_on:
            groups = []
            for denoise in (0.0, 1.0) if self.told and name == "set5" else (0.0,):
                for truth in pictures.read_set(data, name).values():
                    truth = pictures.modulo(truth, self.scale)
                    small = pictures.shrink(truth, self.scale)
                    small = pictures.jpeg(small, 40) if denoise else small
                    plain, given = (
                        pictures.resize(small, truth.shape[1], truth.shape[0]),
                        run(small, {"denoise": denoise}),
                    )
                    cells = [("JPEG 40, bicubic" if denoise else "bicubic", plain), ("this network", given)]
                    told = [(f"{label} {self.score(truth, picture):.2f} dB", picture) for label, picture in cells]
                    groups.append([*told, ("original", truth)])
            sheet.pages(groups, path.with_name(f"{path.name}-{name}"), 260)

    def row(self, title: str, large: dict, small: dict, run, denoise: float) -> dict:
        """Mean PSNR of Y with the border of `scale` pixels cut, beside that of bicubic enlargement."""
        given, plain = [], []
        for name, truth in large.items():
            height, width = truth.shape[:2]
            answer = run(small[name], {"denoise": denoise})
            bicubic = pictures.resize(small[name], width, height, Image.Resampling.BICUBIC)
            given.append(self.score(truth, answer))
            plain.append(self.score(truth, bicubic))
        return base.figure(title, "PSNR-Y", np.mean(given), np.mean(plain), "dB")

    def score(self, truth: np.ndarray, answer: np.ndarray) -> float:
        """PSNR of Y, border cut."""
        cut = self.scale
        return pictures.psnr(pictures.luma(truth)[cut:-cut, cut:-cut], pictures.luma(answer)[cut:-cut, cut:-cut])
