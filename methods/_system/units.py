"""Numbers of bytes as people say them."""

from __future__ import annotations


def in_bytes(size: int) -> str:
    """In the unit that fits, for example "28.1 MB" or "115.0 GB"."""
    for unit, name in ((10**9, "GB"), (10**6, "MB")):
        if size >= unit:
            return f"{size / unit:.1f} {name}"
    return f"{size / 1000:.1f} kB"
