"""Published detectors run by their own runtimes, with their own way of resizing: what converted ones are held against.

    .tools/catalogue/bin/python originals.py VARIANT MIRROR THRESHOLD IOU PICTURE... > out.json

For each picture: `boxes` (x1 y1 x2 y2 in its pixels, class, score; suppressed by class, the best 300), `raw` (shape, mean, std,
min and max of each output) and `fitted` (the resized picture that the network saw, as a PNG in base64). The decoding is written in NumPy here,
apart from that of the definitions; resizing (bilinear, not antialiased) and suppression are OpenCV's. An environment of its own
(requirements.txt): nothing of the workshop is used.
"""

import base64
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import ncnn
import numpy as np
import onnxruntime

Answer = tuple[
    list[np.ndarray], np.ndarray, np.ndarray
]  # raw outputs, boxes [M,4] in the network's pixels, scores [M,80]
MOST = 300  # boxes of a picture
CANDIDATES = 3000  # the best ones, that are weighed against each other


def cells(height: int, width: int) -> np.ndarray:
    """Column and row of each cell: [height*width,2]."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x.ravel(), y.ravel()], 1).astype(np.float32)


def around(centre: np.ndarray, side: np.ndarray) -> np.ndarray:
    return np.concatenate([centre - side / 2, centre + side / 2], -1)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


def onnx(path: Path) -> Callable:
    """A file in ONNX Runtime: planes [C,H,W] -> its first output."""
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    return lambda planes: session.run(None, {session.get_inputs()[0].name: planes[None]})[0][0]


def ncnn_net(base: Path, given: str, wanted: tuple[str, ...]) -> Callable:
    """A .param and .bin in ncnn, in 32 bits: planes [C,H,W] -> the outputs wanted."""
    net = ncnn.Net()
    net.opt.use_fp16_packed = net.opt.use_fp16_storage = net.opt.use_fp16_arithmetic = net.opt.use_bf16_storage = False
    net.load_param(f"{base}.param")
    net.load_model(f"{base}.bin")

    def run(planes: np.ndarray) -> list[np.ndarray]:
        extractor = net.create_extractor()
        held = np.ascontiguousarray(planes, np.float32)  # by name: a Mat only points to it
        extractor.input(given, ncnn.Mat(held))
        return [np.array(extractor.extract(name)[1]) for name in wanted]

    return run


def yolox_nano(folder: Path) -> Callable:
    run = onnx(folder / "yolox-nano.onnx")
    grid = np.concatenate(
        [np.hstack([cells(416 // s, 416 // s), np.full(((416 // s) ** 2, 1), s)]) for s in (8, 16, 32)]
    )

    def answer(bgr: np.ndarray) -> Answer:
        square = np.full((416, 416, 3), 114, np.uint8)
        square[: bgr.shape[0], : bgr.shape[1]] = bgr
        rows = run(square.transpose(2, 0, 1).astype(np.float32))
        boxes = around((rows[:, :2] + grid[:, :2]) * grid[:, 2:], np.exp(rows[:, 2:4]) * grid[:, 2:])
        return [rows], boxes, rows[:, 4:5] * rows[:, 5:]

    return answer


def fastestdet(folder: Path) -> Callable:
    run = onnx(folder / "fastestdet.onnx")

    def answer(bgr: np.ndarray) -> Answer:
        planes = run(bgr.transpose(2, 0, 1).astype(np.float32) / 255)
        rows = planes.reshape(85, -1).T
        boxes = around(np.tanh(rows[:, 1:3]) + cells(22, 22), 22 * sigmoid(rows[:, 3:5])) * 16
        return [planes], boxes, np.power(rows[:, :1], 0.6) * np.power(rows[:, 5:], 0.4)

    return answer


def nanodet(folder: Path) -> Callable:
    run = ncnn_net(folder / "nanodet-plus-m-416", "data", ("output",))
    mean, deviation = np.float32([103.53, 116.28, 123.675]), np.float32([57.375, 57.12, 58.395])

    def answer(bgr: np.ndarray) -> Answer:
        (rows,) = run(((bgr - mean) / deviation).transpose(2, 0, 1))
        bins = np.exp(rows[:, 80:].reshape(-1, 4, 8))
        away = (bins * np.arange(8)).sum(2) / bins.sum(2)
        at, boxes = 0, []
        for stride, count in ((8, 52), (16, 26), (32, 13), (64, 7)):
            middle, part = cells(count, count), away[at : at + count * count]
            boxes.append(np.hstack([middle - part[:, :2], middle + part[:, 2:]]) * stride)
            at += count * count
        return [rows], np.concatenate(boxes), rows[:, :80]

    return answer


def yolo_fastestv2(folder: Path) -> Callable:
    run = ncnn_net(folder / "yolo-fastestv2", "input.1", ("794", "796"))
    anchors = np.float32(
        [
            [[12.64, 19.39], [37.88, 51.48], [55.71, 138.31]],
            [[126.91, 78.23], [131.57, 214.55], [279.92, 258.87]],
        ]
    )

    def answer(bgr: np.ndarray) -> Answer:
        outputs = run(bgr.transpose(2, 0, 1).astype(np.float32) / 255)
        boxes, scores = [], []
        for rows, sides, stride in zip(outputs, anchors, (16, 32), strict=True):
            place, flat = cells(*rows.shape[:2]), rows.reshape(-1, 95)
            for a in range(3):
                x = flat[:, 4 * a : 4 * a + 4]
                boxes.append(around((x[:, :2] * 2 - 0.5 + place) * stride, (x[:, 2:] * 2) ** 2 * sides[a]))
                scores.append(flat[:, 12 + a : 13 + a] * flat[:, 15:])
        return outputs, np.concatenate(boxes), np.concatenate(scores)

    return answer


def sections(table: Path) -> Iterator[str]:
    """The table of layers beside the weights, as darknet writes networks."""
    yield "[net]\nwidth=320\nheight=320\nchannels=3"
    lines = [line.split("\t") for line in table.read_text().splitlines()]
    for row in (dict(zip(lines[0], line, strict=True)) for line in lines[1:]):
        told = {key: row[key] for key in ("filters", "size", "stride", "groups", "activation") if row[key]}
        told |= {"batch_normalize": row["batch_norm"]} if row["batch_norm"] else {}
        if row["from_or_layers"]:
            told["from" if row["type"] == "shortcut" else "layers"] = row["from_or_layers"]
        told |= dict(part.split("=") for part in row["note"].split() if "=" in part)
        if row["type"] == "yolo":
            told |= {"num": "6", "thresh": "0.001"}  # OpenCV drops what is below
        yield "\n".join([f"[{row['type']}]", *(f"{key}={value}" for key, value in told.items())])


def yolo_fastest(folder: Path) -> Callable:
    with tempfile.NamedTemporaryFile("w", suffix=".cfg") as described:
        described.write("\n\n".join(sections(folder / "yolo-fastest-1.1.layers.tsv")) + "\n")
        described.flush()
        net = cv2.dnn.readNetFromDarknet(described.name, str(folder / "yolo-fastest-1.1.weights"))
    names = net.getUnconnectedOutLayersNames()

    def answer(bgr: np.ndarray) -> Answer:
        net.setInput(cv2.dnn.blobFromImage(bgr, 1 / 255, swapRB=True))
        rows = np.concatenate(net.forward(names))
        return [rows], around(rows[:, :2], rows[:, 2:4]) * 320, rows[:, 5:]

    return answer


# The network's side, whether it is stretched to, and what makes it.
DETECTORS = {
    "yolox-nano": (416, False, yolox_nano),
    "fastestdet": (352, True, fastestdet),
    "nanodet-plus-m-416": (416, True, nanodet),
    "yolo-fastest-1.1": (320, True, yolo_fastest),
    "yolo-fastestv2": (352, True, yolo_fastestv2),
}


def fitted(bgr: np.ndarray, side: int, stretch: bool) -> np.ndarray:
    """The picture at the network's size."""
    height, width = bgr.shape[:2]
    share = min(side / height, side / width)
    size = (side, side) if stretch else (int(width * share), int(height * share))
    return cv2.resize(bgr, size, interpolation=cv2.INTER_LINEAR)


