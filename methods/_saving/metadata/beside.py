"""What files of cameras and phones hold beside the picture: maps, films, further pictures.

None of it fits a changed picture, and most of it still shows what was erased.
"""

from __future__ import annotations

import re

from methods._photo.containers import jpeg_segments
from methods._photo.header import Header
from methods._saving.metadata.kinds import Kind

_DEPTH = re.compile(
    rb"ns\.google\.com/photos/1\.0/(?:depthmap|image)|ns\.google\.com/photos/dd/1\.0"
    rb"|ns\.apple\.com/depthData|apple:photo:20\d\d:aux:(?:depth|disparity)"
    rb"|hevc:2015:auxid:2|systems:auxiliary:depth"
)
_HAVE_DEPTH = {"JPEG", "HEIC", "AVIF"}  # beside the picture; in others XMP alone can tell of it

_FILM = re.compile(
    rb"....ftyp(?:mp4|isom|iso\d|qt  |M4V|avc1|hvc1)|MotionPhoto_Data|mpvd", re.DOTALL
)
_FILM_NAMED = re.compile(rb"(?:MotionPhoto|MicroVideo)\b")
_SIGNED = re.compile(rb"jumb.{0,64}c2pa|caBXjumb|c2pa\.assertions", re.DOTALL)
_SIGNATURE_WITHIN = 1 << 20
_OWN_BRAND = 16  # bytes with which a HEIC says what it is itself
_PICTURE = b"\xff\xd8\xff"


def beside_in(data: bytes, header: Header, xmp: bytes | None) -> set[Kind]:
    """data: the file. xmp: its packet."""
    trailer = _trailer(data) if header.format == "JPEG" else b""
    film = data[_OWN_BRAND:] if header.format == "HEIC" else trailer
    kinds: set[Kind] = set()
    if header.gain_map:
        kinds.add("gain_map")
    if _DEPTH.search(data if header.format in _HAVE_DEPTH else xmp or b""):
        kinds.add("depth_map")
    if _FILM.search(film) or _FILM_NAMED.search(xmp or b""):
        kinds.add("motion")
    if header.several:
        kinds.add("pictures")
    if _SIGNED.search(data, 0, _SIGNATURE_WITHIN):
        kinds.add("credentials")
    return kinds | _rest(trailer, kinds)


def _rest(trailer: bytes, named: set[Kind]) -> set[Kind]:
    """What follows the picture's end and is not what was named."""
    if not trailer.strip(b"\0\xff") or named & {"gain_map", "depth_map", "motion", "pictures"}:
        return set()
    return {"thumbnail"} if _PICTURE in trailer else {"trailer"}


def _trailer(data: bytes) -> bytes:
    for marker, _, end in jpeg_segments(data):
        if marker == 0xD9:
            return data[end:]
    return b""
