"""Names that come from users: kept as plain text, and made safe where a file gets one."""

from __future__ import annotations

import re
import unicodedata

NAME_LENGTH = 200
STEM_LENGTH = 80

ID_PATTERN = r"^[A-Za-z0-9_-]{22}$"
"""A photo's or a run's id: 128 random bits in base64url."""

DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Unicode categories that no shown name needs: controls, direction overrides, half pairs."""

RESERVED = re.compile(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", re.IGNORECASE)
"""Names that Windows keeps for devices; a download must not have one."""


def plain(text: str, length: int = NAME_LENGTH) -> str:
    """Text without control characters, on one line, at most `length` characters."""
    kept = (char for char in text[: 8 * length] if unicodedata.category(char) not in DROPPED)
    return " ".join("".join(kept).split())[:length]


def photo_name(name: str) -> str:
    """What a photo is called on the page: its file name without folders."""
    return plain(re.split(r"[/\\]", name)[-1]) or "photo"


def is_id(text: str) -> bool:
    return re.fullmatch(ID_PATTERN[1:-1], text) is not None


def safe_file_name(name: str) -> str:
    """A file name that every system takes, for a download or inside a zip."""
    stem, dot, ending = photo_name(name).rpartition(".")
    if not dot or not re.fullmatch(r"[A-Za-z0-9]{1,8}", ending):
        return safe_stem(name)
    return f"{_safe(stem)}.{ending}"


def safe_stem(name: str) -> str:
    """The same without the ending, to which the program adds its own."""
    stem, dot, ending = photo_name(name).rpartition(".")
    return _safe(stem if dot and re.fullmatch(r"[A-Za-z0-9]{1,8}", ending) else photo_name(name))


def _safe(stem: str) -> str:
    cleaned = re.sub(r'[<>:"/\\|?*%$`\'&;]', "_", stem)[:STEM_LENGTH].strip(" .")
    return f"_{cleaned}" if RESERVED.fullmatch(cleaned) else cleaned or "photo"
