"""Detection: samples cut out of taught canvases, the distillation loss, AP50, and the sheet."""

import colorsys
import io
from pathlib import Path

import numpy as np
import torch
from PIL import Image, ImageDraw
from torch import Tensor, nn

from workshop import ap, distil, pictures, sheet, taught
from workshop import recipe as recipes
from workshop.boxes import Box
from workshop.networks.detector import STRIDES, corners, grid
from workshop.tasks import base
from workshop.teachers import Yolox

MEASURED = {"threshold": 0.01, "iou": 0.6, "max_boxes": 300}  # the options of a request, as AP wants them


NAMES = """person,bicycle,car,motorcycle,airplane,bus,train,truck,boat,traffic light,fire hydrant,stop sign,parking meter,bench,
bird,cat,dog,horse,sheep,cow,elephant,bear,zebra,giraffe,backpack,umbrella,handbag,tie,suitcase,frisbee,skis,snowboard,
sports ball,kite,baseball bat,baseball glove,skateboard,surfboard,tennis racket,bottle,wine glass,cup,fork,knife,spoon,
bowl,banana,apple,sandwich,orange,broccoli,carrot,hot dog,pizza,donut,cake,chair,couch,potted plant,bed,dining table,
toilet,tv,laptop,mouse,remote,keyboard,cell phone,microwave,oven,toaster,sink,refrigerator,book,clock,vase,scissors,
teddy bear,hair drier,toothbrush""".replace("\n", "").split(",")  # COCO's, class 0 first


