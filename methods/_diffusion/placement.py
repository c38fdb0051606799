"""Where the parts of a diffusion model lie during a run: decided first, then done and undone.

    fast       everything on the device
    balanced   one whole component at a time on the device, the others in main memory
    small      one layer at a time on the device; the VAE works tile by tile

A wish is lowered where the memory that is free does not suffice for it.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from methods._base import DeviceName
from methods._diffusion.quantization import tensor_bytes
from methods._system.memory import memory_budget

if TYPE_CHECKING:
    import torch
    from diffusers import DiffusionPipeline, ModelMixin


logger = logging.getLogger(__name__)

Memory: TypeAlias = Literal["fast", "balanced", "small"]
Placement: TypeAlias = Literal["device", "model_offload", "group_offload"]

_PLACEMENTS: dict[Memory, Placement] = {
    "fast": "device",
    "balanced": "model_offload",
    "small": "group_offload",
}

DECODE_VALUES = 1100
"""Numbers that the VAE's decoder holds at once for each pixel of the picture: two tensors of
256 channels and what the convolutions need beside them, at full resolution. An estimate."""

UNET_VALUES = 60
"""The same for a UNet with both halves of the guidance, attention without its score matrix."""

TOKEN_WIDTHS = 20
"""Numbers that a transformer holds at once for each token, in widths of its own. Counted on the
meta device: 17.2 in a single block of FLUX, where the four widths between its two layers wait
while the queries are turned by their positions, three times in full precision."""

TOKEN_PIXELS = 16 * 16
TEXT_TOKENS = 512

_ONE_LAYER = 0.05
"""Share of the largest component that is on the device at a time when layers take turns."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided. memory: the step that was taken, which may be below the wish."""

    memory: Memory
    placement: Placement
    tile_vae: bool


@dataclass(frozen=True, slots=True)
class Need:
    """Bytes that a run takes beside its components while it denoises, and while it decodes."""

    denoise: int = 0
    decode: int = 0


def need_of(pipeline: DiffusionPipeline, pixels: int, pictures: int = 1) -> Need:
    """An estimate for a canvas of `pixels`.

    pictures: how many of that size a transformer looks at, what it paints included.
    """
    module = pipeline.components[denoiser(pipeline)]
    width = _width(module)
    if width:
        tokens = pictures * pixels // TOKEN_PIXELS + TEXT_TOKENS
        values = TOKEN_WIDTHS * width * tokens
    else:
        values = UNET_VALUES * pixels
    # VAEs that must not be halved are run in full precision.
    return Need(values * module.dtype.itemsize, DECODE_VALUES * 4 * pixels)


def denoiser(pipeline: DiffusionPipeline) -> str:
    """The name of the component that takes the steps: "unet" or "transformer"."""
    return "transformer" if "transformer" in pipeline.components else "unet"


def _width(module: ModelMixin) -> int:
    """Channels of a transformer's tokens; 0 for a UNet."""
    config = module.config
    heads, size = config.get("num_attention_heads"), config.get("attention_head_dim")
    return heads * size if isinstance(heads, int) and isinstance(size, int) else 0


def plan_memory(
    wish: Memory,
    device: DeviceName,
    sizes: Mapping[str, int],
    need: Need,
    free: int,
    least: Memory = "small",
) -> Plan:
    """The first step from `wish` downward whose need fits into `free`.

    sizes: bytes of each component; free: bytes of the device that the run may use, what its
    own components hold there already counted in; least: the last step that these components
    can take, which also lowers no wish below it. On the CPU there is nowhere to offload to:
    components stay, and only the tiling is decided.
    """
    denoise, decode = need.denoise, need.decode
    order = get_args(Memory)
    last = order.index(least)
    steps = order[min(order.index(wish), last) : last + 1]
    for memory in steps:
        held = held_on_device(memory if device == "cuda" else "fast", sizes)
        tile = memory == "small" or held + decode > free
        fits = held + denoise <= free
        if fits or memory == steps[-1] or device != "cuda":
            placement = _PLACEMENTS[memory] if device == "cuda" else "device"
            return Plan(memory, placement, tile)
    raise AssertionError("the last step is always taken")


def held_on_device(memory: Memory, sizes: Mapping[str, int]) -> int:
    """Bytes of components on the device at the same time."""
    if memory == "fast":
        return sum(sizes.values())
    largest = max(sizes.values(), default=0)
    return largest if memory == "balanced" else int(largest * _ONE_LAYER)


