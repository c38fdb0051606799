"""The photo as a second branch through FLUX's transformer, beside the noise (OmniControl's way).

Every layer works on the noise's tokens as it ever did, and on the photo's tokens with the LoRA
beside it and with an embedding of the time 0, for the photo is free of noise. Both meet in the
attention alone: text, noise and photo look at each other, the photo at the noise's own places.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from methods._diffusion.patching import removed_after, replaced

if TYPE_CHECKING:
    import torch
    from diffusers.models.transformers.transformer_flux import (
        FluxAttention,
        FluxSingleTransformerBlock,
        FluxTransformerBlock,
    )
    from peft.tuners.tuners_utils import BaseTunerLayer

Places: TypeAlias = "tuple[torch.Tensor, torch.Tensor]"
"""The cosines and the sines that tell a token's place, (N, head_dim) each."""

_ENDS = r"attn\.to_q|attn\.to_k|attn\.to_v"
FOR_THE_PHOTO = re.compile(
    rf"x_embedder|transformer_blocks\.\d+\.({_ENDS}|attn\.to_out\.0|norm1\.linear|ff\.net\.2)"
    rf"|single_transformer_blocks\.\d+\.({_ENDS}|norm\.linear|proj_mlp|proj_out)"
)
"""The layers whose additions count for the photo's tokens alone; any others count for all."""


@contextmanager
def photo_branch(transformer: torch.nn.Module, photo: torch.Tensor) -> Iterator[None]:
    """The transformer with the photo's tokens as a second branch, for the block.

    photo: (1, tokens, channels), as many tokens as the noise has. The additions are attached
    already (`adapted`).
    """
    branch = _Branch(transformer, photo)
    with ExitStack() as undo:
        hook = transformer.register_forward_pre_hook(branch.begin, with_kwargs=True)
        undo.enter_context(removed_after([hook]))
        for name, layer in transformer.named_modules():
            if FOR_THE_PHOTO.fullmatch(name) and hasattr(layer, "base_layer"):
                switched = partial(branch.switched, layer, layer.forward)
                undo.enter_context(replaced(layer, "forward", switched))
        for block in transformer.transformer_blocks:
            undo.enter_context(replaced(block, "forward", partial(branch.double, block)))
        for block in transformer.single_transformer_blocks:
            undo.enter_context(replaced(block, "forward", partial(branch.single, block)))
        yield


