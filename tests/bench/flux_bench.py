"""What the erasers on FLUX.1 compute and load, beside their authors' scripts as described.

    python tests/bench/flux_bench.py                        counts, on tiny models, on any machine
    python tests/bench/flux_bench.py --time [--size full] [--device cuda] [--steps 8]

Counts do not depend on the machine: passes of the transformer and of the encoders, pictures
through the VAE, products with low-rank matrices, and the bytes that are read from the published
files (the sizes in the program's own list). "Theirs" is reckoned from the scripts that the authors
publish, which do besides:

    OmniEraser    the prompt at every start, and the whole photo beside the two pictures that are
                  needed (`pipeline_flux_control_removal.py`)
    FLUX.1 Fill   the prompt at every start, and the whole photo beside the masked one, covered by
                  noise to the last bit (the stock pipeline)
    OmniPaint     the LoRA for the noise too, taken times zero (`flux_core.py`); the pipeline's
                  text encoders are loaded and not used

--time measures seconds a step, the attaching of the additions and peak memory, with random weights:
tiny ones, or with --size full networks of FLUX.1's own size (24 GB in bfloat16, made in place).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import flux_tools  # noqa: E402
import tiny_flux  # noqa: E402
from methods import WeightFile, get_eraser  # noqa: E402
from methods._base import no_progress  # noqa: E402
from methods._diffusion.eraser import Embedding  # noqa: E402
from methods._diffusion.lora import additions_of  # noqa: E402
from methods._diffusion.prompts import embeddings  # noqa: E402
from methods._flux.weights import DEV, FILL, SHARED  # noqa: E402
from methods._system.memory import MemoryMeter  # noqa: E402
from methods._weights.store import use_local  # noqa: E402

NAMES = ("omnieraser", "omnipaint", "flux_fill")
ENCODERS = ("text_encoder", "text_encoder_2")
GB = 1e9


def main() -> None:
    """Print the counts, or with --time the measurements."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--time", action="store_true", help="measure instead of counting")
    options.add_argument("--size", choices=("tiny", "full"), default="tiny")
    options.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options.add_argument("--steps", type=int, default=8)
    options.add_argument("--side", type=int, default=0, help="of the square canvas (1024; tiny 64)")
    given = options.parse_args()
    with tiny_models_in_place():
        if given.time:
            measure(given)
        else:
            show_counts()


@contextmanager
def tiny_models_in_place() -> Iterator[None]:
    """A tiny model for each repository, and no embeddings of other runs."""
    with tempfile.TemporaryDirectory() as home:
        with mock.patch.dict("os.environ", {"ERASER_LAB_EMBEDDINGS": f"{home}/embeddings"}):
            for name, build in tiny_flux.FLUX.items():
                build(Path(home) / name)
                use_local(name, Path(home) / name)
            embeddings.clear()
            yield
            embeddings.clear()
        for name in tiny_flux.FLUX:
            use_local(name, None)


# --- counting ------------------------------------------------------------------------------------


@dataclass
class Counts:
    """Of one run. low_rank: products with the first matrix of an addition."""

    transformer: int = 0
    text: int = 0
    encode: int = 0
    decode: int = 0
    low_rank: int = 0
    loaded: set[str] = field(default_factory=set)

    def row(self, name: str) -> str:
        """As one line of the table."""
        read = sum(size_of(name) for name in self.loaded) / GB
        return (
            f"{name:<38}{self.transformer:>12}{self.text:>7}{self.encode:>8}{self.decode:>8}"
            f"{self.low_rank:>10}{read:>10.2f} GB"
        )


def size_of(file: str) -> int:
    """Bytes of a published file."""
    return sizes()[file]


def sizes() -> Mapping[str, int]:
    """Of all files of these erasers, by name."""
    files: list[WeightFile] = []
    for name in NAMES:
        files += [*get_eraser(name).spec.weights, *get_eraser(name).spec.more_weights]
    return {file.name: file.size for file in files}