def suppressed(boxes: np.ndarray, scores: np.ndarray, threshold: float, iou: float) -> list:
    """The boxes at or above the threshold that no better one of the class covers."""
    row, kind = np.nonzero(scores >= threshold)
    corner = boxes[row].astype(float)
    sized = np.hstack([corner[:, :2], corner[:, 2:] - corner[:, :2]])
    found = sized.tolist(), scores[row, kind].tolist(), kind.tolist()
    best = cv2.dnn.NMSBoxesBatched(*found, threshold, iou, top_k=CANDIDATES)
    best = sorted(np.ravel(best).astype(int), key=lambda i: -scores[row[i], kind[i]])[:MOST]
    return [[*corner[i].tolist(), int(kind[i]), float(scores[row[i], kind[i]])] for i in best]


def main(variant: str, mirror: str, threshold: str, iou: str, *pictures: str) -> None:
    side, stretch, made = DETECTORS[variant]
    answer = made(Path(mirror) / "detect")
    found = []
    for picture in pictures:
        bgr = cv2.imread(picture)
        small = fitted(bgr, side, stretch)
        raw, boxes, scores = answer(small)
        ratio = np.tile([bgr.shape[1] / small.shape[1], bgr.shape[0] / small.shape[0]], 2)
        boxes = suppressed(boxes * ratio, scores, float(threshold), float(iou))
        told = [
            {"shape": list(r.shape)} | {k: float(getattr(r, k)()) for k in ("mean", "std", "min", "max")} for r in raw
        ]
        shown = base64.b64encode(cv2.imencode(".png", small)[1]).decode()
        found.append({"boxes": boxes, "raw": told, "fitted": shown})
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
