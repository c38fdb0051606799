"""Which large model fits on which card: the planner's own answer, from the models' true sizes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import SimpleNamespace
from typing import get_args

from methods._diffusion.large_models import (
    CLIP_L,
    FLUX2_KLEIN,
    FLUX2_VAE,
    FLUX_DEV,
    FLUX_FILL,
    FLUX_VAE,
    HALF,
    QWEN3_4B,
    QWEN_IMAGE_EDIT,
    QWEN_VAE,
    QWEN_VL_7B,
    T5_XXL,
    LargeModel,
    numbers_in,
    shapes_of,
)
from methods._diffusion.placement import Memory, Need, need_of, plan_memory
from methods._diffusion.quantization import Quantization, stored_bytes
from methods._diffusion.settings import TransformerSettings
from methods._system.memory import GIB, GPU_MARGIN

CARDS = (16, 24, 48, 80)
"""Memory of the cards, in GiB."""

PIXELS = 1024 * 1024
CONTEXT = GIB // 2
"""What CUDA and the driver hold for themselves."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Denoiser:
    """A transformer with its VAE. pictures: see `DiffusionEraser.pictures`."""

    erasers: str
    transformer: LargeModel
    vae: LargeModel
    pictures: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """Text encoders of one model. wanted: for what they are loaded."""

    erasers: str
    encoders: tuple[LargeModel, ...]
    wanted: str


_ONCE = "an instruction that is new"
DENOISERS = (
    Denoiser(erasers="OmniEraser, OmniPaint", transformer=FLUX_DEV, vae=FLUX_VAE, pictures=2),
    Denoiser(erasers="FLUX.1 Fill", transformer=FLUX_FILL, vae=FLUX_VAE, pictures=1),
    Denoiser(erasers="Qwen-Image-Edit", transformer=QWEN_IMAGE_EDIT, vae=QWEN_VAE, pictures=2),
    Denoiser(erasers="FLUX.2 klein", transformer=FLUX2_KLEIN, vae=FLUX2_VAE, pictures=2),
)
READERS = (
    Reader(erasers="OmniEraser, FLUX.1 Fill", encoders=(T5_XXL, CLIP_L), wanted=_ONCE),
    Reader(erasers="Qwen-Image-Edit", encoders=(QWEN_VL_7B,), wanted="each picture"),
    Reader(erasers="FLUX.2 klein", encoders=(QWEN3_4B,), wanted=_ONCE),
)


@dataclass(frozen=True, slots=True)
class Fit:
    """A row of the answer. numbers: of the transformer, or of all encoders. size: bytes of what
    lies on the card at once with memory=fast. on_card: by the cards' GiB, the fastest setting of
    memory that fits; for encoders whether they fit whole or come layer by layer."""

    erasers: str
    model: str
    numbers: int
    precision: str
    size: int
    on_card: dict[int, str]


def fits() -> list[Fit]:
    """All large transformers in all precisions, then the text encoders."""
    return [*_denoisers(), *_readers()]


def _denoisers() -> Iterator[Fit]:
    for denoiser in DENOISERS:
        for quantization in get_args(Quantization):
            sizes = sizes_of(denoiser, quantization)
            yield Fit(
                denoiser.erasers,
                denoiser.transformer.name,
                numbers_in(denoiser.transformer),
                "bfloat16" if quantization == "none" else quantization,
                sum(sizes.values()),
                {card: fastest(denoiser, quantization, card) for card in CARDS},
            )


def _readers() -> Iterator[Fit]:
    for reader in READERS:
        size = sum(stored_bytes(shapes_of(model), "none", HALF) for model in reader.encoders)
        whole = {card: "whole" if size <= free_on(card) else "in layers" for card in CARDS}
        numbers = sum(map(numbers_in, reader.encoders))
        name = " + ".join(model.name for model in reader.encoders)
        yield Fit(f"{reader.erasers}: {reader.wanted}", name, numbers, "bfloat16", size, whole)


def sizes_of(denoiser: Denoiser, quantization: Quantization) -> dict[str, int]:
    """Bytes of transformer and VAE."""
    return {
        "transformer": stored_bytes(shapes_of(denoiser.transformer), quantization, HALF),
        "vae": stored_bytes(shapes_of(denoiser.vae), "none", HALF),
    }


def fastest(denoiser: Denoiser, quantization: Quantization, card: int) -> Memory:
    """What `memory=fast` becomes on an otherwise empty card, at a canvas of a megapixel."""
    least = TransformerSettings(quantization=quantization).least_memory
    sizes, need = sizes_of(denoiser, quantization), _need(denoiser)
    return plan_memory("fast", "cuda", sizes, need, free_on(card), least).memory


def free_on(card: int) -> int:
    """Bytes that models may take on an otherwise empty card of so many GiB."""
    return card * GIB - CONTEXT - GPU_MARGIN


@lru_cache(maxsize=16)
def _need(denoiser: Denoiser) -> Need:
    pipeline = SimpleNamespace(components={"transformer": denoiser.transformer.build()})
    return need_of(pipeline, PIXELS, denoiser.pictures)
