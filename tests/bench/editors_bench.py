"""What the editing models compute and load, beside the same pipelines called plainly.

    python tests/bench/editors_bench.py                 counts, on tiny models, on any machine
    python tests/bench/editors_bench.py --time [--size full] [--device cuda] [--steps 6]

Counts do not depend on the machine: passes of the transformer and of the text encoder, pictures
through the VAE, and the bytes that are read from the published files (the sizes in the program's
own list). Both sides are counted, not reckoned: ours, and the stock pipeline with its text encoder
in it, once for a first picture, for the same one with another seed, and for another picture. Four
steps each, with the authors' guidance; Qwen-Image-Edit's own number is 40.

--time measures seconds a step and the memory that a run takes beside its networks, with random
weights, next to what the planner foretells: on tiny networks, or with --size full on those of the
models' own size, made in place (FLUX.2 klein 8 GB, Qwen-Image-Edit 41 GB).
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import tiny_editors  # noqa: E402
from methods import Image, Mask, get_eraser  # noqa: E402
from methods._base import no_progress  # noqa: E402
from methods._diffusion.eraser import Part, pil, read_scheduler, store  # noqa: E402
from methods._diffusion.highlight import marked  # noqa: E402
from methods._diffusion.large_models import (  # noqa: E402
    FLUX2_KLEIN,
    FLUX2_VAE,
    QWEN_IMAGE_EDIT,
    QWEN_VAE,
)
from methods._diffusion.placement import need_of  # noqa: E402
from methods._diffusion.prompts import embeddings  # noqa: E402
from methods._diffusion.readers import quiet  # noqa: E402
from methods._system.memory import MemoryMeter  # noqa: E402
from methods._weights.store import use_local  # noqa: E402
from methods.flux2_klein.weights import REPOSITORY as KLEIN  # noqa: E402
from methods.flux2_klein.weights import klein_pipeline  # noqa: E402
from methods.qwen_image_edit.weights import PROCESSOR, qwen_pipeline  # noqa: E402
from methods.qwen_image_edit.weights import REPOSITORY as QWEN  # noqa: E402

GB = 1e9
COUNTED = 4
"""Steps."""
NAMES = ("flux2_klein", "qwen_image_edit")
HEAD = ("transformer", "text", "encode", "decode", "read")


def main() -> None:
    """Print the counts, or with --time the measurements."""
    options = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    options.add_argument("--time", action="store_true", help="measure instead of counting")
    options.add_argument("--size", choices=("tiny", "full"), default="tiny")
    options.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options.add_argument("--steps", type=int, default=6)
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
            for name, build in tiny_editors.EDITORS.items():
                build(Path(home) / name)
                use_local(name, Path(home) / name)
            embeddings.clear()
            yield
            embeddings.clear()
        for name in tiny_editors.EDITORS:
            use_local(name, None)


# --- counting ------------------------------------------------------------------------------------


@dataclass
class Counts:
    """Of one run."""

    transformer: int = 0
    text: int = 0
    encode: int = 0
    decode: int = 0
    loaded: set[str] = field(default_factory=set)

    def row(self, name: str) -> str:
        """As one line of the table."""
        numbers = (self.transformer, self.text, self.encode, self.decode)
        read = sum(sizes()[file] for file in self.loaded) / GB
        return f"{name:<44}" + "".join(f"{n:>12}" for n in numbers) + f"{read:>9.2f} GB"


def sizes() -> dict[str, int]:
    """Bytes of all published files, by name."""
    specs = [get_eraser(name).spec for name in NAMES]
    files = [file for spec in specs for file in (*spec.weights, *spec.more_weights)]
    return {file.name: file.size for file in files}


@contextmanager
def counted() -> Iterator[Counts]:
    """Counts all that the real classes do in the block."""
    import diffusers
    import transformers

    from methods._diffusion.components import ComponentStore

    counts = Counts()

    def count(kind: Any, method: str, name: str) -> Any:
        plain = getattr(kind, method)

        def counting(*args: Any, **given: Any) -> Any:
            setattr(counts, name, getattr(counts, name) + 1)
            return plain(*args, **given)

        return mock.patch.object(kind, method, counting)

    take = ComponentStore.take

    def taking(shared: Any, part: Any, dtype: Any) -> Any:
        before, found = shared.loads, take(shared, part, dtype)
        if shared.loads > before:
            counts.loaded |= {file.name for file in part.repository.weights(part.folder)}
        return found

    with ExitStack() as patches:
        for name in ("Flux2Transformer2DModel", "QwenImageTransformer2DModel"):
            patches.enter_context(count(getattr(diffusers, name), "forward", "transformer"))
        for name in ("Qwen3ForCausalLM", "Qwen2_5_VLForConditionalGeneration"):
            patches.enter_context(count(getattr(transformers, name), "forward", "text"))
        for name in ("AutoencoderKLFlux2", "AutoencoderKLQwenImage"):
            for method, what in (("encode", "encode"), ("decode", "decode")):
                patches.enter_context(count(getattr(diffusers, name), method, what))
        patches.enter_context(mock.patch.object(ComponentStore, "take", taking))
        yield counts


def picture(number: int, side: int = 128) -> tuple[Image, Mask]:
    """A square of noise with a hole."""
    image = np.random.default_rng(number).integers(0, 256, (side, side, 3), np.uint8)
    mask = np.zeros((side, side), bool)
    mask[side // 4 : side // 2, side // 4 : side // 2] = True
    return image, mask


CASES = (("first picture", 0, 0), ("the same, another seed", 0, 1), ("another picture", 1, 0))


def show_counts() -> None:
    """Both sides, in the authors' default settings but for the number of steps."""
    print(f"{'':<44}" + "".join(f"{word:>12}" for word in HEAD))
    for name in NAMES:
        for row, counts in (*ours(name), *plainly(name)):
            print(counts.row(f"{name} {row}"))