@contextmanager
def counted() -> Iterator[Counts]:
    """Counts all that the real classes do in the block."""
    from diffusers import AutoencoderKL, FluxTransformer2DModel
    from peft.tuners.lora import Linear
    from transformers import CLIPTextModel, T5EncoderModel

    from methods._diffusion.components import ComponentStore

    counts = Counts()

    def count(kind: Any, method: str, name: str) -> Any:
        plain = getattr(kind, method)

        def counting(*args: Any, **given: Any) -> Any:
            setattr(counts, name, getattr(counts, name) + 1)
            return plain(*args, **given)

        return mock.patch.object(kind, method, counting)

    take = ComponentStore.take

    def taking(store: Any, part: Any, dtype: Any) -> Any:
        before, found = store.loads, take(store, part, dtype)
        if store.loads > before:
            counts.loaded |= {file.name for file in part.repository.weights(part.folder)}
        return found

    with (
        count(FluxTransformer2DModel, "forward", "transformer"),
        count(CLIPTextModel, "forward", "text"),
        count(T5EncoderModel, "forward", "text"),
        count(AutoencoderKL, "encode", "encode"),
        count(AutoencoderKL, "decode", "decode"),
        count(Linear, "forward", "low_rank"),
        mock.patch.object(ComponentStore, "take", taking),
    ):
        yield counts


def ours(eraser: Any, steps: int, **changes: Any) -> Counts:
    """One run of ours."""
    settings = eraser.Settings(num_inference_steps=steps, **changes)
    image, mask = picture(64)
    with counted() as counts:
        eraser.prepare(settings)
        eraser.erase(image, mask, settings, 0, no_progress)
    return counts


def picture(side: int) -> Any:
    """A square of noise with a hole."""
    image = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    mask = np.zeros((side, side), bool)
    mask[side // 4 : side // 2, side // 4 : side // 2] = True
    return image, mask


def theirs(name: str, mine: Counts) -> Counts:
    """The same run by the authors' script: what it does besides."""
    base = FILL if name == "flux_fill" else DEV
    whole = {w.name for w in (*base.weights(), *SHARED.weights())}
    return Counts(
        transformer=mine.transformer,
        text=0 if name == "omnipaint" else 2,
        encode=mine.encode + (0 if name == "omnipaint" else 1),
        decode=mine.decode,
        low_rank=mine.low_rank * 2 if name == "omnipaint" else mine.low_rank,
        loaded=whole | mine.loaded,
    )


def show_counts() -> None:
    """Each eraser in a fresh process, at a second start, and after another one on the same FLUX."""
    head = ("transformer", "text", "encode", "decode", "low-rank", "read")
    print(f"{'':<38}{head[0]:>12}{head[1]:>7}{head[2]:>8}{head[3]:>8}{head[4]:>10}{head[5]:>13}")
    for name in NAMES:
        kind: Any = get_eraser(name)
        steps = kind.Settings().num_inference_steps
        changes = {"removal_lora": True} if name == "flux_fill" else {}
        first = fresh(kind, steps, changes)
        embeddings.clear()  # from memory; the disk keeps them
        second = fresh(kind, steps, changes)
        print(theirs(name, first).row(f"{kind.spec.name}, authors' script"))
        print(first.row(f"{kind.spec.name}, first start"))
        print(second.row(f"{kind.spec.name}, second start"))
    kinds: list[Any] = [get_eraser(name) for name in ("omnieraser", "omnipaint")]
    one, two = (kind() for kind in kinds)
    for eraser in (one, two):
        eraser.load("cpu", None)
    steps = two.Settings().num_inference_steps
    ours(one, 1)
    print(ours(two, steps).row("OmniPaint after OmniEraser"))
    print(ours(two, steps).row("OmniPaint once more"))
    for eraser in (one, two):
        eraser.unload()
    show_residents()


def fresh(kind: Any, steps: int, changes: Any) -> Counts:
    """One run with nothing loaded before."""
    eraser = kind()
    eraser.load("cpu", None)
    counts = ours(eraser, steps, **changes)
    eraser.unload()
    return counts


def show_residents() -> None:
    """What lies in memory at the same time, in bfloat16, from the published sizes."""
    networks = {name: size for name, size in sizes().items() if name.endswith(".safetensors")}

    def of(*starts: str) -> float:
        return sum(size for name, size in networks.items() if name.startswith(starts)) / GB

    transformer, vae = of("flux1-dev/"), of("flux1-shared/vae")
    text = of(*(f"flux1-shared/{folder}/" for folder in ENCODERS))
    print(
        f"\nIn memory at once: theirs {transformer + vae + text:.1f} GB;"
        f" ours {text:.1f} GB, then {transformer + vae:.1f} GB, and at a second start the latter"
    )


# --- measuring -----------------------------------------------------------------------------------


def measure(given: Any) -> None:
    """Seconds and memory of each eraser in turn."""
    side = given.side or (1024 if given.size == "full" else 64)
    print(f"{given.size} size, {side} x {side}, {given.steps} steps, {given.device}")
    for name in NAMES:
        measure_one(name, side, given)


def measure_one(name: str, side: int, given: Any) -> None:
    """One eraser on random weights."""
    import torch

    kind: Any = get_eraser(name)
    eraser = kind()
    eraser.load(given.device, torch.bfloat16)
    settings = eraser.Settings(
        num_inference_steps=given.steps, **({"removal_lora": True} if name == "flux_fill" else {})
    )
    if given.size == "full":
        fill_in(eraser, settings, name, given.device)
    image, mask = picture(side)
    eraser.erase(image, mask, settings, 0, no_progress)
    times: list[float] = []

    def note(step: int, total: int) -> None:
        if given.device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter())

    with MemoryMeter(given.device) as meter:
        start = time.perf_counter()
        eraser.erase(image, mask, settings, 0, note)
        end = time.perf_counter()
    a_step = (times[-1] - times[0]) / max(1, len(times) - 1)
    held = torch.cuda.max_memory_allocated() / GB if given.device == "cuda" else meter.peak / GB
    print(
        f"  {name:<12}{a_step:8.3f} s a step, {end - start:7.2f} s in all, "
        f"{attaching(eraser, settings):6.2f} s to attach, {held:6.2f} GB at most"
    )
    eraser.unload()
    if given.device == "cuda":
        torch.cuda.empty_cache()


