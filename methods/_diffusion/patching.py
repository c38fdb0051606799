"""Changes to a network for the length of a block, undone also after an error or a Stop.

The networks are shared between methods (see `_diffusion.components`), so whatever a method
changes is back in place, the very same objects, before anything else runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeVar

if TYPE_CHECKING:
    import torch
    from diffusers.models.attention import BasicTransformerBlock
    from diffusers.models.attention_processor import AttentionProcessor
    from torch.utils.hooks import RemovableHandle

_Value = TypeVar("_Value")

_CHILDREN = ("_modules", "_parameters", "_buffers")  # where torch keeps a module's own


@dataclass(frozen=True, slots=True)
class Block:
    """One transformer block of a UNet. index: its running number in the order of the forward
    pass (down, mid, up). name: its path in the UNet. part: where it stands."""

    index: int
    name: str
    part: Literal["down", "mid", "up"]
    module: BasicTransformerBlock

    @property
    def self_attention(self) -> str:
        """The key of its self-attention in `unet.attn_processors`."""
        return f"{self.name}.attn1.processor"

    @property
    def cross_attention(self) -> str:
        """The key of its cross-attention in `unet.attn_processors`."""
        return f"{self.name}.attn2.processor"


def transformer_blocks(unet: torch.nn.Module) -> tuple[Block, ...]:
    """All blocks in the order of the forward pass: 16 of SD 1.x and 2.x, 70 of SDXL."""
    from diffusers.models.attention import BasicTransformerBlock

    # Not the order of named_modules(): a UNet registers its middle after both its sides.
    parts: tuple[Literal["down", "mid", "up"], ...] = ("down", "mid", "up")
    homes = ("down_blocks", "mid_block", "up_blocks")
    found = [
        (f"{home}.{name}", part, module)
        for home, part in zip(homes, parts, strict=True)
        for name, module in getattr(unet, home).named_modules()
        if isinstance(module, BasicTransformerBlock)
    ]
    return tuple(Block(i, name, part, module) for i, (name, part, module) in enumerate(found))


@contextmanager
def attention_processors(
    unet: torch.nn.Module, changed: Mapping[str, AttentionProcessor]
) -> Iterator[None]:
    """Other processors at some attention layers, for the block.

    changed: processors by their keys in `unet.attn_processors`; see `Block.self_attention`.
    An unknown key is a KeyError, before anything is changed.
    """
    before = dict(unet.attn_processors)
    unknown = changed.keys() - before.keys()
    if unknown:
        raise KeyError(f"no such attention layers: {sorted(unknown)[:3]}")
    try:
        unet.set_attn_processor({**before, **changed})
        yield
    finally:
        unet.set_attn_processor(dict(before))  # a copy: the call empties what it is given


@contextmanager
def replaced(target: object, name: str, value: _Value) -> Iterator[_Value]:
    """Another attribute on one object for the block, such as a UNet's `forward`.

    Yields what stood there before. An attribute that only its class had is removed again.
    """
    own = any(name in vars(target).get(kind, ()) for kind in _CHILDREN) or name in vars(target)
    before: _Value = getattr(target, name)
    setattr(target, name, value)
    try:
        yield before
    finally:
        if own:
            setattr(target, name, before)
        else:
            delattr(target, name)


@contextmanager
def removed_after(handles: Iterable[RemovableHandle]) -> Iterator[None]:
    """torch's hook handles are removed when the block ends."""
    kept = list(handles)
    try:
        yield
    finally:
        for handle in kept:
            handle.remove()
