"""Labels of small pictures: CIFAR-10 as JPEG files, the loss, accuracy and calibration."""

import io
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional as F

from workshop import pictures, sheet
from workshop.tasks import base

NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")
HELD = 2000  # training pictures that are not trained on: the temperature is fitted on them
SHIFT = 2  # pixels that a training picture is moved by, at most
BINS = 15
CONTACT = 240  # test pictures on contact sheets
SHOWN = (  # on the card: rows and columns of sample pictures
    ("cat_chelsea", (0, 300, 0, 451)),
    ("street_buses", (310, 456, 395, 600)),
    ("street_buses", (255, 420, 100, 290)),
    ("street_buses", (96, 340, 154, 463)),
)


def archive(data: Path, which: str) -> Path:
    """The file cifar10-<which>.npz; ends the program with one clear line where it is missing."""
    path = Path(data) / "cifar10" / f"cifar10-{which}.npz"
    if not path.is_file():
        print(
            f"workshop: {path} is not there. Name with DATA= a folder of picture sets that holds it.", file=sys.stderr
        )
        raise pictures.Missing(2)
    return path


def packed(data: Path, which: str, first: int = 0, count: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Pictures of cifar10-<which>.npz from `first` on: uint8 [N,32,32,3] and labels [N], in the file's order."""
    path = archive(data, which)
    with np.load(path) as held:
        jpeg, offset, label = held["jpeg"].tobytes(), held["offset"], held["label"]
        told = tuple(str(name) for name in held["classes"])
    if told != NAMES:
        raise SystemExit(f"workshop: {path} has its classes in another order: {', '.join(told)}")
    rows = range(first, min(len(label), first + (count or len(label))))
    opened = (Image.open(io.BytesIO(jpeg[offset[i] : offset[i + 1]])).convert("RGB") for i in rows)
    return np.stack([np.asarray(picture) for picture in opened]), label[rows.start : rows.stop].astype(np.int64)


class Samples:
    """Batches of all pictures in a new order each time round: moved by up to 2 pixels, every other time mirrored."""

    def __init__(self, levels: np.ndarray, labels: np.ndarray, seed: int):
        """`levels` uint8 [N,32,32,3]; `labels` [N]."""
        edge = ((0, 0), (SHIFT, SHIFT), (SHIFT, SHIFT), (0, 0))
        self.levels, self.labels = np.pad(levels, edge, mode="reflect"), labels
        self.random = np.random.default_rng(seed)
        self.order, self.mirrored = np.zeros(0, np.int64), None

    def draw(self, count: int) -> np.ndarray:
        """Places of the next pictures; a new order when they are through, mirrored the other way."""
        while len(self.order) < count:
            if self.mirrored is None:
                self.mirrored = self.random.integers(0, 2, len(self.labels))
            self.order = np.concatenate([self.order, self.random.permutation(len(self.labels))])
            self.mirrored = 1 - self.mirrored
        chosen, self.order = self.order[:count], self.order[count:]
        return chosen

    def batch(self, count: int) -> tuple[Tensor, Tensor]:
        """(levels uint8 [N,3,32,32], labels [N])."""
        chosen = self.draw(count)
        reach = np.arange(self.levels.shape[1] - 2 * SHIFT)
        y, x = self.random.integers(0, 2 * SHIFT + 1, (2, count, 1)) + reach
        x = np.where(self.mirrored[chosen, None] == 1, x[:, ::-1], x)
        cut = self.levels[chosen[:, None, None], y[:, :, None], x[:, None, :]]
        return torch.from_numpy(cut).permute(0, 3, 1, 2), torch.from_numpy(self.labels[chosen])


class Task(base.Task):
    """What training and export need to know about labels."""

    kind = "labels"

    def there(self, data: Path) -> None:
        """Two archives instead of pictures."""
        for which in ("train", "test"):
            archive(data, which)

    def samples(self, data: Path) -> Samples:
        """The training pictures of the recipe's set, the first of them held out."""
        return Samples(*packed(data, "train", HELD), self.recipe["seed"])

    def generated(self, originals: list[np.ndarray]) -> Samples:
        """Samples of given pictures, shrunk; their labels are their places."""
        small = [pictures.resize(p, 32, 32) for p in originals]
        return Samples(np.stack(small), np.arange(len(small)) % len(NAMES), self.recipe["seed"])

    def shown(self, data: Path) -> Samples:
        """Samples for calibration: a part of the training pictures."""
        return Samples(*packed(data, "train", HELD, 1000), self.recipe["seed"])

    def calibration(self, samples: Samples) -> list[dict]:
        """Inputs that show the 8-bit file its ranges."""
        levels = samples.batch(128)[0].permute(0, 2, 3, 1).contiguous().numpy()
        return [{"picture": levels[i : i + 1]} for i in range(len(levels))]

    def loss(self, network: nn.Module, batch, part: float) -> Tensor:
        """Cross entropy with smoothed labels."""
        levels, labels = batch
        with torch.autocast("cpu", torch.bfloat16):
            logits = network(levels.float().contiguous(memory_format=torch.channels_last))
        return F.cross_entropy(logits.float(), labels, label_smoothing=self.recipe["smoothing"])

    def finish(self, network: nn.Module, data: Path) -> None:
        """Fit the temperature on the pictures held out."""
        levels, labels = packed(data, "train", 0, HELD)
        network.temperature.fill_(1.0)
        with torch.no_grad():
            given = [network.scores(as_planes(levels[i : i + 250])) for i in range(0, HELD, 250)]
        network.temperature.fill_(temperature(torch.cat(given), torch.from_numpy(labels)))

    def measure(self, run, data: Path, quick: bool = False) -> list[dict]:
        """Accuracy and calibration on the test pictures. `run(picture, knobs) -> scores [classes]`."""
        levels, labels = packed(data, "test", 0, 1000 if quick else None)
        scores = np.stack([run(picture, {}) for picture in levels])
        title = "CIFAR-10 test, JPEG q75"
        top = round(100 * float((scores.argmax(1) == labels).mean()), 2)
        error = round(100 * calibration_error(scores, labels), 2)
        return [
            {"set": title, "metric": "top-1", "unit": "%", "value": top},
            {"set": title, "metric": "calibration error", "unit": "% off", "value": error},
        ]

    def contact(self, run, data: Path, path: Path) -> None:
        """The first test pictures with the best class over each; of a wrong one also the right class."""
        levels, labels = packed(data, "test", 0, CONTACT)
        groups = []
        for picture, label in zip(levels, labels, strict=True):
            scores = run(picture, {})
            best = int(np.argmax(scores))
            right = "" if best == label else f", is {NAMES[label]}"
            groups.append([(f"{NAMES[best]} {100 * scores[best]:.0f}%{right}", picture)])
        sheet.pages(groups, path.with_name(f"{path.name}-cifar10"), 152)

    def sheet(self, run, samples: Path, folder: Path) -> str:
        """A sample picture and cuts of another, with the best class over each."""
        cells = []
        for name, (top, bottom, left, right) in SHOWN:
            picture = pictures.read(samples / f"{name}.jpg")[top:bottom, left:right]
            scores = run(picture, {})
            best = int(np.argmax(scores))
            shown = pictures.resize(picture, round(200 * picture.shape[1] / picture.shape[0]), 200)
            cells.append((f"{NAMES[best]} {100 * scores[best]:.0f}%", shown))
        sheet.save([cells], folder / "sheet.jpg")
        return "Cuts of sample pictures and their best class; the network sees each as 32x32 (credits: samples/CREDITS.md)."

    def geometry(self, network: nn.Module) -> dict:
        """The picture is stretched to the network's side."""
        side = network.side
        return {"scale": 1, "multiple": 1, "halo": 0, "tile": side, "min": 1, "size": side, "fit": "stretch"}

    def members(self) -> dict:
        return {"labels": "labels.txt"}

    def files(self):
        return [("labels.txt", ("\n".join(NAMES) + "\n").encode())]


def as_planes(levels: np.ndarray) -> Tensor:
    """uint8 [N,H,W,3] -> float [N,3,H,W]."""
    return torch.from_numpy(levels).permute(0, 3, 1, 2).float()


def temperature(scores: Tensor, labels: Tensor) -> float:
    """The temperature of the softmax with the least cross entropy (Guo et al. 2017); `scores` [N,classes] at 1."""
    logits = scores.double().clamp(min=1e-12).log()
    tried = torch.exp(torch.linspace(-2.5, 1.5, 401)).tolist()
    return min(tried, key=lambda t: float(F.cross_entropy(logits / t, labels)))


def calibration_error(scores: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """Expected calibration error: |accuracy - confidence| over equal bins of confidence, weighted by their share."""
    sure, right = scores.max(1), scores.argmax(1) == labels
    place = np.minimum((sure * bins).astype(int), bins - 1)
    return float(sum(abs(right[place == b].sum() - sure[place == b].sum()) for b in range(bins)) / len(labels))