def attaching(eraser: Any, settings: Any) -> float:
    """Seconds to put the additions beside the network and take them off again."""
    from methods._diffusion.eraser import adapted

    loaded = eraser.loaded(settings)
    start = time.perf_counter()
    with adapted(loaded["transformer"], loaded["additions"]):
        pass
    return time.perf_counter() - start


def fill_in(eraser: Any, settings: Any, name: str, device: str) -> None:
    """Networks of the full size with random numbers in place of what would be read."""
    import torch
    from diffusers import AutoencoderKL

    channels = 384 if name == "flux_fill" else 64
    with torch.device(device):
        transformer = flux_tools.full_size_transformer(channels).to_empty(device=device)
        vae = AutoencoderKL(**FULL_VAE).to(torch.bfloat16).requires_grad_(False).eval()
    made = torch.Generator(device).manual_seed(0)
    for tensor in transformer.parameters():
        tensor.normal_(0, 0.02, generator=made)
    width = {"omnieraser": 256, "omnipaint": 64, "flux_fill": 0}[name]
    ends = tiny_flux.OMNIPAINT if name == "omnipaint" else tiny_flux.DOUBLE + tiny_flux.SINGLE
    rank = 4 if name == "omnipaint" else 32
    tensors = tiny_flux.lora(transformer, ends, 0, rank=rank, width=width)
    prompt = Embedding(torch.randn(1, 512, 4096).bfloat16(), torch.randn(1, 768).bfloat16())
    components = {
        "transformer": transformer,
        "vae": vae,
        "additions": additions_of("random", tensors, {}, torch.bfloat16),
        "prompt": prompt,
    }
    parts = eraser.parts(settings)
    eraser._taken = {key: (part, components[key]) for key, part in parts.items()}
    eraser.embed = lambda *_: (prompt,)


FULL_VAE: dict[str, Any] = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
    "latent_channels": 16,
    "scaling_factor": 0.3611,
    "shift_factor": 0.1159,
    "use_quant_conv": False,
    "use_post_quant_conv": False,
}
"""FLUX.1's own VAE."""


if __name__ == "__main__":
    main()
