"""Made rain: streaks in the air and drops on the glass before the lens. Pictures are float [H,W,3] in 0..1."""

import numpy as np
from PIL import Image


def ramp(x: np.ndarray) -> np.ndarray:
    """0 below 0, 1 above 1, smooth between."""
    x = np.clip(x, 0, 1)
    return x * x * (3 - 2 * x)


def spread(random: np.random.Generator, low: float, high: float) -> float:
    """A number between, evenly on a logarithmic scale."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def streak_layer(random: np.random.Generator, side: int) -> np.ndarray:
    """One layer of streaks that fall in one direction, without an end (left meets right): [side,side], brightest near 1.

    Widths, lengths and spread of brightness as measured on the residuals of heavy pairs: across, their correlation has
    fallen to a half at 1 to 2 pixels (deviation .6 to 1.4), along at 10 to 30; most streaks are faint, few bright.
    """
    layer = np.zeros((side, side), np.float32)
    angle, loose = np.deg2rad(random.uniform(-42, 42)), np.deg2rad(random.choice([0.8, 2.0, 7.0], p=[0.5, 0.35, 0.15]))
    length, width = spread(random, 12, 75), spread(random, 0.5, 1.3)
    cover = spread(random, 0.05, 0.6)
    count = int(np.clip(cover * side * side / (length * 2.4 * width), 8, 2500))
    faint = random.uniform(1.2, 4.0)  # above 1: more faint ones
    tapered = random.uniform(0.3, 1.0)
    for _ in range(count):
        draw_streak(
            layer,
            random,
            angle + random.normal(0, loose),
            length * random.uniform(0.5, 1.6),
            width * random.uniform(0.7, 1.35),
            random.uniform(0.05, 1) ** faint,
            tapered,
        )
    return layer


def draw_streak(
    layer: np.ndarray, random, angle: float, length: float, width: float, light: float, taper: float
) -> None:
    """Adds one streak to the layer: Gaussian across, along it a rise, a fall and some unevenness."""
    side = layer.shape[0]
    along, across = (np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))
    high = int(abs(along[0]) * length / 2 + 3 * width) + 2
    wide = int(abs(along[1]) * length / 2 + 3 * width) + 2
    centre = random.uniform(0, side, 2)
    at = centre.astype(int)
    y = np.arange(-high, high + 1, dtype=np.float32)[:, None] - np.float32(centre[0] - at[0])
    x = np.arange(-wide, wide + 1, dtype=np.float32)[None] - np.float32(centre[1] - at[1])
    u = (y * along[0] + x * along[1]) / (length / 2)  # -1..1 from end to end
    v = (y * across[0] + x * across[1]) / width
    soft = max(2 * width / length, 0.05)
    edge = np.clip((1 - np.abs(u)) / max(soft, taper), 0, 1)
    uneven = 1 + random.uniform(0, 0.35) * np.sin(random.uniform(2, 9) * u + random.uniform(0, 6.3))
    rows, columns = np.arange(at[0] - high, at[0] + high + 1) % side, np.arange(at[1] - wide, at[1] + wide + 1) % side
    layer[rows[:, None], columns[None]] += light * edge * uneven * np.exp(-0.5 * v * v)


def crop_of(layer: np.ndarray, random: np.random.Generator, height: int, width: int) -> np.ndarray:
    """A part of an endless layer, mirrored or not."""
    y, x = random.integers(layer.shape[0]), random.integers(layer.shape[1])
    rows, columns = np.arange(y, y + height) % layer.shape[0], np.arange(x, x + width) % layer.shape[1]
    part = layer[rows[:, None], columns[None]]
    return part[:, ::-1] if random.integers(2) else part


def add_bars(picture: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A row of light, hard-edged bars before a part of the picture: fences, blinds and rails, that are no rain."""
    height, width = picture.shape[:2]
    angle = np.deg2rad(random.normal(0, 12) + (90 if random.random() < 0.2 else 0))
    y, x = np.mgrid[:height, :width].astype(np.float32) - random.uniform(0, [height, width])[:, None, None]
    across, along = x * np.cos(angle) - y * np.sin(angle), x * np.sin(angle) + y * np.cos(angle)
    period = spread(random, 4, 16)
    wide = period * random.uniform(0.3, 0.65)
    side = np.abs((across + period / 2) % period - period / 2)
    share = np.clip((wide / 2 - side) / random.uniform(0.4, 1.0) + 0.5, 0, 1)
    share *= np.clip(random.uniform(10, 50) - np.abs(along), 0, 1)  # all of one length
    colour = random.uniform(0.45, 1.0) + random.normal(0, 0.03, 3).astype(np.float32)
    shade = 1 - random.uniform(0, 0.25) * side / period
    return picture * (1 - share[..., None]) + np.clip(colour * shade[..., None], 0, 1) * share[..., None]