class _Branch:
    """The photo's tokens on their way through one pass."""

    def __init__(self, transformer: torch.nn.Module, photo: torch.Tensor) -> None:
        self._transformer, self._photo = transformer, photo
        self._on = False
        self._given: dict[str, object] = {}
        self._start: tuple[torch.Tensor, torch.Tensor] | None = None
        self._now: tuple[torch.Tensor, torch.Tensor] | None = None

    @contextmanager
    def with_additions(self) -> Iterator[None]:
        """For what is computed for the photo."""
        self._on = True
        try:
            yield
        finally:
            self._on = False

    def switched(
        self, layer: BaseTunerLayer, whole: Callable[..., torch.Tensor], *args: object
    ) -> torch.Tensor:
        """A layer's `forward`: with its additions or without."""
        return whole(*args) if self._on else layer.base_layer(*args)

    def begin(self, _: torch.nn.Module, args: tuple[object, ...], given: dict[str, object]) -> None:
        """Before each pass."""
        self._given, self._now = given, None

    def arrived(self) -> tuple[torch.Tensor, torch.Tensor]:
        """The photo's tokens as the next block gets them, and the embedding of their time.

        At the first block they are what they are at the first block of every pass. Asked for
        there, and not when the pass begins: only now is the network where it computes.
        """
        if self._start is None:
            self._start = self._embedded()
        return self._now or self._start

    def _embedded(self) -> tuple[torch.Tensor, torch.Tensor]:
        import torch

        transformer, given = self._transformer, self._given
        noise: torch.Tensor = given["hidden_states"]
        guidance: torch.Tensor | None = given["guidance"]
        with self.with_additions():
            tokens = transformer.x_embedder(self._photo.to(noise.device, noise.dtype))
        time = torch.zeros_like(given["timestep"], dtype=noise.dtype)
        more = () if guidance is None else (guidance.to(noise.dtype) * 1000,)
        return tokens, transformer.time_text_embed(time, *more, given["pooled_projections"])

    def double(
        self,
        block: FluxTransformerBlock,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        temb: torch.Tensor,
        image_rotary_emb: Places,
        joint_attention_kwargs: dict[str, object] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The `forward` of a block that keeps text and picture apart. Returns both."""
        noise, text, (photo, time) = hidden_states, encoder_hidden_states, self.arrived()
        seen_noise, *gates = block.norm1(noise, emb=temb)
        seen_text, *text_gates = block.norm1_context(text, emb=temb)
        with self.with_additions():
            seen_photo, *photo_gates = block.norm1(photo, emb=time)
        parts = self.attended(block.attn, seen_text, seen_noise, seen_photo, image_rotary_emb)
        text_part, noise_part, photo_part = parts
        text = _passed_on(text, block.attn.to_add_out(text_part), text_gates, block, "_context")
        noise = _passed_on(noise, _out(block.attn, noise_part), gates, block)
        with self.with_additions():
            found = _out(block.attn, photo_part)
            self._now = _passed_on(photo, found, photo_gates, block), time
        return _within_half(text), noise

    def single(
        self,
        block: FluxSingleTransformerBlock,
        hidden_states: torch.Tensor,
        encoder_hidden_states: torch.Tensor,
        temb: torch.Tensor,
        image_rotary_emb: Places,
        joint_attention_kwargs: dict[str, object] | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The `forward` of a block that has text and picture as one. Returns both apart."""
        import torch

        photo, time = self.arrived()
        both = torch.cat([encoder_hidden_states, hidden_states], dim=1)
        seen, gate = block.norm(both, emb=temb)
        inner = block.act_mlp(block.proj_mlp(seen))
        with self.with_additions():
            seen_photo, photo_gate = block.norm(photo, emb=time)
            photo_inner = block.act_mlp(block.proj_mlp(seen_photo))
        _, part, photo_part = self.attended(block.attn, None, seen, seen_photo, image_rotary_emb)
        both = both + gate[:, None] * block.proj_out(torch.cat([part, inner], dim=2))
        with self.with_additions():
            found = block.proj_out(torch.cat([photo_part, photo_inner], dim=2))
        self._now = photo + photo_gate[:, None] * found, time
        texts = encoder_hidden_states.shape[1]
        both = _within_half(both)
        return both[:, :texts], both[:, texts:]

    def attended(
        self,
        attn: FluxAttention,
        text: torch.Tensor | None,
        noise: torch.Tensor,
        photo: torch.Tensor,
        places: Places,
    ) -> list[torch.Tensor]:
        """What the attention makes of each of the three; text may be None.

        places: the cosines and sines of text and noise, (N, head_dim) each; the photo has those
        of the noise, the last ones.
        """
        import torch
        from diffusers.models.attention_dispatch import dispatch_attention_fn
        from diffusers.models.embeddings import apply_rotary_emb

        groups = [_heads(attn, noise)]
        if text is not None:
            groups.insert(0, _heads(attn, text, "add_{}_proj", "norm_added_{}"))
        with self.with_additions():
            groups.append(_heads(attn, photo))
        query, key, value = (torch.cat(parts, dim=1) for parts in zip(*groups, strict=True))
        count = photo.shape[1]
        whole = tuple(torch.cat([angles, angles[-count:]]) for angles in places)
        query, key = (apply_rotary_emb(x, whole, sequence_dim=1) for x in (query, key))
        found = dispatch_attention_fn(query, key, value).flatten(2, 3).to(query.dtype)
        texts = 0 if text is None else text.shape[1]
        return list(found.split([texts, noise.shape[1], count], dim=1))


def _heads(
    attn: FluxAttention, tokens: torch.Tensor, layer: str = "to_{}", norm: str = "norm_{}"
) -> list[torch.Tensor]:
    """Queries, keys and values, (1, N, heads, head_dim) each."""
    made = [getattr(attn, layer.format(kind))(tokens) for kind in "qkv"]
    query, key, value = (x.unflatten(-1, (-1, attn.head_dim)) for x in made)
    normed = [getattr(attn, norm.format(k))(x) for k, x in (("q", query), ("k", key))]
    return [*normed, value]


def _out(attn: FluxAttention, found: torch.Tensor) -> torch.Tensor:
    result: torch.Tensor = attn.to_out[1](attn.to_out[0](found))
    return result


def _passed_on(
    tokens: torch.Tensor,
    found: torch.Tensor,
    gates: Sequence[torch.Tensor],
    block: FluxTransformerBlock,
    kind: str = "",
) -> torch.Tensor:
    """Tokens with what the attention found, and behind it the block's two layers.

    gates: of the attention; shift, scale and gate of the layers, (1, C) each.
    """
    gate, shift, scale, last = (part[:, None] for part in gates)
    tokens = tokens + gate * found
    seen = getattr(block, f"norm2{kind}")(tokens) * (1 + scale) + shift
    return tokens + last * getattr(block, f"ff{kind}")(seen)


def _within_half(tokens: torch.Tensor) -> torch.Tensor:
    """float16 ends at 65504; the stock blocks do the same."""
    import torch

    return tokens.clip(-65504, 65504) if tokens.dtype == torch.float16 else tokens
