"""What it saves to load and to encode only once.

    python tests/bench/sharing_bench.py [--width 160] [--rounds 3] [--threads 2]

Switching: SD 2 inpainting is loaded, then Erase Diffusion, which stands on the same networks. With
the components shared, and with a store of its own for the second eraser, as if nothing were.

Prompts: PowerPaint's removal prompts through a text encoder of CLIP ViT-L's full size with the
task vectors, as the program does it (encoded once, the encoder released) and as the authors'
demo does it (two prompts a side at every run, the encoder kept).

The networks are random. --width: of the UNet's first level; 320 is Stable Diffusion's own. Files
are read from the operating system's cache: from a disk, loading takes longer. On a busy machine
compare the two sides, which take turns, not the seconds.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import torch

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import tiny_models  # noqa: E402
from methods import _diffusion  # noqa: E402
from methods._diffusion import DiffusionEraser, Part, replaced, store  # noqa: E402
from methods._diffusion_memory import module_bytes  # noqa: E402
from methods._diffusion_parts import ComponentStore  # noqa: E402
from methods._diffusion_repositories import SD2_INPAINTING, SD15_INPAINTING  # noqa: E402
from methods._diffusion_text import embeddings  # noqa: E402
from methods._powerpaint_models import TASK_TOKENS, V1, VECTORS, read_text_encoder  # noqa: E402
from methods._powerpaint_prompts import TaskEncoder, prompts_v1  # noqa: E402
from methods._weights import use_local  # noqa: E402
from methods.erase_diffusion import EraseDiffusion  # noqa: E402
from methods.sd_inpainting import SdInpainting  # noqa: E402
from tiny_powerpaint import with_tasks_apart  # noqa: E402

MB = 1e6


def main() -> None:
    """Print both comparisons."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--width", type=int, default=160)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threads", type=int, default=2)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        switching(Path(folder), given.width, given.rounds)
        prompts(Path(folder), given.rounds)


def seconds(work: Callable[[], Any]) -> float:
    """On the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


# --- switching -------------------------------------------------------------------------------


def save_base(folder: Path, width: int) -> Path:
    """Stable Diffusion's layout at a chosen width, with its VAE at full size."""
    widths = (width, 2 * width, 4 * width, 4 * width)
    wider = {"block_out_channels": widths, "norm_num_groups": 16, "attention_head_dim": 8}
    tiny_models.save_unet(folder / "unet", tiny_models.sd15_layout(9) | wider)
    full: dict[str, Any] = {"block_out_channels": (128, 256, 512, 512), "layers_per_block": 2}
    tiny_models.save_vae(folder / "vae", norm_num_groups=32, **full)
    return folder


def switching(folder: Path, width: int, rounds: int) -> None:
    """The second eraser's `prepare`, with and without what the first one has loaded."""
    use_local(SD2_INPAINTING.name, save_base(folder / "sd2", width))
    first = SdInpainting()
    first.load("cpu")
    settings = first.Settings(variant="sd2")
    taken = seconds(lambda: first.prepare(settings))
    size = sum(map(module_bytes, first.loaded(settings).values()))
    print(f"Loading SD 2 inpainting: {taken:.2f} s, {size / MB:.0f} MB")
    shared, apart = [], []
    for _ in range(rounds):
        shared.append(prepared(store))
        apart.append(prepared(ComponentStore()))
    for name, found in (("shared", shared), ("each its own", apart)):
        loads, bytes_ = found[-1][1:]
        print(
            f"  Erase Diffusion next, {name:<13}{median(times for times, *_ in found):8.3f} s"
            f" {loads} loads {bytes_ / MB:8.0f} MB more"
        )
    ratio = median(t for t, *_ in apart) / median(t for t, *_ in shared)
    print(f"  {ratio:.0f} x\n")
    first.unload()


