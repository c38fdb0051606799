"""What is left out of a line of the log: visitors' words, addresses, tokens, ids."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from ipaddress import ip_address

LEFT_OUT = "[…]"
SHORTEST = 2
"""Characters of a visitor's word that is looked for."""

MOST_WORDS = 200
DEEPEST = 8
OURS = frozenset({"eraser", "segmenter", "backend", "show", "row", "version", "mode"})
"""Names whose values are words of this program."""

_PLACE = re.compile(r"(?<![\w.:])[0-9A-Fa-f:.]*[.:][0-9A-Fa-f:.]*[0-9A-Fa-f:](?![\w:])")
_ID = re.compile(r"(?<![\w-])(?=[\w-]*\d)[A-Za-z0-9_-]{22}(?![\w-])")
_IN_PATH = re.compile(r"((?:runs|photos)[/\\])[A-Za-z0-9_-]{22}")
_UPLOADED = re.compile(r"(uploads[/\\])[^\s'\":]+(?: [^'\":]*(?=['\"]))?")
_TOKENS = (
    re.compile(r"\b(hf_)\w{8,}"),
    re.compile(r"(?i)\b((?:bearer|basic)\s+)[\w.~+/=-]{8,}"),
    re.compile(
        r"(?i)\b((?:\w*token|secret|password|api_?key|signature|authorization|cookie)"
        r"[\"']?\s*[=:]\s*[\"']?)(?!bearer|basic)[^\s\"'&,;)]+"
    ),
    re.compile(r"(//)[^/\s:@]+:[^/\s@]+(?=@)"),
)


def redacted(words: str, private: tuple[object, ...] = ()) -> str:
    """private: what visitors said; see `words_of`."""
    for pattern in (*_TOKENS, _IN_PATH, _UPLOADED):
        words = pattern.sub(rf"\g<1>{LEFT_OUT}", words)
    words = _ID.sub(LEFT_OUT, words)
    words = _PLACE.sub(_without_address, words)
    for said in sorted(set(words_of(private)), key=len, reverse=True):
        words = re.sub(rf"(?<!\w){re.escape(said)}(?!\w)", LEFT_OUT, words)
    return words


def words_of(said: object) -> Iterator[str]:
    """All texts in dictionaries, lists and dataclasses, but for those under names of `OURS`."""
    found = (text for text in _texts(said, DEEPEST) if len(text.strip()) >= SHORTEST)
    yield from (text for text, _ in zip(found, range(MOST_WORDS), strict=False))


def _texts(said: object, deepest: int) -> Iterator[str]:
    if isinstance(said, str):
        yield said
    elif deepest and isinstance(said, Mapping):
        for name, value in said.items():
            if name not in OURS:
                yield from _texts(value, deepest - 1)
    elif deepest and isinstance(said, list | tuple):
        for value in said:
            yield from _texts(value, deepest - 1)
    elif deepest and (inner := _as_mapping(said)):
        yield from _texts(inner, deepest - 1)


def _as_mapping(said: object) -> dict[str, object]:
    if is_dataclass(said) and not isinstance(said, type):
        return {each.name: getattr(said, each.name, None) for each in fields(said)}
    names = getattr(type(said), "model_fields", ())
    return {name: getattr(said, name, None) for name in names}


def _without_address(found: re.Match[str]) -> str:
    """This machine's own stay: they are nobody's."""
    text = found[0]
    place, port = text, ""
    if text.count(".") == 3 and ":" in text:
        place, _, port = text.partition(":")
    try:
        address = ip_address(place)
    except ValueError:
        return text
    own = address.is_loopback or address.is_unspecified
    return text if own else LEFT_OUT + (f":{port}" if port else "")
