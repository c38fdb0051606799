"""Tiny random models of FLUX's kind, in folders laid out as on the hub; see `tiny_models`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiny_models import WIDTH, save, save_text_encoder, save_tokenizer, save_vae, seeded

LATENT = 4
"""Channels of the tiny VAE's latents; a token of the transformer has four times as many."""

WORDS = 32
"""Entries of the tiny T5's tokenizer."""


def transformer_config(in_channels: int = 4 * LATENT, **changes: Any) -> dict[str, Any]:
    """FLUX's own layout of both kinds of blocks, two each, only narrower."""
    return {
        "in_channels": in_channels,
        "out_channels": 4 * LATENT,
        "num_layers": 2,
        "num_single_layers": 2,
        "attention_head_dim": 8,
        "num_attention_heads": 2,
        "joint_attention_dim": 2 * WIDTH,
        "pooled_projection_dim": WIDTH,
        "guidance_embeds": True,
        "axes_dims_rope": (2, 2, 4),
    } | changes


def transformer(seed: int = 0, **changes: Any) -> Any:
    """A FluxTransformer2DModel, ready to run."""
    from diffusers import FluxTransformer2DModel

    with seeded(seed):
        made = FluxTransformer2DModel(**transformer_config(**changes))
        for norm in (name for name in made.state_dict() if "norm_" in name):
            made.get_parameter(norm).data += 0.1  # not all ones, so that it matters
    return made.eval().requires_grad_(False)


def save_t5(folder: Path, seed: int = 0) -> Path:
    """A T5EncoderModel, without the projection that makes v1.1's gate."""
    from transformers import T5Config, T5EncoderModel

    config = T5Config(
        vocab_size=WORDS,
        d_model=2 * WIDTH,
        d_kv=8,
        d_ff=2 * WIDTH,
        num_layers=1,
        num_heads=2,
        feed_forward_proj="gated-gelu",
        is_encoder_decoder=False,
    )
    with seeded(seed):
        return save(T5EncoderModel(config), folder)


def save_t5_tokenizer(folder: Path) -> Path:
    """T5's tokenizer with single letters for words."""
    from transformers import T5Tokenizer

    letters = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", -9.0), ("▁", -2.0)]
    letters += [(chr(ord("a") + i), -3.0) for i in range(26)]
    T5Tokenizer(vocab=letters, extra_ids=0, model_max_length=512).save_pretrained(folder)
    return folder


def save_scheduler(folder: Path, **changes: Any) -> Path:
    """FLUX.1-dev's own."""
    folder.mkdir(parents=True, exist_ok=True)
    config = {
        "_class_name": "FlowMatchEulerDiscreteScheduler",
        "base_image_seq_len": 256,
        "base_shift": 0.5,
        "max_image_seq_len": 4096,
        "max_shift": 1.15,
        "num_train_timesteps": 1000,
        "shift": 3.0,
        "use_dynamic_shifting": True,
    } | changes
    (folder / "scheduler_config.json").write_text(json.dumps(config), encoding="utf-8")
    return folder


def save_dev(folder: Path, seed: int = 200, in_channels: int = 4 * LATENT) -> Path:
    """A transformer and its scheduler. in_channels: more than FLUX.1-dev's for FLUX.1-Fill."""
    save(transformer(seed, in_channels=in_channels), folder / "transformer")
    save_scheduler(folder / "scheduler")
    return folder


def save_shared(folder: Path, seed: int = 210) -> Path:
    """What all models of the family share."""
    save_vae(
        folder / "vae",
        seed + 1,
        latent_channels=LATENT,
        scaling_factor=0.3611,
        shift_factor=0.1159,
        use_quant_conv=False,
        use_post_quant_conv=False,
    )
    save_text_encoder(folder / "text_encoder", seed + 2)
    save_tokenizer(folder / "tokenizer")
    save_t5(folder / "text_encoder_2", seed + 3)
    save_t5_tokenizer(folder / "tokenizer_2")
    return folder


# --- low-rank additions --------------------------------------------------------------------

