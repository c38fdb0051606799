"""Colour profiles, made by imagecodecs' LittleCMS and by hand where it makes none."""

from __future__ import annotations

import struct
from functools import cache

import imagecodecs
import numpy as np


@cache
def rgb_profile(name: str) -> bytes:
    """adobergb or prophoto."""
    if name != "prophoto":
        return bytes(imagecodecs.cms_profile(name))
    white = [0.3457, 0.3585, 1.0]
    corners = [0.7347, 0.2653, 1.0, 0.1596, 0.8404, 1.0, 0.0366, 0.0001, 1.0]
    made = imagecodecs.cms_profile("rgb", whitepoint=white, primaries=corners, gamma=1.8)
    return bytes(made)


def grey_profile(gamma: float) -> bytes:
    """A minimal ICC version 2 profile of a grey scanner."""
    curve = b"curv\0\0\0\0" + struct.pack(">IH2x", 1, round(gamma * 256))
    return _profile(b"GRAY", b"mntr", b"XYZ ", {b"wtpt": _white(), b"kTRC": curve})


def ink_profile() -> bytes:
    """Of inks of which only the first three print, as plain as can be, in both directions: from
    L* = 100 down by 33 for each full ink, neutral; of a colour as much of all three as its L* asks
    for."""
    inks = np.array([bin(n >> 1).count("1") for n in range(16)])
    light = np.round(255 - 85 * inks).astype(np.uint8)
    forth = np.stack([light, np.full(16, 128), np.full(16, 128)], -1).astype(np.uint8)
    asked = np.array([255 * (n < 4) for n in range(8)])
    back = np.stack([asked, asked, asked, np.zeros(8)], -1).astype(np.uint8)
    tags = {b"wtpt": _white(), b"A2B0": _table(4, 3, forth), b"B2A0": _table(3, 4, back)}
    return _profile(b"CMYK", b"prtr", b"Lab ", tags)


def _table(inputs: int, outputs: int, nodes: np.ndarray) -> bytes:
    """lut8Type with two nodes an axis (ICC.1:2001, 6.5.8)."""
    identity = bytes(range(256))
    head = struct.pack(">4s4xBBBx", b"mft1", inputs, outputs, 2)
    matrix = struct.pack(">9i", *(65536 if i % 4 == 0 else 0 for i in range(9)))
    return head + matrix + identity * inputs + nodes.tobytes() + identity * outputs


def _white() -> bytes:
    return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in (0.9642, 1, 0.8249)))


def _profile(space: bytes, kind: bytes, connection: bytes, tags: dict[bytes, bytes]) -> bytes:
    """ICC.1:2001, 6.1 and 6.2."""
    table, body, start = struct.pack(">I", len(tags)), b"", 132 + 12 * len(tags)
    for name, value in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(value))
        body += value + b"\0" * (-len(value) % 4)
    size = 128 + len(table) + len(body)
    head = struct.pack(">I4xI4s4s4s12x4s", size, 0x02100000, kind, space, connection, b"acsp")
    return (head.ljust(68, b"\0") + _white()[8:]).ljust(128, b"\0") + table + body
