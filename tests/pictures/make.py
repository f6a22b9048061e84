"""Writes the odd pictures beside this file, what Pillow sees in each, and the list pictures.json.

    .tools/pictures/bin/python tests/pictures/make.py

`NAME.EXT` is the picture, `NAME.EXT.expect.png` what it must become: upright, sRGB, 8 bits, alpha where it has some.
Pillow reads every file back for that; what Pillow reads with less than its depth (16 bits) is computed from the numbers
that were written. Everything is made from one sample and arithmetic, so that a second run writes the same files.
"""

import io
import json
import struct
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import container
from PIL import Image, ImageCms, ImageOps

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parent.parent / "samples" / "people_astronaut.jpg"
WIDTH, HEIGHT = 35, 25
LOSSLESS, PROFILE, LOSSY = {"max": 1}, {"max": 2}, {"mean": 1.0}
ORIENTATION = 0x0112


def main() -> None:
    for old in [*HERE.glob("*.expect.png"), HERE / "pictures.json"]:
        old.unlink(missing_ok=True)
    index = []
    for name, data, tolerance, expect in cases():
        expect = expect or seen(data)
        path = HERE / name
        path.write_bytes(data)
        expect.save(HERE / f"{name}.expect.png", optimize=True)
        index.append(
            {
                "file": name,
                "expect": f"{name}.expect.png",
                "tolerance": tolerance,
                "format": Image.open(io.BytesIO(data)).format,
                "alpha": expect.mode == "RGBA",
            }
        )
    lines = ",\n".join("  " + json.dumps(row) for row in index)
    (HERE / "pictures.json").write_text(f"[\n{lines}\n]\n")
    size = sum(path.stat().st_size for path in HERE.iterdir() if path.is_file())
    print(f"{len(index)} pictures, {size // 1024} KB with what is expected")


def seen(data: bytes) -> Image.Image:
    """What Pillow makes of a file: first frame, upright, by its profile to sRGB, RGB or RGBA."""
    picture = Image.open(io.BytesIO(data))
    picture.seek(0)
    picture.load()
    profile = picture.info.get("icc_profile")
    alpha = picture.mode in ("RGBA", "LA", "PA") or "transparency" in picture.info
    picture = ImageOps.exif_transpose(picture).convert("RGBA" if alpha else "RGB")
    if profile and profile == p3():
        own, srgb = ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB")
        intent, exact = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.HIGHRESPRECALC
        picture = ImageCms.profileToProfile(picture, own, srgb, intent, flags=exact)
    clean = Image.new(picture.mode, picture.size)
    clean.paste(picture)
    return clean


def cases():
    """(file name, bytes, tolerance, expected picture or None for what Pillow sees)"""
    rgb, grey, alpha = photo(), photo().convert("L"), ramp()
    rgba = rgb.copy()
    rgba.putalpha(alpha)
    yield from png(rgb, grey, rgba)
    yield from interlaced(rgb, grey, rgba)
    yield from jpeg(rgb, grey)
    yield from webp_gif(rgb, rgba)
    yield from bmp_tiff(rgb, grey, rgba)
    yield from profiles(rgb, grey)


def png(rgb, grey, rgba):
    palette = rgb.quantize(64)
    bare = rgb.convert("RGB")
    yield "rgb8.png", saved(rgb, "PNG"), LOSSLESS, None
    yield "rgba8.png", saved(rgba, "PNG"), LOSSLESS, None
    yield "grey8.png", saved(grey, "PNG"), LOSSLESS, None
    yield "grey-alpha8.png", saved(Image.merge("LA", (grey, ramp())), "PNG"), LOSSLESS, None
    yield "grey1.png", saved(grey.convert("1"), "PNG"), LOSSLESS, None
    yield "grey-trns.png", saved(grey, "PNG", transparency=grey.getpixel((5, 5))), LOSSLESS, None
    yield "rgb-trns.png", saved(bare, "PNG", transparency=bare.getpixel((5, 5))), LOSSLESS, None
    for bits in (1, 2, 4, 8):
        few = rgb.quantize(2**bits if bits < 8 else 200)
        yield f"palette{bits}.png", saved(few, "PNG", bits=bits), LOSSLESS, None
    yield "palette-trns.png", saved(palette, "PNG", transparency=bytes(range(0, 256, 4))), LOSSLESS, None
    for kind, samples in (("grey", 1), ("grey-alpha", 2), ("rgb", 3), ("rgba", 4)):
        rows = deep(samples)
        yield f"{kind}16.png", container.png(WIDTH, HEIGHT, 16, samples, rows), LOSSLESS, shallow(rows, samples)
    frames = [rgb, ImageOps.invert(rgb)]
    yield "animated.png", saved(frames[0], "PNG", save_all=True, append_images=frames[1:], duration=50), LOSSLESS, None
    yield "exif-orientation.png", saved(rgb, "PNG", exif=oriented(6)), LOSSLESS, None
    yield "one-pixel.png", saved(rgb.crop((5, 5, 6, 6)), "PNG"), LOSSLESS, None
    yield "one-row.png", saved(rgb.crop((0, 5, WIDTH, 6)), "PNG"), LOSSLESS, None
    yield "extra-bytes.png", saved(rgb, "PNG") + b"bytes behind the end", LOSSLESS, None


