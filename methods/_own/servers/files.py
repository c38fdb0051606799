"""Pictures as files of requests."""

from __future__ import annotations

_JPEG = b"\xff\xd8\xff"


def suffix_of(data: bytes) -> str:
    """The ending of a photo's or mask's name: they are PNG or JPEG."""
    return ".jpg" if data.startswith(_JPEG) else ".png"
