"""What the functions' figures have to be, as they are served; a goal's key is variant, set and measure."""

from collections.abc import Callable
from dataclasses import dataclass

Rows = dict[tuple[str, str, str], dict]  # (function/variant, set, metric) -> row


@dataclass(frozen=True)
class Goal:
    """What a figure has to be, in words and as a test of (its row, all rows)."""

    text: str
    met: Callable[[dict, Rows], bool]


def least(value: float) -> Goal:
    """At least a value."""
    return Goal(f">= {value:g}", lambda row, rows: row["value"] >= value)


def most(value: float) -> Goal:
    """At most a value."""
    return Goal(f"<= {value:g}", lambda row, rows: row["value"] <= value)


def gain(value: float) -> Goal:
    """Above the input's figure by a value."""
    return Goal(f">= input + {value:g}", lambda row, rows: row["value"] >= row["input"] + value)


def near(name: str, value: float) -> Goal:
    """At most a value below the same figure of another variant."""

    def met(row: dict, rows: Rows) -> bool:
        other = rows.get((name, row["set"], row["metric"]))
        return other is not None and row["value"] >= other["value"] - value

    return Goal(f">= {name.split('/')[1]} - {value:g}", met)


def denoised(row: dict, rows: Rows) -> bool:
    """The knob gains half a dB on JPEG."""
    return row["value"] >= rows["upscale/default", "Set5, JPEG 40, denoise 0", "PSNR-Y"]["value"] + 0.5


KODAK_DARK = "Kodak 12, gamma 2.5/3.2/4, noise 3/255"
GOALS = {
    ("upscale/default", "Set5", "PSNR-Y"): least(34.0),
    ("upscale/default", "Set14", "PSNR-Y"): least(29.9),
    ("upscale/default", "Set5, JPEG 40, denoise 1", "PSNR-Y"): Goal(">= denoise 0 + .5", denoised),
    ("upscale/default-x2", "Set5", "PSNR-Y"): least(37.7),
    ("upscale/default-x4", "Set5", "PSNR-Y"): least(31.7),
    ("upscale/fast-x2", "Set5", "PSNR-Y"): least(36.7),
    ("upscale/fast-x3", "Set5", "PSNR-Y"): least(32.7),
    ("upscale/fast-x4", "Set5", "PSNR-Y"): least(30.4),
    ("lowlight/default", KODAK_DARK, "PSNR"): least(22.5),
    ("lowlight/default", "DICM 20", "exposure off .6, mean"): Goal(
        "<= half the input's", lambda row, rows: row["value"] <= row["input"] / 2
    ),
    ("lowlight/default", "DICM 20", "colour share shift, median"): most(0.05),
    ("lowlight/default", "DICM 20", "colour share shift, worst"): most(0.15),
    ("lowlight/default", "DICM 20", "rank correlation, worst"): least(0.7),
    ("derain/default", "Rain100L 30", "PSNR-Y"): least(31.0),
    ("derain/default", "raindrop 4 pairs", "PSNR"): gain(2),
    ("derain/default", "raindrop 4 pairs", "least gain"): Goal("> 0", lambda row, rows: row["value"] > 0),
    ("derain/default", "Kodak 12, without rain", "PSNR to itself"): least(38),
    ("dehaze/default", "Haze 22 pairs", "PSNR"): least(25.0),
    ("dehaze/default", "Haze 22 pairs", "least gain"): Goal("> 0", lambda row, rows: row["value"] > 0),
    ("dehaze/codebook", "Haze 22 pairs", "PSNR"): near("dehaze/default", 1.0),
    ("classify/default", "CIFAR-10 test, JPEG q75", "top-1"): least(89.5),
    ("classify/default", "CIFAR-10 test, JPEG q75", "calibration error"): most(3),
    ("detect/default", "coco128-val 72", "AP50"): least(0.15),
}

#: Variants that have to be there besides `default`.
VARIANTS = {
    "upscale": ("default-x2", "default-x4", "fast-x2", "fast-x3", "fast-x4"),
    "dehaze": ("codebook",),
}

#: How many times as fast 8 bits are to be; 1 where nothing is said.
SPEED = {"upscale": 2.0, "dehaze": 2.0, "derain": 2.0, "stylize": 1.4, "detect": 1.4}

#: How many times as fast as another variant: variant -> (other, times).
FASTER = {f"upscale/fast-{s}": (f"upscale/default{'' if s == 'x3' else '-' + s}", 8.0) for s in ("x2", "x3", "x4")}


UNSEEN = 42.0  # dB; what differs by less is seen by nobody, and tenths of it say nothing


def allowed(row: dict) -> float | None:
    """What 8 bits may cost of a measure: .1 dB (below `UNSEEN`), .3 points of a percentage, .01 of average precision; None:
    anything."""
    if row["unit"] == "dB" and row["value"] >= UNSEEN:
        return None
    if row["metric"].startswith("AP"):
        return 0.01
    return {"dB": 0.1, "%": 0.3}.get(row["unit"])