def prepared(own: ComponentStore) -> tuple[float, int, int]:
    """Seconds, loads from disk, and bytes of new networks, from a given store."""
    eraser: DiffusionEraser = EraseDiffusion()
    eraser.load("cpu")
    settings = eraser.Settings()
    with replaced(_diffusion, "store", own):
        loads = own.loads
        taken = seconds(lambda: eraser.prepare(settings))
        networks = eraser.loaded(settings).values()
        new = sum(module_bytes(network) for network in networks if own.users(network) == 1)
        loads = own.loads - loads
        eraser.unload()
    return taken, loads, new


# --- prompts ---------------------------------------------------------------------------------


def save_encoder(folder: Path) -> Path:
    """CLIP ViT-L's text encoder as the authors keep it, random."""
    from safetensors.torch import save_file
    from transformers import CLIPTextConfig, CLIPTextModel

    words = tiny_models.VOCABULARY + VECTORS * len(TASK_TOKENS)
    config = CLIPTextConfig(
        vocab_size=words,
        hidden_size=768,
        intermediate_size=3072,
        num_hidden_layers=12,
        num_attention_heads=12,
        projection_dim=768,
        eos_token_id=tiny_models.VOCABULARY - 1,
        bos_token_id=tiny_models.VOCABULARY - 2,
        pad_token_id=tiny_models.VOCABULARY - 1,
    )
    tensors = CLIPTextModel(config).state_dict()
    named = {f"text_model.{name}": tensor for name, tensor in tensors.items()}
    (folder / "text_encoder").mkdir(parents=True)
    file = folder / "text_encoder" / "text_encoder.safetensors"
    save_file(with_tasks_apart(named), file)
    (folder / "config").mkdir()
    config.save_pretrained(folder / "config")
    return folder


def prompts(folder: Path, rounds: int) -> None:
    """Passes of the text encoder and seconds of a run's prompts."""
    own, base = save_encoder(folder / "v1"), folder / "base"
    tiny_models.save_tokenizer(base / "tokenizer")
    (base / "text_encoder").mkdir()
    (own / "config" / "config.json").rename(base / "text_encoder" / "config.json")
    use_local(V1.name, own)
    use_local(SD15_INPAINTING.name, base)
    part = Part(V1, "text_encoder", read_text_encoder)
    encoder = TaskEncoder(Part(SD15_INPAINTING, "tokenizer"), part)
    texts = prompts_v1("object-removal", "", "")
    counted: list[int] = []
    hook = torch.nn.modules.module.register_module_forward_hook(
        lambda module, *_: counted.append(1) if type(module).__name__ == "CLIPTextModel" else None
    )

    def ours() -> None:
        encoder.embed(texts.all(), "cpu", torch.float32)

    embeddings.clear()
    first = seconds(ours), len(counted)
    counted.clear()
    kept = store.take(part, torch.float32)
    tokenizer = store.take(Part(SD15_INPAINTING, "tokenizer"), torch.float32)

    def theirs() -> None:
        for text in (*texts.positive, *texts.negative):
            encoder.encode(text, tokenizer, kept)

    later, others = [], []
    for _ in range(rounds):
        later.append((seconds(ours), len(counted)))
        counted.clear()
        others.append((seconds(theirs), len(counted)))
        counted.clear()
    hook.remove()
    print("PowerPaint's removal prompts, a text encoder of CLIP ViT-L's size")
    rows = (
        ("ours, first run", first, 0),
        ("ours, every later run", median_of(later), 0),
        ("as the demo does", median_of(others), module_bytes(kept)),
    )
    for name, (taken, passes), held in rows:
        print(f"  {name:<24}{taken * 1000:10.1f} ms {passes:3} passes {held / MB:8.0f} MB stay")


def median_of(found: list[tuple[float, int]]) -> tuple[float, int]:
    """Of the seconds; the passes are always the same."""
    return median(taken for taken, _ in found), found[-1][1]


if __name__ == "__main__":
    main()
