"""How large a photo is meant to be printed: dots per inch, wherever a file says it."""

from __future__ import annotations

from methods._saving.metadata import exif, iptc, text

_ACROSS, _DOWN, _UNIT = 0x011A, 0x011B, 0x0128
_PER_INCH = {2: 1.0, 3: 2.54}
_MOST = 1e5


def dots_per_inch(segment: bytes | None, block: exif.Read | None) -> tuple[float, float] | None:
    """(across, down); None where nothing says it, or nonsense. segment: a JPEG's JFIF or a PNG's
    pHYs, whole. block: EXIF, or a TIFF's own. Raises what Pillow does."""
    said = _of_segment(segment) or _of_block(block)
    if said is None or not all(0 < each < _MOST for each in said):
        return None
    return said


def _of_segment(segment: bytes | None) -> tuple[float, float] | None:
    if segment is None:
        return None
    jpeg = segment.startswith(b"\xff\xe0")
    opened = iptc.jpeg_with([segment]) if jpeg else text.png_with([segment])
    said = opened.info.get("dpi")
    return (float(said[0]), float(said[1])) if said else None


def _of_block(block: exif.Read | None) -> tuple[float, float] | None:
    if block is None:
        return None
    first = block.directories[0]
    across, down, unit = (first.get(tag) for tag in (_ACROSS, _DOWN, _UNIT))
    if across is None or down is None or unit not in _PER_INCH:
        return None
    return float(across) * _PER_INCH[unit], float(down) * _PER_INCH[unit]
