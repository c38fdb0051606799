"""What it saves to encode PowerPaint's prompts only once.

    python tests/bench/prompts_bench.py [--rounds 3] [--threads 2]

Its removal prompts go through a random text encoder of CLIP ViT-L's full size with the task
vectors, as the program does it (encoded once, the encoder released) and as the authors' demo does
it (two prompts a side at every run, the encoder kept). The two take turns.
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
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "support")]

import tiny_models  # noqa: E402
from methods._diffusion.eraser import Part, store  # noqa: E402
from methods._diffusion.placement import module_bytes  # noqa: E402
from methods._diffusion.prompts import embeddings  # noqa: E402
from methods._diffusion.repositories import SD15_INPAINTING  # noqa: E402
from methods._weights.store import use_local  # noqa: E402
from methods.powerpaint.prompts import TaskEncoder, prompts_v1  # noqa: E402
from methods.powerpaint.weights import TASK_TOKENS, V1, VECTORS, read_text_encoder  # noqa: E402
from tiny_powerpaint import with_tasks_apart  # noqa: E402

MB = 1e6


def main() -> None:
    """Print the comparison."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--threads", type=int, default=2)
    given = options.parse_args()
    torch.set_num_threads(given.threads)
    with tempfile.TemporaryDirectory() as folder, torch.inference_mode():
        prompts(Path(folder), given.rounds)


def seconds(work: Callable[[], Any]) -> float:
    """On the clock."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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