def residual(rainy: np.ndarray, clean: np.ndarray, noise: float = 4) -> np.ndarray:
    """The streaks of a pair of uint8 pictures: [H,W] in 0..1, less what JPEG did to both; nan where it was cut at 255."""
    grown = rainy.astype(np.float32) - clean
    return np.where(rainy.max(2) >= 250, np.nan, np.maximum(grown.mean(2) - noise, 0) / 255).astype(np.float32)


def add_streaks(picture: np.ndarray, streaks: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Streaks [H,W] as light on the picture: mostly a grey sum, seldom tinted, seldom covering what is behind."""
    kind = random.random()
    light = streaks[..., None]
    if kind < 0.08:
        light = light * random.uniform([0.8, 0.88, 0.95], [1, 1, 1.05])
    if kind > 0.9:
        share = np.minimum(light, 0.95)
        return picture * (1 - share) + share * random.uniform(0.7, 1.0)
    return picture + light


def blurred(picture: np.ndarray, size: float) -> np.ndarray:
    """The picture with details below `size` pixels gone."""
    height, width = picture.shape[:2]
    small = (max(2, round(width / size)), max(2, round(height / size)))
    image = Image.fromarray((np.clip(picture, 0, 1) * 255).astype(np.uint8))
    image = image.resize(small, Image.Resampling.BOX).resize((width, height), Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32) / 255


def add_drops(picture: np.ndarray, random: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Drops on the glass: (picture, their share of each pixel [H,W]).

    A drop is a lens out of focus: it shows a wide view upside down and blurred, so mostly a brighter, smooth colour (the
    sky comes to its lower part). Wet glass also lays a veil over everything, patchy, and pale or bluish.
    """
    height, width = picture.shape[:2]
    mean = spread(random, 3, 20)
    count = int(np.clip(spread(random, 0.2, 1.4) * height * width / (3.1 * mean * mean), 2, 160))
    near = blurred(picture, max(4, mean * 0.8))
    far = blurred(picture[::-1, ::-1], 12)
    bright = np.percentile(picture, random.uniform(70, 99), axis=(0, 1)).astype(np.float32)
    sky = random.uniform(0.5, 0.95) + random.uniform([-0.03, 0, 0], [0.02, 0.03, 0.08])
    pale = np.clip(bright + random.uniform(0.2, 1) * (sky - bright), 0, 1).astype(np.float32)
    view = near * 0.5 + far * 0.5 if random.random() < 0.5 else near
    soft, rim = random.uniform(0.3, 1.6), random.random() < 0.08
    gathered, rest = np.zeros_like(picture), np.ones((height, width, 1), np.float32)
    for _ in range(count):
        size = mean * random.uniform(0.5, 1.6)
        tall = size * random.uniform(0.8, 1.35)
        cy, cx = random.uniform(-size / 2, [height + size / 2, width + size / 2])
        y0, y1 = max(0, int(cy - 2 * tall)), min(height, int(cy + 2 * tall) + 1)
        x0, x1 = max(0, int(cx - 2 * size)), min(width, int(cx + 2 * size) + 1)
        if y1 <= y0 or x1 <= x0:
            continue
        v = (np.arange(y0, y1, dtype=np.float32)[:, None] - np.float32(cy)) / np.float32(tall)
        u = (np.arange(x0, x1, dtype=np.float32)[None] - np.float32(cx)) / np.float32(size)
        mask = random.uniform(0.5, 1.0) * ramp((1 + soft / 2 - np.sqrt(u * u + v * v)) / soft)[..., None]
        up = np.clip(0.5 + random.uniform(-0.1, 0.6) * v, 0, 1)[..., None] * random.uniform(0.3, 1.4)
        part = (slice(y0, y1), slice(x0, x1))
        up = np.minimum(up, 1)
        shown = view[part] * (1 - up) + np.minimum(pale * random.uniform(0.75, 1.25), 1) * up
        if rim:  # drops in focus have a dark rim
            shown = shown * (1 - 0.4 * ramp(1 - 4 * np.abs(np.sqrt(u * u + v * v) - 0.85))[..., None])
        gathered[part] = gathered[part] * (1 - mask) + shown * mask
        rest[part] *= 1 - mask
    given = picture * rest + gathered
    if random.random() < 0.35:  # wet glass is seldom quite sharp
        given = given + random.uniform(0.3, 0.9) * (blurred(given, random.uniform(1.5, 2.2)) - given)
    if random.random() < 0.75:
        patches = random.random((3, 3)).astype(np.float32)
        veil = np.asarray(Image.fromarray(patches).resize((width, height), Image.Resampling.BICUBIC))[..., None]
        veil = np.clip(veil, 0, 1) * random.uniform(0, 0.45)
        given = given * (1 - veil) + pale * veil
    return given, 1 - rest[..., 0]
