"""A made-up published network: its manifest, its file with random weights, and what measures it."""

import hashlib
import json
import zipfile
from pathlib import Path

import numpy as np
import torch

from workshop.convert import source
from workshop.tasks.base import figure
from workshop.tests import made

LAYERS = ((1, 3), (3, 3), (5, 6), (7, 6), (3, 12))  # of an AOD-Net: side of the kernel, channels in


def variant(models: Path, mirror: Path, name: str = "dehaze/made-up", seed: int = 7, **told) -> source.Source:
    """An AOD-Net of random weights: `models/<name>/model.json`, and `made-up.pth` in the mirror."""
    torch.manual_seed(seed)
    weights = {}
    for at, (side, taken) in enumerate(LAYERS, 1):
        weights[f"e_conv{at}.weight"] = torch.randn(3, taken, side, side) / side / taken**0.5
        weights[f"e_conv{at}.bias"] = torch.rand(3) / 4
    path = mirror / f"{name}.pth"
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(weights, path)
    function, own = name.split("/")
    data = path.read_bytes()
    file = {"file": f"{name}.pth", "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    given = {
        "function": function,
        "variant": own,
        "title": "Made up",
        "summary": "Random weights.",
        "task": "picture",
        "paper": "https://arxiv.org/abs/1707.06543",
        "licence": "MIT",
        "terms": "free",
        "status": "fetch",
        "weights": [],
        "from": {"converter": "aodnet", "format": "torch", "files": [file | {"address": "https://example.org/a.pth"}]},
        "picture": {},
        "knobs": {},
        "resources": {"memory_mb": 2048, "storage_mb": 512, "timeout_s": 60},
        "quality": [],
        "speed": [],
    }
    folder = models / name
    folder.mkdir(parents=True)
    (folder / "model.json").write_text(json.dumps(given | told, indent=2) + "\n")
    return source.read(folder, given | told)


class Judge:
    """Measures how near an answer is to its picture; `lost`: decibels that the second file measured loses."""

    def __init__(self, lost: float = 0.0):
        self.lost, self.times = lost, 0

    def measure(self, run, data, quick=False) -> list[dict]:
        """One row."""
        picture = made.picture(3, 60, 80)
        error = np.mean((run(picture, {}).astype(float) - picture) ** 2)
        self.times += 1
        value = 10 * np.log10(255**2 / error) - (self.lost if self.times > 1 else 0)
        return [figure("made", "PSNR", min(value, 40.0), 20.0, "dB")]


def wheel(folder: Path, members: dict[str, bytes]) -> Path:
    """The package made-up-net 1.2, which holds `members` under made_up_net/."""
    path, info = folder / "made_up_net-1.2-py3-none-any.whl", "made_up_net-1.2.dist-info"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, data in members.items():
            opened.writestr(f"made_up_net/{name}", data)
        opened.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: made-up-net\nVersion: 1.2\n")
        opened.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        opened.writestr(f"{info}/RECORD", "")
    return path
