"""The demonstration's sheets: what each function is shown, and the page of labelled pictures."""

from pathlib import Path

from damage import darkened, hazed, rained
from PIL import Image, ImageDraw, ImageFont

SAMPLES = Path(__file__).resolve().parent.parent / "samples"
COLUMN, GAP, LABEL = 480, 12, 26
Rows = list[dict[str, Image.Image]]


def opened(name: str) -> Image.Image:
    return Image.open(SAMPLES / f"{name}.jpg").convert("RGB")


def plain(door) -> Rows:
    return [{"before": opened(name), "after": door(opened(name))} for name in ("street_buses", "landscape_field")]


def mended(door, damage, word: str, names: tuple[str, ...]) -> Rows:
    """Damaged sample, answer, sample."""
    rows = []
    for name in names:
        worn = damage(opened(name))
        rows.append({f"{word} sample": worn, door.manifest["function"]: door(worn), "sample": opened(name)})
    return rows


def derain(door) -> Rows:
    return mended(door, rained, "rained on", ("landscape_field", "people_astronaut", "cat_chelsea"))


def dehaze(door) -> Rows:
    return mended(door, hazed, "hazed", ("landscape_field", "street_buses", "food_coffee"))


def lowlight(door) -> Rows:
    night = opened("night_rocket")
    dark = mended(door, darkened, "darkened", ("food_coffee", "people_astronaut"))
    return [{"sample": night, "lowlight": door(night)}, *dark]


def upscale(door) -> Rows:
    """A third of each sample enlarged back, so that the truth can stand beside; a detail of each."""
    rows = []
    details = (("cat_chelsea", 120, 60), ("street_buses", 270, 150), ("people_astronaut", 150, 20))
    scale = door.manifest["picture"]["scale"]
    for name, left, top in details:
        truth = opened(name)
        small = truth.resize((truth.width // scale, truth.height // scale), Image.Resampling.BICUBIC)
        ours = door(small)
        frame = (left, top, left + 180, top + 180)
        views = {
            f"1/{scale} of the sample": small.resize(ours.size, Image.Resampling.NEAREST),
            f"bicubic x{scale}": small.resize(ours.size, Image.Resampling.BICUBIC),
            f"upscale x{scale}": ours,
            "sample": truth,
        }
        crops = {label: view.crop(frame) for label, view in views.items()}
        rows.append({label: crop.resize((360, 360), Image.Resampling.NEAREST) for label, crop in crops.items()})
    return rows


def stylize(door) -> Rows:
    """One photograph in every style; then a mix, the photograph's own light, larger strokes."""
    photo = opened("cat_chelsea")
    names = [style["name"] for style in door.manifest["styles"]]
    views = {"sample": photo} | {name: door(photo, style=name) for name in names}
    first, second = names[0], names[min(1, len(names) - 1)]
    views |= {
        f"{first}:0.5,{second}:0.5": door(photo, style=f"{first}:0.5,{second}:0.5"),
        f"{first}, original_color 1": door(photo, style=first, original_color=1),
        f"{second}, stroke 2": door(photo, style=second, stroke=2),
    }
    pairs = list(views.items())
    return [dict(pairs[at : at + 4]) for at in range(0, len(pairs), 4)]


def classify(door) -> Rows:
    """Details of the samples, each with its three best classes as label; the last is none of the ten."""
    details = (
        ("cat_chelsea", (75, 0, 375, 300)),
        ("street_buses", (142, 270, 298, 426)),
        ("street_buses", (415, 295, 600, 480)),
        ("street_buses", (160, 90, 465, 395)),
        ("food_coffee", (100, 0, 500, 400)),
    )
    views = {}
    for name, frame in details:
        part = opened(name).crop(frame)
        best = ", ".join(f"{each['name']} {each['score']:.2f}" for each in door.labels(part)[:3])
        views[best] = part.resize((300, 300), Image.Resampling.LANCZOS)
    return [views]


def detect(door) -> Rows:
    names = ("street_buses", "people_astronaut", "cat_chelsea", "food_coffee")
    return [{"sample": opened(name), "detect": door(opened(name))} for name in names]


SHEETS = {
    "classify": classify,
    "dehaze": dehaze,
    "derain": derain,
    "detect": detect,
    "lowlight": lowlight,
    "stylize": stylize,
    "upscale": upscale,
}


def sheet(rows: Rows) -> Image.Image:
    """Rows of labelled pictures, each no wider than a column."""
    font = ImageFont.load_default(16)
    fitted = [{label: fit(picture) for label, picture in row.items()} for row in rows]
    heights = [max(picture.height for picture in row.values()) + LABEL + GAP for row in fitted]
    widths = [sum(picture.width + GAP for picture in row.values()) for row in fitted]
    page = Image.new("RGB", (max(widths) + GAP, sum(heights) + GAP), "white")
    draw = ImageDraw.Draw(page)
    y = GAP
    for row, height in zip(fitted, heights, strict=True):
        x = GAP
        for label, picture in row.items():
            draw.text((x, y), label, "black", font)
            page.paste(picture, (x, y + LABEL))
            x += picture.width + GAP
        y += height
    return page


def fit(picture: Image.Image) -> Image.Image:
    if picture.width <= COLUMN:
        return picture
    height = round(picture.height * COLUMN / picture.width)
    return picture.resize((COLUMN, height), Image.Resampling.LANCZOS)
