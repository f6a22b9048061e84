"""The paintings that styles are learned from: what a page tells about each, and its main colours."""

from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from workshop import pictures

EVERYWHERE = "public domain everywhere"
SINCE_2015 = "public domain where life + 70 years holds, since 2015, and in the United States (before 1929)"
SINCE_2012 = "public domain where life + 70 years holds, since 2012, and in the United States (before 1929)"


@dataclass(frozen=True)
class Painting:
    """One painting; `lines`: a few words on its strokes."""

    title: str
    painter: str
    year: str
    lines: str
    rights: str = EVERYWHERE


PAINTINGS = {
    "starry-night": Painting(
        "The Starry Night", "Vincent van Gogh", "1889", "long parallel strokes that turn in whirls around every light"
    ),
    "starry-night-rhone": Painting(
        "Starry Night Over the Rhône", "Vincent van Gogh", "1888", "short level dashes, light falling in broken columns"
    ),
    "bedroom-arles": Painting(
        "Bedroom in Arles",
        "Vincent van Gogh",
        "1888",
        "plain areas of one colour with dark outlines, thick along the grain",
    ),
    "great-wave": Painting(
        "The Great Wave off Kanagawa",
        "Katsushika Hokusai",
        "about 1831",
        "even lines of a print, flat blues, claws of foam",
    ),
    "water-lilies": Painting(
        "Water Lilies", "Claude Monet", "1919", "loose crossing strokes, light patches floating on dark upright ones"
    ),
    "charing-cross": Painting(
        "Charing Cross Bridge", "Claude Monet", "1899-1904", "soft level touches that dissolve every edge in mist"
    ),
    "san-giorgio": Painting(
        "San Giorgio Maggiore at Dusk",
        "Claude Monet",
        "1908-1912",
        "short level touches, warm over cool, shapes without edges",
    ),
    "shipwreck": Painting(
        "The Wreck of a Transport Ship",
        "J. M. W. Turner",
        "about 1810",
        "sweeping curves of foam between deep shadow and light",
    ),
    "dance-foyer": Painting(
        "The Foyer of the Opera at Rue Le Peletier", "Edgar Degas", "1872", "fine soft brush, edges lost in warm dusk"
    ),
    "te-fare": Painting("Te Fare", "Paul Gauguin", "1892", "broad quiet areas of strong colour, rounded contours"),
    "in-bed": Painting(
        "In Bed", "Henri de Toulouse-Lautrec", "1893", "quick thin hatching along the folds, the board showing through"
    ),
    "plum-tree": Painting(
        "Plum Tree", "Sakai Hoitsu", "before 1829", "calm flat gold, thin winding branches, dots of blossom"
    ),
    "scream": Painting(
        "The Scream", "Edvard Munch", "1893", "long wavy bands that run through sky, water and figure alike", SINCE_2015
    ),
    "composition7": Painting(
        "Composition VII",
        "Wassily Kandinsky",
        "1913",
        "bright patches and sharp crossing lines in every direction",
        SINCE_2015,
    ),
    "metzinger": Painting(
        "Portrait of Jean Metzinger",
        "Robert Delaunay",
        "1906",
        "square tiles of pure colour set side by side",
        SINCE_2012,
    ),
}
OWN = "yours to know"


def path_of(data: Path, name: str) -> Path:
    """The file of a painting of the set `style`; its name with underscores."""
    found = {f.stem.replace("_", "-"): f for f in pictures.files(data, "style")}
    if name not in found:
        raise SystemExit(f"workshop: no painting '{name}' in {data / 'style'}; there are: {', '.join(sorted(found))}")
    return found[name]


def palette(picture: np.ndarray, count: int = 5) -> list[str]:
    """The main colours of a picture uint8 [H,W,3] by k-means, the most frequent first: ["#rrggbb"]."""
    points = pictures.resize(picture, 64, 64).reshape(-1, 3).astype(np.float64)
    order = np.argsort(points.sum(1), kind="stable")
    centres = points[order[((np.arange(count) + 0.5) * len(points) / count).astype(int)]]
    for _ in range(30):
        nearest = ((points[:, None] - centres[None]) ** 2).sum(2).argmin(1)
        centres = np.stack([points[nearest == i].mean(0) if (nearest == i).any() else centres[i] for i in range(count)])
    share = np.bincount(nearest, minlength=count)
    return ["#" + bytes(np.rint(centres[i]).astype(np.uint8)).hex() for i in np.argsort(-share, kind="stable")]


def told(name: str, picture: np.ndarray) -> dict:
    """A style as the manifest shows it."""
    facts = PAINTINGS.get(name) or Painting(name, "", "", "learned from a picture of one's own", OWN)
    return {"name": name} | asdict(facts) | {"palette": palette(picture)}