class Samples:
    """Windows of canvases with the teacher's rows in them: moved by whole cells of the coarsest stride, mirrored, tinted."""

    def __init__(self, folder: Path, sides: list[int], seed: int):
        self.sides, self.random = sides, np.random.default_rng(seed)
        self.ends = np.load(folder / "ends.npy")
        self.canvases = np.memmap(folder / "canvases.bin", np.uint8, "r")
        self.logits, self.boxes = (np.load(folder / f"{name}.npy", mmap_mode="r") for name in ("logits", "boxes"))
        self.order = np.zeros(0, np.int64)

    def canvas(self, at: int) -> Image.Image:
        """One canvas."""
        return Image.open(io.BytesIO(self.canvases[self.ends[at] : self.ends[at + 1]].tobytes()))

    def draw(self, count: int) -> np.ndarray:
        """Places of the next canvases; a new order when they are through."""
        if len(self.order) < count:
            self.order = self.random.permutation(len(self.logits))
        chosen, self.order = self.order[:count], self.order[count:]
        return chosen

    def batch(self, count: int) -> tuple[Tensor, Tensor, Tensor]:
        """(levels uint8 [N,s,s,3], logits uint8 [N,R,81] as `taught` keeps them, boxes float [N,R,4] in the window)."""
        side = int(self.random.choice(self.sides))
        parts = [self.window(int(at), side) for at in self.draw(count)]
        levels, logits, boxes = (torch.from_numpy(np.stack(p)) for p in zip(*parts, strict=True))
        return levels, logits, boxes

    def window(self, at: int, side: int) -> tuple[np.ndarray, ...]:
        """One sample."""
        canvas, random = self.canvas(at), self.random
        step, whole = STRIDES[-1], canvas.width
        x, y = (int(v) * step for v in random.integers((whole - side) // step + 1, size=2))
        mirror = bool(random.integers(2))
        cut = np.asarray(tinted(canvas.crop((x, y, x + side, y + side)), random))
        cells = [rows_of(part, whole, x, y, side, mirror) for part in (self.logits[at], self.boxes[at])]
        boxes = np.clip(cells[1].astype(np.float32) / taught.PIXEL - np.float32([x, y, x, y]), 0, side)
        if mirror:
            boxes = np.stack([side - boxes[:, 2], boxes[:, 1], side - boxes[:, 0], boxes[:, 3]], 1)
        return np.ascontiguousarray(cut[:, ::-1] if mirror else cut), cells[0], boxes


def rows_of(part: np.ndarray, whole: int, x: int, y: int, side: int, mirror: bool) -> np.ndarray:
    """The rows [R,C] of a canvas that lie in a window of it, in the window's own order."""
    cuts, begin = [], 0
    for stride in STRIDES:
        cells, count = whole // stride, side // stride
        plane = part[begin : begin + cells * cells].reshape(cells, cells, -1)
        begin += cells * cells
        cut = plane[y // stride : y // stride + count, x // stride : x // stride + count]
        cuts.append((cut[:, ::-1] if mirror else cut).reshape(count * count, -1))
    return np.concatenate(cuts)


def tinted(picture: Image.Image, random) -> Image.Image:
    """Another exposure, contrast, white balance and saturation; now and then grey."""
    gamma, gain = np.exp(random.uniform(-0.4, 0.4)), np.exp(random.uniform(-0.25, 0.25))
    ramp = 255 * gain * (np.arange(256) / 255) ** gamma
    table = np.clip(ramp * np.exp(random.uniform(-0.12, 0.12, (3, 1))), 0, 255)
    colour = 0.0 if random.random() < 0.05 else float(random.uniform(0.4, 1.5))
    mix = colour * np.eye(3) + (1 - colour) * np.array([0.299, 0.587, 0.114])
    matrix = tuple(np.hstack([mix, np.zeros((3, 1))]).ravel())
    return picture.point(table.astype(int).ravel().tolist()).convert("RGB", matrix)


def drawn(picture: np.ndarray, boxes: list[Box]) -> np.ndarray:
    """The picture with boxes, names and scores."""
    shown = Image.fromarray(picture)
    pen, thick = ImageDraw.Draw(shown), max(2, picture.shape[1] // 200)
    for *box, kind, score in reversed(boxes):
        colour = tuple(int(255 * c) for c in colorsys.hsv_to_rgb(kind * 0.618 % 1, 0.9, 1))
        pen.rectangle([max(0, box[0]), max(0, box[1]), box[2], box[3]], outline=colour, width=thick)
        pen.text(
            (max(0, box[0]) + 4, max(0, box[1]) + 2), f"{NAMES[kind]} {score:.2f}", fill=colour, font_size=8 * thick
        )
    return np.asarray(shown)


class Task(base.Task):
    """What training and export need to know about boxes."""

    kind = "boxes"
    measured_on = ("coco128-val",)
    teacher: Yolox | None = None

    def samples(self, data: Path) -> Samples:
        """Samples of taught canvases, which are made first where they are not there."""
        folder = recipes.ROOT / "out" / "taught" / self.recipe["name"].replace("/", "-")
        given = self.recipe["taught"]
        made = taught.make(folder, data, self.recipe["shares"], given["count"], given["side"], self.recipe["seed"])
        return Samples(made, self.recipe["sides"], self.recipe["seed"])

    shown = samples

    def calibration(self, samples: Samples) -> list[dict]:
        """Inputs that show the 8-bit file its ranges: whole canvases."""
        return [{"picture": np.asarray(samples.canvas(int(at)))[None]} for at in samples.draw(96)]

    def loss(self, network: nn.Module, batch, part: float) -> Tensor:
        """Three ways, one after another: each part alone from the teacher's features to its next ones; the whole network
        with its features drawn to the teacher's; the rows alone, corrected by labels."""
        levels, logits, boxes = batch
        steps = int(network.stem[0].norm.num_batches_tracked)  # of all sittings
        forced, told = steps < self.recipe["forced"], None
        if forced or part < self.recipe["drawn"]:
            told, logits, boxes = self.looked(levels)
        planes = levels.permute(0, 3, 1, 2).contiguous().float()
        with torch.autocast("cpu", torch.bfloat16):
            read, given = network.parts(planes, told if forced else None)
            rows = network.rows(read)
        loss = distil.whole_loss(rows.float(), logits, boxes, levels.shape[1])
        return loss + (self.recipe["draw"] * sum(map(distil.features_loss, given, told)) if told else 0)

    def looked(self, levels: Tensor) -> tuple[list[Tensor], Tensor, Tensor]:
        """What the teacher sees in windows [N,s,s,3]: features, logits and boxes as samples have them."""
        self.teacher = self.teacher or Yolox()
        rows, features = self.teacher.looked(levels.numpy())
        cells = grid(levels.shape[1], levels.shape[1])
        places = corners(torch.from_numpy(rows[..., :4]), cells).clamp(0, levels.shape[1])
        told = [torch.from_numpy(f).to(torch.bfloat16, memory_format=torch.channels_last) for f in features]
        return told, torch.from_numpy(taught.logits(rows[..., 4:])), places

    def finish(self, network: nn.Module, data: Path) -> None:
        """Let the batch norms of the averaged weights see pictures of their own: whole canvases."""
        norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None  # the mean over all
        samples = self.samples(data)
        samples.sides = [self.recipe["taught"]["side"]]
        with torch.no_grad():
            network.train()
            for _ in range(48):
                network(samples.batch(8)[0].permute(0, 3, 1, 2).contiguous().float())
        network.eval()

    def measure(self, run, data: Path, quick: bool = False) -> list[dict]:
        """AP50 on the labelled pictures of coco128-val. `run(picture, knobs) -> boxes in pixels of the picture, after NMS`."""
        pairs = [
            (run(pictures.read(f), MEASURED), taught.truth_of(f))
            for f in pictures.files(data, "coco128-val")
            if taught.truth_of(f) is not None
        ]
        return [{"set": "coco128-val 72", "metric": "AP50", "unit": "1", "value": round(ap.mean_ap(pairs)[0], 4)}]

    def contact(self, run, data: Path, path: Path) -> None:
        """Every measured picture: as it is, with what is found at the default threshold, with what is there."""
        groups = []
        for file in pictures.files(data, "coco128-val"):
            picture, truth = pictures.read(file), taught.truth_of(file)
            there = [] if truth is None else [(*box, int(kind), 1.0) for kind, *box in truth.tolist()]
            found = run(picture, {"threshold": 0.3})
            told = [("found", drawn(picture, found)), (f"labels: {len(there)}", drawn(picture, there))]
            groups.append([(file.stem, picture), *told])
        sheet.pages(groups, path.with_name(f"{path.name}-coco128-val"), 240)

    def sheet(self, run, samples: Path, folder: Path) -> str:
        """The sample pictures with the boxes of the default threshold."""
        rows = []
        for names in (("people_astronaut", "cat_chelsea"), ("street_buses", "food_coffee")):
            cells = []
            for name in names:
                picture = pictures.read(samples / f"{name}.jpg")
                shown = drawn(picture, run(picture, {"threshold": 0.3}))
                cells.append((name, pictures.resize(shown, round(300 * shown.shape[1] / shown.shape[0]), 300)))
            rows.append(cells)
        sheet.save(rows, folder / "sheet.jpg")
        return "Sample pictures and the boxes found at the default threshold (credits: samples/CREDITS.md)."

    def geometry(self, network: nn.Module) -> dict:
        """The picture is letterboxed to the network's size."""
        size = network.size
        return {"scale": 1, "multiple": 32, "halo": 0, "tile": size, "min": 1, "size": size, "fit": "letterbox"}

    def members(self) -> dict:
        return {"labels": "labels.txt"}

    def files(self):
        yield "labels.txt", ("\n".join(NAMES) + "\n").encode()
