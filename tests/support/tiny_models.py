"""Tiny random models of the real classes, in folders laid out as on the hub.

A folder with them stands in for the multi-gigabyte models, so that the true code path runs on
a CPU in seconds: `ERASER_LAB_LOCAL_WEIGHTS=FOLDER`, where FOLDER/<repository name> is made by
`save_all(FOLDER)` or, by hand, `python tests/support/tiny_models.py FOLDER`. What they
paint is noise.

An eraser's test adds its repository to `REPOSITORIES`. Everything depends on `seed` alone.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

WIDTH = 16
"""Channels of the tiny text encoders, and so of what the UNets attend to."""

VOCABULARY = 514
"""Entries of the tiny tokenizer: 256 bytes, the same at a word's end, and two marks."""


# --- parts -------------------------------------------------------------------------------


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """torch's random numbers for the block, leaving those of the test as they were."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        yield


def save(model: Any, folder: Path) -> Path:
    """Write a model of diffusers or transformers without a word."""
    from transformers.utils import logging

    logging.disable_progress_bar()
    model.save_pretrained(folder)
    return folder


def unet_config(in_channels: int = 9, **changes: Any) -> dict[str, Any]:
    """A UNet of SD's kind: three levels, the outer two with attention, 7 transformer blocks."""
    return {
        "sample_size": 64,
        "in_channels": in_channels,
        "out_channels": 4,
        "layers_per_block": 1,
        "block_out_channels": (8, 16, 16),
        "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
        "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"),
        "cross_attention_dim": WIDTH,
        "attention_head_dim": 2,
        "norm_num_groups": 4,
    } | changes


def sd15_layout(in_channels: int = 9, **changes: Any) -> dict[str, Any]:
    """SD 1.5's own layout of 16 transformer blocks, only narrower."""
    cross, plain = "CrossAttn{}Block2D", "{}Block2D"
    return unet_config(
        in_channels,
        layers_per_block=2,
        block_out_channels=(8, 16, 16, 16),
        down_block_types=tuple(name.format("Down") for name in (cross, cross, cross, plain)),
        up_block_types=tuple(name.format("Up") for name in (plain, cross, cross, cross)),
        **changes,
    )


def sdxl_layout(in_channels: int = 9, **changes: Any) -> dict[str, Any]:
    """SDXL's own levels (none, 2 and 10 blocks deep; here none, 1 and 2), only narrower."""
    return {
        "sample_size": 128,
        "in_channels": in_channels,
        "out_channels": 4,
        "layers_per_block": 2,
        "block_out_channels": (8, 16, 16),
        "down_block_types": ("DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"),
        "up_block_types": ("CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"),
        "transformer_layers_per_block": (1, 1, 2),
        "cross_attention_dim": 2 * WIDTH,
        "attention_head_dim": (1, 1, 2),
        "norm_num_groups": 4,
        "use_linear_projection": True,
        "addition_embed_type": "text_time",
        "addition_time_embed_dim": 8,
        "projection_class_embeddings_input_dim": 6 * 8 + WIDTH,
    } | changes


def save_unet(folder: Path, config: Mapping[str, Any], seed: int = 0) -> Path:
    """A UNet2DConditionModel."""
    from diffusers import UNet2DConditionModel

    with seeded(seed):
        return save(UNet2DConditionModel(**config), folder)


def save_vae(folder: Path, seed: int = 0, **changes: Any) -> Path:
    """An AutoencoderKL with the real reduction by 8."""
    from diffusers import AutoencoderKL

    config: dict[str, Any] = {
        "down_block_types": ("DownEncoderBlock2D",) * 4,
        "up_block_types": ("UpDecoderBlock2D",) * 4,
        "block_out_channels": (4, 8, 8, 8),
        "norm_num_groups": 4,
        "sample_size": 512,
        "scaling_factor": 0.18215,
        "mid_block_add_attention": False,  # most of the time of a tiny one on large canvases
    } | changes
    with seeded(seed):
        return save(AutoencoderKL(**config), folder)


