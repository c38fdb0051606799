"""Whether the program is a Space of Hugging Face's, where settings are made in another place."""

from __future__ import annotations

import os


def on_a_space() -> bool:
    """By what the platform sets there."""
    return bool(os.environ.get("SPACE_ID"))


def said_here(sentence: str) -> str:
    """The id of a sentence that sends people to the program's environment; on a Space, of the one
    that sends its owner to the Space's settings."""
    return f"{sentence}.space" if on_a_space() else sentence