DOUBLE = ("attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "ff.net.0.proj", "ff.net.2")
CONTEXT = ("attn.add_q_proj", "attn.add_k_proj", "attn.add_v_proj", "attn.to_add_out")
CONTEXT_FF = ("ff_context.net.0.proj", "ff_context.net.2")
SINGLE = ("attn.to_q", "attn.to_k", "attn.to_v")


def lora(
    network: Any, ends: tuple[str, ...], seed: int = 0, *, rank: int = 4, width: int = 0
) -> dict[str, Any]:
    """Random additions in diffusers' names to all layers with these ends of their names.

    width: inputs of the one to `x_embedder`; 0 = none.
    """
    import torch

    tensors: dict[str, Any] = {}
    with seeded(seed):
        for name, layer in network.named_modules():
            wide = width if name == "x_embedder" else 0
            if not wide and not name.endswith(tuple(f".{end}" for end in ends)):
                continue
            inputs = wide or layer.in_features
            down, up = torch.randn(rank, inputs), torch.randn(layer.out_features, rank)
            tensors[f"transformer.{name}.lora_A.weight"] = down / inputs**0.5
            tensors[f"transformer.{name}.lora_B.weight"] = up / 2
    return tensors


OMNIPAINT = (
    *("attn.to_q", "attn.to_k", "attn.to_v", "attn.to_out.0", "norm1.linear", "ff.net.2"),
    *("norm.linear", "proj_mlp", "proj_out"),
)
"""What OmniPaint trained within the blocks."""


def save_omnieraser(folder: Path, seed: int = 220) -> Path:
    """To all layers, and to an input of four times the channels."""
    tensors = lora(transformer(), DOUBLE + CONTEXT + CONTEXT_FF, seed, width=16 * LATENT)
    return _save_lora(folder / "pytorch_lora_weights.safetensors", tensors)


def save_omnipaint(folder: Path, seed: int = 230) -> Path:
    """The LoRA, and the embedding of a prompt as arrays of numpy."""
    import numpy as np

    tensors = omnipaint_lora(transformer(), seed)
    made = np.random.default_rng(seed)
    arrays: dict[str, Any] = {
        "prompt_embeds": made.standard_normal((1, 12, 2 * WIDTH)).astype(np.float32),
        "pooled_prompt_embeds": made.standard_normal((1, WIDTH)).astype(np.float32),
        "text_ids": np.zeros((1, 12, 3), np.float32),
    }
    (folder / "embeddings").mkdir(parents=True)
    np.savez(folder / "embeddings" / "remove.npz", **arrays)
    return _save_lora(folder / "weights" / "omnipaint_remove.safetensors", tensors)


def omnipaint_lora(network: Any, seed: int) -> dict[str, Any]:
    """To the layers in `OMNIPAINT`, and to the input as it is; not to the very last layer, which
    has a name like theirs."""
    tensors = lora(network, OMNIPAINT, seed, rank=2, width=4 * LATENT)
    assert not any(key.startswith("transformer.proj_out") for key in tensors)
    return tensors


def save_removal(folder: Path, seed: int = 240) -> Path:
    """A LoRA for the tiny Fill."""
    tensors = lora(transformer(in_channels=FILL_CHANNELS), SINGLE + DOUBLE, seed, rank=2)
    return _save_lora(folder / "removal_timestep_alpha-2-1740.safetensors", tensors)


def _save_lora(file: Path, tensors: dict[str, Any]) -> Path:
    from safetensors.torch import save_file

    file.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, file)
    return file.parent


FILL_CHANNELS = 2 * 4 * LATENT + 4 * 64
"""Of the tiny Fill: noise, the masked photo, and the mask's 8 x 8 pixels of 2 x 2 latents."""

FLUX: dict[str, Callable[[Path], object]] = {
    "flux1-dev": save_dev,
    "flux1-fill": lambda folder: save_dev(folder, 205, FILL_CHANNELS),
    "flux1-shared": save_shared,
    "omnieraser": save_omnieraser,
    "omnipaint": save_omnipaint,
    "flux1-fill-removal": save_removal,
}
"""What to make for each `Repository.name`."""
