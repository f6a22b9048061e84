"""Writes inputs that must be refused, beside this file, and the list bad.json.

    .tools/pictures/bin/python tests/bad/make.py

Each file has the status of its refusal and words that the refusal's sentence holds. What is large when unfolded is
small here: zeros pack a thousandfold.
"""

import io
import json
import struct
import sys
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "pictures"))

import container  # noqa: E402
from PIL import Image  # noqa: E402

SAMPLE = HERE.parent.parent / "samples" / "people_astronaut.jpg"
# Unfolded size of a metadata bomb: far above what any profile or text needs.
BOMB = 64 << 20


def main() -> None:
    index = []
    for name, data, status, says in [*other_kinds(), *broken(), *too_large(), *bombs()]:
        (HERE / name).write_bytes(data)
        index.append({"file": name, "status": status, "says": says})
    lines = ",\n".join("  " + json.dumps(row) for row in index)
    (HERE / "bad.json").write_text(f"[\n{lines}\n]\n")
    size = sum(path.stat().st_size for path in HERE.iterdir() if path.is_file())
    print(f"{len(index)} bad inputs, {size // 1024} KB")


def other_kinds():
    """(file, bytes, status, words): what is no picture that can be read; known kinds are named."""

    def brand(name: bytes) -> bytes:
        return struct.pack(">I", 24) + b"ftyp" + name + b"\0\0\0\0mif1" + name + bytes(64)

    yield "empty.bin", b"", 400, "empty"
    yield "text.txt", b"This is no picture at all, only a line of text.\n", 415, "text"
    yield "zeros.bin", bytes(4096), 415, "not a picture"
    yield "noise.bin", bytes((i * 167 + i // 7 * 31 + 11) % 256 for i in range(4096)), 415, "not a picture"
    yield "photo.heic", brand(b"heic"), 415, "HEIC"
    yield "photo.avif", brand(b"avif"), 415, "AVIF"
    yield "photo.jxl", b"\xff\x0a" + bytes(64), 415, "JPEG XL"
    yield "boxed.jxl", b"\0\0\0\x0cJXL \x0d\x0a\x87\x0a" + bytes(64), 415, "JPEG XL"
    yield "drawing.svg", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>\n', 415, "SVG"
    yield "paper.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", 415, "PDF"
    yield "clip.mp4", struct.pack(">I", 24) + b"ftypisom\0\0\2\0isommp41" + bytes(64), 415, "MP4"
    yield "page.html", b"<!DOCTYPE html><title>404</title>\n", 415, "HTML"


def broken():
    jpeg, png = saved("JPEG", quality=90), saved("PNG")
    lossy, lossless = saved("WEBP", quality=90), saved("WEBP", lossless=True)
    gif, tiff, bmp = saved("GIF"), saved("TIFF", compression="tiff_lzw"), saved("BMP")
    yield "cut-half.jpg", jpeg[: len(jpeg) // 2], 422, "JPEG"
    yield "cut-header.jpg", jpeg[:20], 422, "JPEG"
    yield "cut-magic.jpg", jpeg[:4], 422, "JPEG"
    yield "cut-half.png", png[: len(png) // 2], 422, "PNG"
    yield "cut-header.png", png[:20], 422, "PNG"
    yield "cut-lossy.webp", lossy[: len(lossy) // 2], 422, "WebP"
    yield "cut-lossless.webp", lossless[: len(lossless) // 2], 422, "WebP"
    yield "cut-header.webp", lossless[:16], 422, "WebP"
    yield "cut-half.gif", gif[: len(gif) // 2], 422, "GIF"
    yield "cut-half.tif", tiff[: len(tiff) // 2], 422, "TIFF"
    yield "cut-half.bmp", bmp[: len(bmp) // 2], 422, "BMP"
    yield "flipped-data.png", flip(png, png.index(b"IDAT") + 40), 422, "PNG"
    yield "flipped-header.png", flip(png, 18), 422, "PNG"
    yield "flipped-components.jpg", flip(jpeg, jpeg.index(b"\xff\xc0") + 9, 0x40), 422, "JPEG"
    yield "no-tables.jpg", jpeg.replace(b"\xff\xc4", b"\xff\xec"), 422, "JPEG"
    yield "size-zero.png", container.header(0, 0, 8, 2) + container.chunk(b"IEND", b""), 422, ""
    yield "size-zero.jpg", jpeg_of_size(0, 0), 422, ""
    yield "size-zero.gif", gif[:6] + bytes(4) + gif[10:], 422, ""
    yield "size-zero.bmp", bmp[:18] + bytes(8) + bmp[26:], 422, "no pixels"
    yield "no-data.png", container.header(64, 64, 8, 2) + container.chunk(b"IEND", b""), 422, "PNG"


def too_large():
    """Sizes over the limit, refused by the header alone."""
    whole = zlib.compress(bytes((1 + 50_000 // 8) * 50_000), 9)
    head = container.header(50_000, 50_000, 1, 0)
    start = container.chunk(b"IDAT", whole[:20_000])
    yield "header-50000.png", (head + start)[:20_480], 413, "pixels"
    yield "black-50000.png", head + container.chunk(b"IDAT", whole) + container.chunk(b"IEND", b""), 413, "pixels"
    yield "header-65535.jpg", jpeg_of_size(65_535, 65_535), 413, "pixels"
    yield "header-16000.webp", webp_of_size(16_000, 16_000), 413, "pixels"
    yield "header-65535.gif", b"GIF89a" + struct.pack("<HHBBB", 65_535, 65_535, 0xF0, 0, 0) + bytes(64), 413, "pixels"
    yield "header-65535.bmp", bmp_of_size(65_535, 65_535), 413, "pixels"
    yield "header-65535.tif", tiff_of_size(65_535, 65_535), 413, "pixels"


def bombs():
    """Small pictures whose packed metadata unfolds to 64 MB, or that claim gigabytes of it."""
    zeros = zlib.compress(bytes(BOMB), 9)
    png = saved("PNG")
    head, rest = png[:33], png[33:]
    yield "bomb-iccp.png", head + container.chunk(b"iCCP", b"p3\0\0" + zeros) + rest, 413, "iCCP"
    yield "bomb-ztxt.png", head + container.chunk(b"zTXt", b"Comment\0\0" + zeros) + rest, 413, "zTXt"
    yield "bomb-itxt.png", head + container.chunk(b"iTXt", b"Comment\0\1\0\0\0" + zeros) + rest, 413, "iTXt"
    exif = struct.pack(">I", 0x7FFFFF00) + b"eXIfII*\0" + struct.pack("<IH", 8, 0xFFFF) + bytes(1000)
    yield "bomb-exif.png", head + exif, 422, "PNG"


def jpeg_of_size(width: int, height: int) -> bytes:
    """A small JPEG whose frame header claims another size."""
    jpeg = bytearray(saved("JPEG", quality=50))
    at = jpeg.index(b"\xff\xc0") + 5
    jpeg[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(jpeg)


def webp_of_size(width: int, height: int) -> bytes:
    """RFC 9649, VP8L: signature byte, 14 bits of width - 1, 14 of height - 1, alpha, version."""
    size = struct.pack("<I", (width - 1) | (height - 1) << 14)
    data = b"\x2f" + size + bytes(59)
    return b"RIFF" + struct.pack("<I", 12 + len(data)) + b"WEBPVP8L" + struct.pack("<I", len(data)) + data


def bmp_of_size(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 2835, 2835, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + info + bytes(64)


def tiff_of_size(width: int, height: int) -> bytes:
    """One strip of uncompressed RGB that is not there; the three depths stand behind the directory."""
    entries = [(256, 4, 1, width), (257, 4, 1, height), (258, 3, 3, 122), (259, 3, 1, 1), (262, 3, 1, 2)]
    entries += [(273, 4, 1, 128), (277, 3, 1, 3), (278, 4, 1, height), (279, 4, 1, 64)]
    table = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    head = b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)
    return head.ljust(122, b"\0") + struct.pack("<HHH", 8, 8, 8) + bytes(64)


def flip(data: bytes, at: int, bits: int = 0x10) -> bytes:
    return data[:at] + bytes([data[at] ^ bits]) + data[at + 1 :]


def saved(kind: str, **options) -> bytes:
    out = io.BytesIO()
    Image.open(SAMPLE).convert("RGB").resize((40, 40), Image.Resampling.LANCZOS).save(out, kind, **options)
    return out.getvalue()


if __name__ == "__main__":
    main()
