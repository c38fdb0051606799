"""Attentive Eraser's changes to a UNet: attention away from the object, and guidance by it.

Every step asks the UNet twice about the same latents: once as it is, and once with attention
activation and suppression (AAS), where no token attends to the object's tokens and, in the first
steps, the object's own tokens attend more evenly (similarity suppression, SS):

    without = softmax(q kᵀ / √d) v                    within = softmax(c q k_bgᵀ / √d) v_bg
    noise = without + rm_guidance_scale (within - without)                          (SARG)

k_bg, v_bg: keys and values of the background's tokens alone, which is the same as giving the
others a score of minus infinity. c: ss_scale for the object's queries while SS lasts, else 1.

Both halves are one batch. Before the first layer with AAS they are equal, so up to there the
UNet runs once and its results are shared; from there on it runs on both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from methods._diffusion.patching import (
    Block,
    attention_processors,
    removed_after,
    replaced,
    transformer_blocks,
)
from methods._diffusion.self_attention import SelfAttention, TokenMasks, Tokens

if TYPE_CHECKING:
    import torch
    from diffusers.models.attention_processor import AttentionProcessor

Args: TypeAlias = tuple[object, ...]
Named: TypeAlias = dict[str, object]
Change: TypeAlias = "Callable[[torch.Tensor], torch.Tensor]"


@dataclass(frozen=True, slots=True)
class Redirection:
    """When and where AAS works; the names are the authors' own.

    Steps count from 0, layers (transformer blocks in forward order) too; ends are exclusive, but
    ss_steps is the last step with SS, which is how the authors count. None: from the
    first layer of the UNet's upward half, or to the end.
    """

    rm_guidance_scale: float = 9.0
    ss_steps: int = 9
    ss_scale: float = 0.3
    start_step: int = 0
    end_step: int | None = None
    start_layer: int | None = None
    end_layer: int | None = None

    def layers(self, blocks: tuple[Block, ...]) -> tuple[Block, ...]:
        """The blocks whose self-attention is changed."""
        start = self.start_layer
        if start is None:
            start = next(block.index for block in blocks if block.part == "up")
        end = len(blocks) if self.end_layer is None else self.end_layer
        return blocks[start:end]


class Steps:
    """Where the sampling stands. step: of the forward pass under way, -1 before the first."""

    def __init__(self, redirection: Redirection) -> None:
        self._plan = redirection
        self.step = -1

    @property
    def active(self) -> bool:
        """Whether AAS works at this step."""
        plan = self._plan
        return plan.start_step <= self.step and (plan.end_step is None or self.step < plan.end_step)

    @property
    def query_scale(self) -> float:
        """What the object's queries are multiplied with at this step."""
        return self._plan.ss_scale if self.step <= self._plan.ss_steps else 1.0


class RedirectedAttention(SelfAttention):
    """Self-attention of two halves: the first as it is, the second with AAS."""

    def __init__(self, before: AttentionProcessor, steps: Steps, masks: TokenMasks) -> None:
        super().__init__(before)
        self._steps, self._masks = steps, masks

    @property
    def active(self) -> bool:
        """See `Steps.active`."""
        return self._steps.active

    def attend(self, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor) -> torch.Tensor:
        """All (2, heads, N, d)."""
        import torch

        tokens = self._masks.tokens(query.shape[2], query.device)
        attention = torch.nn.functional.scaled_dot_product_attention
        without = attention(query[:1], key[:1], value[:1])
        within = redirected(query[1:], key[1:], value[1:], tokens, self._steps.query_scale)
        return torch.cat([without, within])


def redirected(
    query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, tokens: Tokens, scale: float
) -> torch.Tensor:
    """AAS with SS of strength `scale` (1 = none); all (B, heads, N, d).

    Where the object has all tokens there is nothing to attend to, and every token gets the mean
    of all values: the limit of equally low scores, and what the authors' code gives.
    """
    import torch

    if not len(tokens.outside):
        return value.mean(dim=2, keepdim=True).expand_as(value)
    if scale != 1 and len(tokens.inside):
        query = torch.where(tokens.object[:, None], query * scale, query)
    if len(tokens.inside):
        key, value = (part.index_select(2, tokens.outside) for part in (key, value))
    return torch.nn.functional.scaled_dot_product_attention(query, key, value)


