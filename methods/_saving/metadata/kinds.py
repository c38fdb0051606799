"""Kinds of what a photo says beside its pixels, by the names that stand in `metadata.kind.*`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal[
    "location",
    "serial",
    "exif",
    "xmp",
    "iptc",
    "icc",
    "text",
    "comment",
    "maker_note",
    "thumbnail",
    "depth_map",
    "gain_map",
    "motion",
    "pictures",
    "credentials",
    "xmp_more",
    "trailer",
]
"""What concerns people first, then what carries over, then what is left: location and serial tell
of places, devices and their owners; maker_note is the maker's own, which nobody else can read;
pictures are further ones; credentials are C2PA's, signed for the pixels that were; xmp_more is
what XMP keeps beside itself; trailer is what follows the picture's end and has no name."""

_ORDER: dict[str, int] = {kind: place for place, kind in enumerate(get_args(Kind))}


def in_order(kinds: Iterable[Kind]) -> tuple[Kind, ...]:
    """Each once."""
    return tuple(sorted(set(kinds), key=_ORDER.__getitem__))