def interlaced(rgb, grey, rgba):
    for name, picture in (("rgb8", rgb), ("grey8", grey), ("rgba8", rgba)):
        samples = len(picture.getbands())
        rows = [list(picture.crop((0, y, WIDTH, y + 1)).tobytes()) for y in range(HEIGHT)]
        data = container.png(WIDTH, HEIGHT, 8, samples, rows, interlace=True)
        yield f"interlaced-{name}.png", data, LOSSLESS, None
    black = grey.convert("1")
    rows = [[black.getpixel((x, y)) // 255 for x in range(WIDTH)] for y in range(HEIGHT)]
    yield "interlaced-grey1.png", container.png(WIDTH, HEIGHT, 1, 1, rows, interlace=True), LOSSLESS, None
    rows = deep(3)
    data = container.png(WIDTH, HEIGHT, 16, 3, rows, interlace=True)
    yield "interlaced-rgb16.png", data, LOSSLESS, shallow(rows, 3)


def jpeg(rgb, grey):
    for name, subsampling in (("444", 0), ("422", 1), ("420", 2)):
        yield f"baseline-{name}.jpg", saved(rgb, "JPEG", quality=92, subsampling=subsampling), LOSSY, None
        data = saved(rgb, "JPEG", quality=92, subsampling=subsampling, progressive=True)
        yield f"progressive-{name}.jpg", data, LOSSY, None
    yield "grey.jpg", saved(grey, "JPEG", quality=92), LOSSY, None
    yield "grey-progressive.jpg", saved(grey, "JPEG", quality=92, progressive=True), LOSSY, None
    yield "restart.jpg", saved(rgb, "JPEG", quality=92, restart_marker_blocks=2), LOSSY, None
    yield "rgb-adobe.jpg", saved(rgb, "JPEG", quality=92, keep_rgb=True), LOSSY, None
    cmyk = inks(rgb)
    yield "cmyk-adobe.jpg", saved(cmyk, "JPEG", quality=92), LOSSY, None
    yield "ycck-adobe.jpg", ycck(cmyk), LOSSY, None
    for value in range(1, 9):
        yield f"orientation{value}.jpg", saved(rgb, "JPEG", quality=92, exif=oriented(value)), LOSSY, None
    yield "exif-cycle.jpg", saved(rgb, "JPEG", quality=92, exif=container.exif_cycle()), LOSSY, None
    yield "exif-count.jpg", saved(rgb, "JPEG", quality=92, exif=container.exif_count()), LOSSY, None


def webp_gif(rgb, rgba):
    frames = [ImageOps.invert(rgb)]
    yield "lossy.webp", saved(rgb, "WEBP", quality=90), LOSSY, None
    yield "lossy-alpha.webp", saved(rgba, "WEBP", quality=90), LOSSY, None
    yield "lossless.webp", saved(rgb, "WEBP", lossless=True), LOSSLESS, None
    yield "lossless-alpha.webp", saved(rgba, "WEBP", lossless=True, exact=True), LOSSLESS, None
    data = saved(rgb, "WEBP", lossless=True, save_all=True, append_images=frames, duration=50)
    yield "animated.webp", data, LOSSLESS, None
    yield "exif-orientation.webp", saved(rgb, "WEBP", lossless=True, exif=oriented(6)), LOSSLESS, None
    palette = rgb.quantize(64)
    yield "still.gif", saved(palette, "GIF"), LOSSLESS, None
    yield "transparent.gif", saved(palette, "GIF", transparency=palette.getpixel((5, 5))), LOSSLESS, None
    yield "interlaced.gif", saved(palette, "GIF", interlace=1), LOSSLESS, None
    data = saved(palette, "GIF", save_all=True, append_images=[frames[0].quantize(64)], duration=50)
    yield "animated.gif", data, LOSSLESS, None


def bmp_tiff(rgb, grey, rgba):
    yield "rgb24.bmp", saved(rgb, "BMP"), LOSSLESS, None
    yield "rgb32.bmp", saved(rgba, "BMP"), LOSSLESS, None
    yield "palette8.bmp", saved(rgb.quantize(64), "BMP"), LOSSLESS, None
    yield "grey8.bmp", saved(grey, "BMP"), LOSSLESS, None
    yield "grey1.bmp", saved(grey.convert("1"), "BMP"), LOSSLESS, None
    yield "plain.tif", saved(rgb, "TIFF"), LOSSLESS, None
    yield "lzw.tif", saved(rgb, "TIFF", compression="tiff_lzw"), LOSSLESS, None
    yield "deflate.tif", saved(rgba, "TIFF", compression="tiff_adobe_deflate"), LOSSLESS, None
    yield "packbits.tif", saved(grey, "TIFF", compression="packbits"), LOSSLESS, None
    yield "cmyk.tif", saved(inks(rgb), "TIFF"), LOSSLESS, None
    rows = deep(1)
    grey16 = Image.new("I;16", (WIDTH, HEIGHT))
    grey16.putdata([value for row in rows for value in row])
    yield "grey16.tif", saved(grey16, "TIFF"), LOSSLESS, shallow(rows, 1)


def profiles(rgb, grey):
    yield "p3.png", saved(rgb, "PNG", icc_profile=p3()), PROFILE, None
    yield "p3.jpg", saved(rgb, "JPEG", quality=92, subsampling=0, icc_profile=p3()), LOSSY, None
    yield "p3.webp", saved(rgb, "WEBP", lossless=True, icc_profile=p3()), PROFILE, None
    yield "p3.tif", saved(rgb, "TIFF", compression="tiff_lzw", icc_profile=p3()), PROFILE, None
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    yield "srgb-profile.png", saved(rgb, "PNG", icc_profile=still(srgb)), LOSSLESS, None
    yield "broken-profile.png", saved(rgb, "PNG", icc_profile=b"this is no profile"), LOSSLESS, None


def photo() -> Image.Image:
    return Image.open(SAMPLE).convert("RGB").crop((130, 20, 352, 182)).resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


def ramp() -> Image.Image:
    """Alpha from clear (left, top) to solid."""
    alpha = Image.new("L", (WIDTH, HEIGHT))
    alpha.putdata([min(255, (x * 7 + y * 5) * 255 // 330) for y in range(HEIGHT) for x in range(WIDTH)])
    return alpha


def deep(samples: int) -> list[list[int]]:
    """Rows of 16-bit numbers, smooth, with every low byte in them; sample 3 (alpha) runs the other way."""
    steps = (1103, 907, 1499, 1777)[:samples]
    return [[(300 + x * s + y * (s // 2 + 211)) % 65536 for x in range(WIDTH) for s in steps] for y in range(HEIGHT)]


def shallow(rows: list[list[int]], samples: int) -> Image.Image:
    """The nearest 8-bit picture of 16-bit rows, as RGB or RGBA."""
    mode = {1: "L", 2: "LA", 3: "RGB", 4: "RGBA"}[samples]
    data = bytes((value * 255 + 32767) // 65535 for row in rows for value in row)
    return Image.frombytes(mode, (WIDTH, HEIGHT), data).convert("RGBA" if samples in (2, 4) else "RGB")


def inks(rgb: Image.Image) -> Image.Image:
    """CMYK with a black of its own: half of what all three inks share."""
    pixels = []
    for red, green, blue in rgb.get_flattened_data():
        black = min(255 - red, 255 - green, 255 - blue) // 2
        rest = 255 - black
        pixels.append(
            (*(round(255 - value * 255 / rest) if value < rest else 0 for value in (red, green, blue)), black)
        )
    cmyk = Image.new("CMYK", rgb.size)
    cmyk.putdata(pixels)
    return cmyk


def ycck(cmyk: Image.Image) -> bytes:
    """The inks as YCCK: luma and chroma of C, M, Y, written as four plain channels; then the Adobe marker's last byte is
    told what they are (2). Pillow writes its channels inverted, as Adobe does: what is not to be is inverted before."""
    cyan, magenta, yellow, black = cmyk.split()
    luma_chroma = Image.merge("RGB", (cyan, magenta, yellow)).convert("YCbCr")
    four = Image.merge("CMYK", [*(ImageOps.invert(band) for band in luma_chroma.split()), black])
    data = bytearray(saved(four, "JPEG", quality=92))
    at = data.index(b"Adobe") + 11
    assert data[at] == 0, "Pillow writes CMYK untransformed"
    data[at] = 2
    return bytes(data)


def oriented(value: int) -> Image.Exif:
    exif = Image.Exif()
    exif[ORIENTATION] = value
    return exif


def p3() -> bytes:
    return container.profile(
        "Display P3", ((0.51512, 0.2412, -0.00105), (0.29198, 0.69225, 0.04189), (0.1571, 0.06657, 0.78407))
    )


def still(profile: bytes) -> bytes:
    """The profile without the time it was made at (bytes 24..36), so that two runs write the same."""
    return profile[:24] + struct.pack(">6H", 2026, 1, 1, 0, 0, 0) + profile[36:]


def saved(picture: Image.Image, kind: str, **options) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
    return out.getvalue()


if __name__ == "__main__":
    main()