def ours(name: str) -> Iterator[tuple[str, Counts]]:
    """The eraser with its defaults."""
    eraser: Any = get_eraser(name)()
    eraser.load("cpu", None)
    settings = eraser.Settings(num_inference_steps=COUNTED)
    for words, number, seed in CASES:
        with counted() as counts:
            eraser.prepare(settings)
            eraser.erase(*picture(number), settings, seed, no_progress)
        yield f"ours: {words}", counts
    eraser.unload()


def plainly(name: str) -> Iterator[tuple[str, Counts]]:
    """The stock pipeline for editing, loaded whole and kept, as its documentation calls it."""
    import diffusers
    import torch

    klein = name == "flux2_klein"
    home = KLEIN if klein else QWEN
    parts = {n: Part(home, n) for n in ("transformer", "vae", "text_encoder", "scheduler")}
    parts |= {"tokenizer": Part(home, "tokenizer")} if klein else {"processor": PROCESSOR}
    taken: dict[str, Any] = {}
    call: dict[str, Any] = {"num_inference_steps": COUNTED, "prompt": "Remove what is red."}
    call |= {"guidance_scale": 1.0} if klein else {"negative_prompt": " ", "true_cfg_scale": 4.0}
    for words, number, seed in CASES:
        with counted() as counts:
            for part in parts.keys() - taken.keys():
                taken[part] = store.take(parts[part], torch.float32)
            if klein:
                pipeline = diffusers.Flux2KleinPipeline(**taken, is_distilled=True)
            else:
                pipeline = diffusers.QwenImageEditPlusPipeline(**taken, tokenizer=None)
            pipeline.set_progress_bar_config(disable=True)
            shown = pil(marked(*picture(number), "tint"))
            draw = torch.Generator().manual_seed(seed)
            pipeline(image=shown, generator=draw, **call)
        yield f"plainly: {words}", counts
    for component in taken.values():
        store.give_back(component)


# --- measuring -----------------------------------------------------------------------------------


def measure(given: argparse.Namespace) -> None:
    """Seconds a step, and memory beside the networks next to what was foretold."""
    for name in NAMES:
        with mock.patch.dict("os.environ", {"ERASER_LAB_DEVICE": given.device}):
            pipeline, call = on_device(name, given)
        times: list[float] = []

        def on_step_end(*args: Any, times: list[float] = times) -> Any:
            if given.device == "cuda":
                import torch

                torch.cuda.synchronize()
            times.append(time.perf_counter())
            return args[-1]

        with quiet(), MemoryMeter(given.device) as meter:
            pipeline(**call, callback_on_step_end=on_step_end, output_type="latent")
        gaps = [after - before for before, after in pairwise(times)]
        need = need_of(pipeline, call["height"] * call["width"], 2)
        print(
            f"{name:<18}{median(gaps):8.3f} s a step   {meter.peak / GB:6.2f} GB beside the"
            f" networks, {need.denoise / GB:.2f} GB foretold"
        )
        del pipeline, call


def on_device(name: str, given: argparse.Namespace) -> tuple[Any, dict[str, Any]]:
    """A pipeline of random networks, and the arguments of a call at a megapixel."""
    import torch

    klein = name == "flux2_klein"
    home = KLEIN if klein else QWEN
    if given.size == "full":
        models = (FLUX2_KLEIN, FLUX2_VAE) if klein else (QWEN_IMAGE_EDIT, QWEN_VAE)
        transformer, vae = (filled(model.build(), given.device) for model in models)
    else:
        transformer, vae = (
            store.take(Part(home, part), torch.float32).to(given.device)
            for part in ("transformer", "vae")
        )
    scheduler = read_scheduler(Part(home, "scheduler").path())
    make = klein_pipeline if klein else qwen_pipeline
    pipeline = make({"transformer": transformer, "vae": vae}, scheduler, False)
    pipeline.set_progress_bar_config(disable=True)
    image, mask = picture(0, 1024)
    tokens = torch.randn(1, 512, transformer.config.joint_attention_dim)
    call = {
        "image": pil(marked(image, mask, "tint")),
        "height": 1024,
        "width": 1024,
        "num_inference_steps": given.steps,
        "prompt_embeds": tokens.to(given.device, transformer.dtype),
    }
    return pipeline, call | ({"guidance_scale": 1.0} if klein else {"true_cfg_scale": 1.0})


def filled(network: Any, device: str) -> Any:
    """A network of the meta device with small random numbers, on a real one."""
    import torch

    made = network.to_empty(device=device).requires_grad_(False).eval()
    with torch.no_grad():
        for tensor in made.parameters():
            tensor.normal_(0, 0.02)
        for tensor in made.buffers():
            tensor.fill_(1)
    return made


if __name__ == "__main__":
    main()
