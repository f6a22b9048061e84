"""Made damage for the demonstration: dark, rain, haze; the same each time. Pillow pictures (RGB) in and out."""

import math
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter


def darkened(picture: Image.Image) -> Image.Image:
    """Gamma 3 and noise of 3/255."""
    chance = random.Random(7)
    curve = [(level / 255) ** 3 * 255 for level in range(256)]
    noisy = bytes(min(255, max(0, round(curve[level] + chance.gauss(0, 3)))) for level in picture.tobytes())
    return Image.frombytes("RGB", picture.size, noisy)


def rained(picture: Image.Image) -> Image.Image:
    """Bright streaks of one wind, near ones long and broad, far ones short and thin, screened over the picture."""
    chance = random.Random(11)
    width, height = picture.size
    rain = Image.new("L", picture.size)
    for length, breadth, light, share in ((34, 2, 120, 900), (20, 1, 100, 350)):
        layer = Image.new("L", picture.size)
        draw = ImageDraw.Draw(layer)
        for _ in range(width * height // share):
            x, y = chance.uniform(-20, width + 20), chance.uniform(-40, height)
            long = length * chance.uniform(0.6, 1.3)
            lean = math.radians(12 + chance.gauss(0, 1.5))
            end = (x + long * math.sin(lean), y + long * math.cos(lean))
            draw.line([(x, y), end], fill=round(light * chance.uniform(0.4, 1)), width=breadth)
        rain = ImageChops.lighter(rain, layer.filter(ImageFilter.GaussianBlur(0.7)))
    return ImageChops.screen(picture, Image.merge("RGB", (rain,) * 3))


def hazed(picture: Image.Image) -> Image.Image:
    """Haze that thickens towards the top of the picture, where the distance lies, and drifts."""
    chance = random.Random(5)
    width, height = picture.size
    drifts = Image.frombytes("L", (6, 4), bytes(chance.randrange(90, 190) for _ in range(24)))
    drifts = drifts.resize(picture.size, Image.Resampling.BICUBIC)
    # Transmission falls with e to the depth: about .35 at the top, .8 at the bottom.
    depth = bytes(round(255 * (1 - math.exp(-(1.05 - 0.85 * y / height)))) for y in range(height))
    veil = Image.frombytes("L", (1, height), depth).resize(picture.size)
    share = Image.blend(veil, ImageChops.multiply(veil, drifts.point(lambda level: min(255, level * 2))), 0.35)
    return Image.composite(Image.new("RGB", picture.size, (226, 229, 233)), picture, share)
