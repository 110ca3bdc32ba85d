"""A drawn stroke that stands where somebody would sign: a small picture, plainly no signature."""

import math
import struct
import zlib

WIDTH, HEIGHT = 320, 90


def stroke(turns: float) -> bytes:
    """Return a PNG with a wavy line of some turns."""
    rows = [bytearray(b"\xff" * WIDTH) for _ in range(HEIGHT)]
    for step in range(8 * WIDTH):
        across = step / (8 * WIDTH)
        x = 30 + int(across * (WIDTH - 60))
        y = HEIGHT // 2 + int(26 * math.sin(2 * math.pi * turns * across) * (1 - 0.6 * across))
        for down in (0, 1):
            rows[y + down][x] = 40
    pixels = b"".join(b"\x00" + bytes(row) for row in rows)
    head = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 0, 0, 0, 0)
    parts = ((b"IHDR", head), (b"IDAT", zlib.compress(pixels, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in parts)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))
