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
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

from methods._base import DeviceName
from methods._memory import memory_budget

if TYPE_CHECKING:
    import torch

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

DENOISE_VALUES = 60
"""The same for a UNet with both halves of the guidance, attention without its score matrix."""

_ONE_LAYER = 0.05
"""Share of the largest component that is on the device at a time when layers take turns."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What was decided. memory: the step that was taken, which may be below the wish."""

    memory: Memory
    placement: Placement
    tile_vae: bool


def plan_memory(
    wish: Memory,
    device: DeviceName,
    sizes: Mapping[str, int],
    pixels: int,
    free: int,
    bytes_per_value: int = 2,
) -> Plan:
    """The first step from `wish` downward whose need fits into `free`.

    sizes: bytes of each component; pixels: of the canvas; free: bytes of the device that the
    run may use, what its own components hold there already counted in. On the CPU there is
    nowhere to offload to: components stay, and only the tiling is decided.
    """
    denoise = DENOISE_VALUES * bytes_per_value * pixels
    # VAEs that must not be halved are run in full precision.
    decode = DECODE_VALUES * 4 * pixels
    steps = get_args(Memory)[get_args(Memory).index(wish) :]
    for memory in steps:
        held = _held(memory if device == "cuda" else "fast", sizes)
        tile = memory == "small" or held + decode > free
        fits = held + denoise <= free
        if fits or memory == steps[-1] or device != "cuda":
            placement = _PLACEMENTS[memory] if device == "cuda" else "device"
            return Plan(memory, placement, tile)
    raise AssertionError("the last step is always taken")


def _held(memory: Memory, sizes: Mapping[str, int]) -> int:
    """Bytes of components on the device at the same time."""
    if memory == "fast":
        return sum(sizes.values())
    largest = max(sizes.values(), default=0)
    return largest if memory == "balanced" else int(largest * _ONE_LAYER)


# --- the state of the machine --------------------------------------------------------------


def component_sizes(pipeline: Any) -> dict[str, int]:
    """Bytes of each network of a pipeline, by its name there."""
    return {name: module_bytes(module) for name, module in networks(pipeline).items()}


def networks(pipeline: Any) -> dict[str, torch.nn.Module]:
    """The components of a pipeline that are networks."""
    import torch

    components = pipeline.components.items()
    return {name: part for name, part in components if isinstance(part, torch.nn.Module)}


def module_bytes(module: torch.nn.Module) -> int:
    """Bytes of its parameters and buffers."""
    tensors = [*module.parameters(), *module.buffers()]
    return sum(tensor.numel() * tensor.element_size() for tensor in tensors)


def free_for(modules: Iterable[torch.nn.Module], device: DeviceName) -> int:
    """Bytes of the device that a run of these networks may use: what they hold there already
    is theirs."""
    there = (module for module in modules if next(module.parameters()).device.type == device)
    return memory_budget(device) + sum(map(module_bytes, there))


# --- doing it ------------------------------------------------------------------------------


@contextmanager
def placed(
    pipeline: Any, plan: Plan, device: DeviceName, others: Sequence[Any] = ()
) -> Iterator[None]:
    """Put the pipeline's networks where the plan wants them, for the block.

    others: networks that work at the same time as the UNet: with it on the device, or layer
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
def _vae_as_it_was(vae: Any) -> Iterator[None]:
    """SDXL's pipelines widen the VAE to float32 and can be left before they narrow it again."""
    dtype, tiling = vae.dtype, vae.use_tiling
    try:
        yield
    finally:
        vae.use_tiling = tiling
        if vae.dtype != dtype:
            vae.to(dtype=dtype)


def _offload(pipeline: Any, placement: Placement, device: str, others: Sequence[Any]) -> None:
    if placement == "model_offload":
        pipeline.enable_model_cpu_offload(device=device)
        return
    import torch

    for module in (*networks(pipeline).values(), *others):
        group_offload(module, torch.device(device))


def group_offload(module: Any, device: torch.device) -> None:
    """Layers of the network come to the device one after the other, each for its own turn."""
    from diffusers.hooks import apply_group_offloading

    apply_group_offloading(module, onload_device=device, offload_type="leaf_level")


def end_group_offload(module: Any) -> None:
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


def _bring_home(pipeline: Any, others: Sequence[Any]) -> None:
    """Undo both kinds of offloading, also half-done ones."""
    pipeline.remove_all_hooks()
    for module in (*networks(pipeline).values(), *others):
        end_group_offload(module)