# --- the state of the machine --------------------------------------------------------------


def component_sizes(pipeline: DiffusionPipeline) -> dict[str, int]:
    """Bytes of each network of a pipeline, by its name there."""
    return {name: module_bytes(module) for name, module in networks(pipeline).items()}


def networks(pipeline: DiffusionPipeline) -> dict[str, torch.nn.Module]:
    """The components of a pipeline that are networks."""
    import torch

    components = pipeline.components.items()
    return {name: part for name, part in components if isinstance(part, torch.nn.Module)}


def module_bytes(module: torch.nn.Module) -> int:
    """Bytes of its parameters and buffers, as they are stored."""
    return sum(map(tensor_bytes, (*module.parameters(), *module.buffers())))


def free_for(modules: Iterable[torch.nn.Module], device: DeviceName) -> int:
    """Bytes of the device that a run of these networks may use: what they hold there already
    is theirs."""
    there = (module for module in modules if next(module.parameters()).device.type == device)
    return memory_budget(device) + sum(map(module_bytes, there))


# --- doing it ------------------------------------------------------------------------------


@contextmanager
def placed(
    pipeline: DiffusionPipeline,
    plan: Plan,
    device: DeviceName,
    others: Sequence[torch.nn.Module] = (),
) -> Iterator[None]:
    """Put the pipeline's networks where the plan wants them, for the block.

    others: networks that work at the same time as the denoiser: with it on the device, or layer
    by layer. Afterwards every hook is gone; what was to stay on the device stays there for
    the next run, what was offloaded rests in main memory.
    """
    with ExitStack() as undo:
        undo.enter_context(_vae_as_it_was(pipeline.vae))
        if plan.tile_vae:
            pipeline.vae.enable_tiling()
        if plan.placement == "device":
            pipeline.to(device)
        else:
            undo.callback(_bring_home, pipeline, others)
            pipeline.to("cpu")
            _offload(pipeline, plan.placement, device, others)
        if plan.placement != "group_offload":
            for other in others:
                other.to(device)
        yield


@contextmanager
def _vae_as_it_was(vae: torch.nn.Module) -> Iterator[None]:
    """SDXL's pipelines widen the VAE to float32 and can be left before they narrow it again."""
    dtype, tiling = vae.dtype, vae.use_tiling
    try:
        yield
    finally:
        vae.use_tiling = tiling
        if vae.dtype != dtype:
            vae.to(dtype=dtype)


def _offload(
    pipeline: DiffusionPipeline,
    placement: Placement,
    device: str,
    others: Sequence[torch.nn.Module],
) -> None:
    if placement == "model_offload":
        pipeline.enable_model_cpu_offload(device=device)
        return
    import torch

    for module in (*networks(pipeline).values(), *others):
        group_offload(module, torch.device(device))


def group_offload(module: torch.nn.Module, device: torch.device) -> None:
    """Layers of the network come to the device one after the other, each for its own turn."""
    from diffusers.hooks import apply_group_offloading

    apply_group_offloading(module, onload_device=device, offload_type="leaf_level")


def end_group_offload(module: torch.nn.Module) -> None:
    """Take the hooks of `group_offload` away; the network rests in main memory."""
    from diffusers.hooks import HookRegistry
    from diffusers.hooks import group_offloading as names

    registry = HookRegistry.check_if_exists_or_initialize(module)
    kinds = ("GROUP_OFFLOADING", "LAYER_EXECUTION_TRACKER", "LAZY_PREFETCH_GROUP_OFFLOADING")
    for kind in kinds:
        registry.remove_hook(getattr(names, f"_{kind}"), recurse=True)
    for part in module.modules():
        # diffusers puts the class's own method on the object, where it would hide later changes.
        if getattr(vars(part).get("forward"), "__func__", None) is type(part).forward:
            del part.forward
    module.to("cpu")


def _bring_home(pipeline: DiffusionPipeline, others: Sequence[torch.nn.Module]) -> None:
    """Undo both kinds of offloading, also half-done ones."""
    pipeline.remove_all_hooks()
    for module in (*networks(pipeline).values(), *others):
        end_group_offload(module)


@contextmanager
def on_device(module: torch.nn.Module, device: str) -> Iterator[None]:
    """A network on the device for the block, and back where it was."""
    home = next(module.parameters()).device
    module.to(device)
    try:
        yield
    finally:
        module.to(home)