def save_text_encoder(
    folder: Path, seed: int = 0, *, pooled: bool = False, vocabulary: int = VOCABULARY
) -> Path:
    """A CLIPTextModel; pooled: with the projection that SDXL's second encoder has."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    config = CLIPTextConfig(
        vocab_size=vocabulary,
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=77,
        hidden_act="quick_gelu",
        bos_token_id=VOCABULARY - 2,
        eos_token_id=VOCABULARY - 1,
        pad_token_id=VOCABULARY - 1,
    )
    with seeded(seed):
        return save((CLIPTextModelWithProjection if pooled else CLIPTextModel)(config), folder)


def save_image_encoder(folder: Path, seed: int = 0, *, pixels: int = 32) -> Path:
    """A CLIPVisionModelWithProjection."""
    from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

    config = CLIPVisionConfig(
        hidden_size=WIDTH,
        intermediate_size=2 * WIDTH,
        projection_dim=WIDTH,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=pixels,
        patch_size=8,
    )
    with seeded(seed):
        return save(CLIPVisionModelWithProjection(config), folder)


def save_tokenizer(folder: Path, *, pad: str = "<|endoftext|>") -> Path:
    """CLIP's tokenizer with the 256 bytes for words. SDXL's second one pads with "!"."""
    folder.mkdir(parents=True, exist_ok=True)
    letters = list(byte_letters())
    words = [*letters, *(f"{letter}</w>" for letter in letters)]
    vocabulary = {word: i for i, word in enumerate([*words, "<|startoftext|>", "<|endoftext|>"])}
    marks = {
        "bos_token": "<|startoftext|>",
        "eos_token": "<|endoftext|>",
        "unk_token": "<|endoftext|>",
        "pad_token": pad,
    }
    config = {"model_max_length": 77, "tokenizer_class": "CLIPTokenizer", **marks}
    (folder / "vocab.json").write_text(json.dumps(vocabulary), encoding="utf-8")
    (folder / "merges.txt").write_text("#version: 0.2\n", encoding="utf-8")
    (folder / "special_tokens_map.json").write_text(json.dumps(marks), encoding="utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def byte_letters() -> Iterator[str]:
    """The printable letter that byte-level BPE writes for each byte, in its own order."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    yield from map(chr, printable)
    for place, _ in enumerate(byte for byte in range(256) if byte not in printable):
        yield chr(256 + place)


def save_scheduler(folder: Path, kind: str = "DDIMScheduler", **changes: Any) -> Path:
    """SD's noise schedule under any scheduler of diffusers."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "_class_name": kind,
        "beta_start": 0.00085,
        "beta_end": 0.012,
        "beta_schedule": "scaled_linear",
        "num_train_timesteps": 1000,
        "prediction_type": "epsilon",
        "steps_offset": 1,
    } | changes
    (folder / "scheduler_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


# --- whole models ------------------------------------------------------------------------

DDIM: dict[str, Any] = {"clip_sample": False, "set_alpha_to_one": False}


def save_sd(
    folder: Path, seed: int = 0, *, unet: Mapping[str, Any] | None = None, in_channels: int = 9
) -> Path:
    """A model of Stable Diffusion's kind. in_channels: 9 = inpainting, 4 = not."""
    save_unet(folder / "unet", unet or unet_config(in_channels), seed)
    save_vae(folder / "vae", seed + 1)
    save_text_encoder(folder / "text_encoder", seed + 2)
    save_tokenizer(folder / "tokenizer")
    save_scheduler(folder / "scheduler", **DDIM)
    return folder


def save_sdxl(
    folder: Path, seed: int = 0, *, unet: Mapping[str, Any] | None = None, in_channels: int = 9
) -> Path:
    """A model of SDXL's kind."""
    save_unet(folder / "unet", unet or sdxl_layout(in_channels), seed)
    save_vae(folder / "vae", seed + 1, scaling_factor=0.13025, force_upcast=True)
    save_text_encoder(folder / "text_encoder", seed + 2)
    save_text_encoder(folder / "text_encoder_2", seed + 3, pooled=True)
    save_tokenizer(folder / "tokenizer")
    save_tokenizer(folder / "tokenizer_2", pad="!")
    save_scheduler(folder / "scheduler", "EulerDiscreteScheduler")
    return folder


REPOSITORIES: dict[str, Callable[[Path], object]] = {
    "sd15-inpainting": lambda folder: save_sd(folder, seed=10),
    "sd2-inpainting": lambda folder: save_sd(folder, seed=20),
    "sdxl-inpainting": lambda folder: save_sdxl(folder, seed=30),
    "sd15": lambda folder: save_sd(folder, seed=40, unet=sd15_layout(4)),
    "sd21-base": lambda folder: save_sd(folder, seed=50, unet=sd15_layout(4)),
    "sdxl-base": lambda folder: save_sdxl(folder, seed=60, in_channels=4),
}
"""What to make for each `Repository.name` of the program."""


def builders() -> dict[str, Callable[[Path], object]]:
    """What to make for each `Repository.name`, those of the modules beside this one too."""
    from tiny_editors import EDITORS  # which builds on this module
    from tiny_flux import FLUX  # likewise
    from tiny_networks import NETWORKS  # likewise
    from tiny_panoptic import PANOPTIC  # likewise
    from tiny_powerpaint import POWERPAINT  # likewise
    from tiny_removers import REMOVERS  # likewise

    return REPOSITORIES | NETWORKS | PANOPTIC | POWERPAINT | REMOVERS | FLUX | EDITORS


def save_all(folder: Path) -> Path:
    """Every repository of the program, as ERASER_LAB_LOCAL_WEIGHTS finds them."""
    for name, build in builders().items():
        build(folder / name)
    return folder


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))  # for the program itself
    save_all(Path(sys.argv[1]))
