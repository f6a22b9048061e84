"""Writes nms.json beside this file: what torchvision keeps of random boxes. `python make.py` with torch and torchvision."""

import json
from pathlib import Path

import torch
from torchvision.ops import batched_nms

ROWS, CLASSES = 120, 4


def case(seed: int, iou: float, threshold: float) -> dict:
    """Boxes in clusters, a score for each class; what is kept as [class, x1, y1, x2, y2], the best first."""
    random = torch.Generator().manual_seed(seed)
    centres = torch.randint(20, 180, (15, 2), generator=random)[torch.randint(0, 15, (ROWS,), generator=random)]
    centres = centres + torch.randint(-8, 9, (ROWS, 2), generator=random)
    sides = torch.randint(6, 40, (ROWS, 2), generator=random)
    boxes = torch.cat([centres - sides // 2, centres + (sides + 1) // 2], 1).float()
    scores = (torch.randperm(ROWS * CLASSES, generator=random) + 1).float().view(ROWS, CLASSES) / 1000
    row, kind = torch.nonzero(scores >= threshold, as_tuple=True)
    kept = batched_nms(boxes[row], scores[row, kind], kind, iou)
    told = [[int(kind[at]), *boxes[row[at]].int().tolist()] for at in kept.tolist()]
    return {
        "iou": iou,
        "threshold": threshold,
        "classes": CLASSES,
        "boxes": boxes.int().tolist(),
        "scores": [round(score, 3) for score in scores.flatten().tolist()],
        "kept": told,
    }


cases = [case(seed, iou, threshold) for seed, (iou, threshold) in enumerate([(0.5, 0.0), (0.3, 0.1), (0.7, 0.2)])]
Path(__file__).with_name("nms.json").write_text(json.dumps(cases, separators=(",", ":")) + "\n")
