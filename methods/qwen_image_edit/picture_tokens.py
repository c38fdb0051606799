"""Where the picture's tokens stand among the words, told to Qwen2.5-VL.

transformers 5 gives a picture's tokens a row and a column only where it is told which tokens are
the picture's (`mm_token_type_ids`). The processor says so, but diffusers 0.42's pipelines for
Qwen-Image-Edit do not pass it on, and then all tokens silently get the places of plain text, which
is not what the model was trained with (huggingface/diffusers, issue 14194).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    import torch
    from transformers import Qwen2_5_VLForConditionalGeneration

_PICTURE = 1  # as the processor numbers them: 0 is text, 2 video


def with_picture_tokens(
    encoder: Qwen2_5_VLForConditionalGeneration,
) -> Qwen2_5_VLForConditionalGeneration:
    """The encoder, which from now on finds out itself which tokens are a picture's.

    Nothing happens where it is told, so a diffusers that passes it on changes nothing.
    """
    encoder.register_forward_pre_hook(_say_which, with_kwargs=True)
    return encoder


def _say_which(
    encoder: torch.nn.Module, given: tuple[object, ...], named: Mapping[str, object]
) -> tuple[tuple[object, ...], dict[str, object]] | None:
    sees = named.get("image_grid_thw") is not None
    if not sees or named.get("mm_token_type_ids") is not None:
        return None
    ids = cast("torch.Tensor", named["input_ids"])
    of_picture = ids == cast("Qwen2_5_VLForConditionalGeneration", encoder).config.image_token_id
    return given, {**named, "mm_token_type_ids": of_picture.int() * _PICTURE}
