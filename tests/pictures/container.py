"""Pieces of files that Pillow cannot write: PNG of any depth and interlaced, ICC profiles, hostile EXIF."""

import struct
import zlib

# Adam7: first column, first row, column step, row step (W3C PNG, section 8.2).
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
SIGNATURE = b"\x89PNG\r\n\x1a\n"


def chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def header(width: int, height: int, depth: int, colour_type: int, interlace: bool = False) -> bytes:
    return SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour_type, 0, 0, interlace))


def png(width: int, height: int, depth: int, samples: int, rows: list[list[int]], interlace: bool = False) -> bytes:
    """A PNG of `samples` channels (1 grey, 2 with alpha, 3 RGB, 4 RGBA) from rows of numbers, unfiltered."""
    passes = PASSES if interlace else [(0, 0, 1, 1)]
    raw = b""
    for left, top, right, down in passes:
        for y in range(top, height, down):
            line = [v for x in range(left, width, right) for v in rows[y][x * samples : (x + 1) * samples]]
            raw += b"\0" + pack(line, depth) if line else b""
    data = chunk(b"IDAT", zlib.compress(raw, 9))
    return header(width, height, depth, COLOUR_TYPES[samples], interlace) + data + chunk(b"IEND", b"")


def pack(line: list[int], depth: int) -> bytes:
    if depth == 16:
        return struct.pack(f">{len(line)}H", *line)
    if depth == 8:
        return bytes(line)
    bits = "".join(format(value, f"0{depth}b") for value in line)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def profile(name: str, primaries: tuple) -> bytes:
    """An ICC profile (version 4, display, RGB) of three D50 primaries (XYZ) and the tone curve of sRGB (ICC.1:2022)."""
    text = name.encode("utf-16-be")
    curve = b"para" + struct.pack(">I2H", 0, 3, 0) + fixed(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    tags = {b"desc": described(text), b"cprt": described("CC0".encode("utf-16-be"))}
    tags[b"wtpt"] = xyz(0.9642, 1.0, 0.8249)
    for letter, primary in zip(b"rgb", primaries, strict=True):
        tags[bytes([letter]) + b"XYZ"] = xyz(*primary)
        tags[bytes([letter]) + b"TRC"] = curve
    table, data, at = struct.pack(">I", len(tags)), b"", 128 + 4 + 12 * len(tags)
    for tag, value in tags.items():
        table += tag + struct.pack(">2I", at + len(data), len(value))
        data += value + b"\0" * (-len(value) % 4)
    size = at + len(data)
    head = struct.pack(">I4sI4s4s4s6H4s", size, b"\0" * 4, 0x04400000, b"mntr", b"RGB ", b"XYZ ", *START, b"acsp")
    head += b"\0" * (68 - len(head)) + fixed(0.9642, 1.0, 0.8249)
    return head + b"\0" * (128 - len(head)) + table + data


START = (2026, 1, 1, 0, 0, 0)


def fixed(*values: float) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))


def xyz(*values: float) -> bytes:
    return b"XYZ \0\0\0\0" + fixed(*values)


def described(text: bytes) -> bytes:
    return b"mluc" + struct.pack(">3I2s2s2I", 0, 1, 12, b"en", b"US", len(text), 28) + text


def exif_cycle() -> bytes:
    """EXIF whose second directory is its first: a reader that follows the links never ends."""
    entry = struct.pack("<HHII", 0x010F, 2, 4, 0x41414141)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + entry + struct.pack("<I", 8)


def exif_count() -> bytes:
    """EXIF with an entry that claims four thousand million values: a reader that makes room for them falls over."""
    entries = struct.pack("<HHII", 0x010F, 12, 0xFFFFFFFF, 0xFFFFFFF0) + struct.pack("<HHII", 0x8769, 4, 1, 8)
    return b"Exif\0\0II*\0" + struct.pack("<IH", 8, 2) + entries + struct.pack("<I", 0xFFFFFFF0)
