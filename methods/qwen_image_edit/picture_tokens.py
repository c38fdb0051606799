"""Where the picture's tokens stand among the words, told to Qwen2.5-VL.

transformers 5 gives a picture's tokens a row and a column only where it is told which tokens are
the picture's (`mm_token_type_ids`). The processor says so, but diffusers 0.42's pipelines for
Qwen-Image-Edit do not pass it on, and then all tokens silently get the places of plain text, which
is not what the model was trained with (huggingface/diffusers, issue 14194).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PICTURE = 1  # as the processor numbers them: 0 is text, 2 video


def with_picture_tokens(encoder: Any) -> Any:
    """The encoder, which from now on finds out itself which tokens are a picture's.

    Nothing happens where it is told, so a diffusers that passes it on changes nothing.
    """
    encoder.register_forward_pre_hook(_say_which, with_kwargs=True)
    return encoder


def _say_which(
    encoder: Any, given: tuple[Any, ...], named: Mapping[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]] | None:
    sees = named.get("image_grid_thw") is not None
    if not sees or named.get("mm_token_type_ids") is not None:
        return None
    kinds = (named["input_ids"] == encoder.config.image_token_id).int() * _PICTURE
    return given, {**named, "mm_token_type_ids": kinds}