@contextmanager
def redirected_unet(
    unet: torch.nn.Module, masks: TokenMasks, redirection: Redirection
) -> Iterator[Steps]:
    """For the block, `unet` answers a batch of 1 with guided noise; each call is one step.

    The UNet is as before when the block ends, however it ends.
    """
    steps = Steps(redirection)
    blocks = transformer_blocks(unet)
    layers = redirection.layers(blocks)
    if not layers:  # nothing differs between the halves
        yield steps
        return
    own = unet.attn_processors
    processors = {
        layer.self_attention: RedirectedAttention(own[layer.self_attention], steps, masks)
        for layer in layers
    }
    guided = _guided(unet.forward, steps, redirection.rm_guidance_scale)
    with ExitStack() as undo:
        undo.enter_context(attention_processors(unet, processors))
        undo.enter_context(_forked(unet, blocks, layers[0], steps))
        undo.enter_context(replaced(unet, "forward", guided))
        yield steps


def _guided(
    forward: Callable[..., tuple[torch.Tensor]], steps: Steps, scale: float
) -> Callable[..., tuple[torch.Tensor]]:
    """The UNet's forward pass as one step: both halves, combined."""

    def guided(sample: torch.Tensor, *args: object, **kwargs: object) -> tuple[torch.Tensor]:
        if len(sample) != 1:
            raise ValueError(f"one picture at a time, without further guidance; not {len(sample)}")
        steps.step += 1
        noise: torch.Tensor = forward(sample, *args, **{**kwargs, "return_dict": False})[0]
        if not steps.active:
            return (noise,)
        without, within = noise.float().chunk(2)
        return ((without + scale * (within - without)).to(noise.dtype),)

    return guided


# --- one pass until the halves differ ----------------------------------------------------


@contextmanager
def _forked(
    unet: torch.nn.Module, blocks: tuple[Block, ...], first: Block, steps: Steps
) -> Iterator[None]:
    """While AAS works, the UNet's parts from the one with `first` on run on both halves.

    Transformer blocks of that part which come before `first` still run once.
    """
    parts = _parts(unet)
    doubled = parts[parts.index(_part(first)) :]
    early = [b for b in blocks if _part(b) == _part(first) and b.index < first.index]
    hooks = [
        unet.get_submodule(name).register_forward_pre_hook(_doubling(steps), with_kwargs=True)
        for name in doubled
    ]
    with removed_after(hooks), ExitStack() as undo:
        for block in early:
            undo.enter_context(
                replaced(block.module, "forward", _once(block.module.forward, steps))
            )
        yield


def _parts(unet: torch.nn.Module) -> list[str]:
    """The names of a UNet's parts in the order of the forward pass."""
    down, up = (
        [f"{side}.{i}" for i in range(len(getattr(unet, side)))]
        for side in ("down_blocks", "up_blocks")
    )
    return [*down, "mid_block", *up]


def _part(block: Block) -> str:
    """The name of the part that a transformer block belongs to."""
    return "mid_block" if block.part == "mid" else ".".join(block.name.split(".")[:2])


def _doubling(steps: Steps) -> Callable[[torch.nn.Module, Args, Named], tuple[Args, Named] | None]:
    """A hook that turns whatever a part is given from one half into two equal ones."""

    def hook(module: torch.nn.Module, args: Args, kwargs: Named) -> tuple[Args, Named] | None:
        return _given(args, kwargs, _both) if steps.active else None

    return hook


def _once(forward: Callable[..., object], steps: Steps) -> Callable[..., object]:
    """A block's forward pass on one of two equal halves, its result doubled again."""

    def once(*args: object, **kwargs: object) -> object:
        if not steps.active:
            return forward(*args, **kwargs)
        first, named = _given(args, kwargs, _first)
        return _mapped(forward(*first, **named), _both)

    return once


def _both(tensor: torch.Tensor) -> torch.Tensor:
    """One half repeated, without copying; what is doubled already stays."""
    return tensor.expand(2, *tensor.shape[1:])


def _first(tensor: torch.Tensor) -> torch.Tensor:
    """Two halves cut to the first."""
    return tensor[:1]


def _given(args: Args, kwargs: Named, change: Change) -> tuple[Args, Named]:
    """What a call is given, with `change` on all tensors in it."""
    changed = {name: _mapped(value, change) for name, value in kwargs.items()}
    return tuple(_mapped(value, change) for value in args), changed


def _mapped(value: object, change: Change) -> object:
    """`change` on all tensors in tuples and mappings, in new containers; the rest as it is."""
    import torch

    if isinstance(value, torch.Tensor):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(part, change) for name, part in value.items()}
    if type(value) is tuple:
        return tuple(_mapped(part, change) for part in value)
    return value
