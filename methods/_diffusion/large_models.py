"""The large transformers and their companions at full size, built without their numbers.

The configurations are those of the published models. What they hold is counted on torch's meta
device, where a network of 20 billion numbers is built in seconds and takes no memory.
"""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Literal

from methods._diffusion.readers import quiet

if TYPE_CHECKING:
    import torch

HALF = 2
"""Bytes of a number in bfloat16, which all of them are published in and run in."""

Shapes = tuple[tuple[str, tuple[int, ...]], ...]
"""Names and shapes of a network's tensors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LargeModel:
    """A network by its class and configuration. config: arguments of the class or, for those of
    transformers, of its configuration."""

    name: str
    library: Literal["diffusers", "transformers"]
    kind: str
    config: Mapping[str, object] = field(hash=False)

    def build(self) -> torch.nn.Module:
        """On the meta device, in bfloat16: names and shapes, no numbers."""
        import torch

        kind = getattr(importlib.import_module(self.library), self.kind)
        given = self.config if self.library == "diffusers" else kind.config_class(**self.config)
        with quiet(), torch.device("meta"):
            made = kind(**given) if self.library == "diffusers" else kind(given)
            return made.to(torch.bfloat16)


@lru_cache(maxsize=32)
def shapes_of(model: LargeModel) -> Shapes:
    """Of all that a file of the network holds; tensors that two layers share come once."""
    tensors = model.build().state_dict(keep_vars=True)
    own = {id(tensor): key for key, tensor in reversed(tensors.items())}
    return tuple((key, tuple(t.shape)) for key, t in tensors.items() if own[id(t)] == key)


def numbers_in(model: LargeModel) -> int:
    """How many numbers it has."""
    return sum(math.prod(shape) for _, shape in shapes_of(model))


# --- the models ----------------------------------------------------------------------------

_FLUX = {
    "patch_size": 1,
    "num_layers": 19,
    "num_single_layers": 38,
    "attention_head_dim": 128,
    "num_attention_heads": 24,
    "joint_attention_dim": 4096,
    "pooled_projection_dim": 768,
    "guidance_embeds": True,
}
_FOUR_LEVELS = {
    "down_block_types": ("DownEncoderBlock2D",) * 4,
    "up_block_types": ("UpDecoderBlock2D",) * 4,
    "block_out_channels": (128, 256, 512, 512),
    "layers_per_block": 2,
}

FLUX_DEV = LargeModel(
    name="FLUX.1-dev",
    library="diffusers",
    kind="FluxTransformer2DModel",
    config=_FLUX | {"in_channels": 64},
)
FLUX_FILL = LargeModel(
    name="FLUX.1-Fill-dev",
    library="diffusers",
    kind="FluxTransformer2DModel",
    # the noise, the masked picture, and the mask's 8 x 8 pixels for each of 4 latents
    config=_FLUX | {"in_channels": 384, "out_channels": 64},
)
FLUX_VAE = LargeModel(
    name="VAE of FLUX.1",
    library="diffusers",
    kind="AutoencoderKL",
    config=_FOUR_LEVELS
    | {"latent_channels": 16, "use_quant_conv": False, "use_post_quant_conv": False},
)
T5_XXL = LargeModel(
    name="T5-XXL (encoder)",
    library="transformers",
    kind="T5EncoderModel",
    config={
        "vocab_size": 32128,
        "d_model": 4096,
        "d_kv": 64,
        "d_ff": 10240,
        "num_layers": 24,
        "num_heads": 64,
        "feed_forward_proj": "gated-gelu",
    },
)
CLIP_L = LargeModel(
    name="CLIP ViT-L/14 (text)",
    library="transformers",
    kind="CLIPTextModel",
    config={
        "hidden_size": 768,
        "intermediate_size": 3072,
        "num_hidden_layers": 12,
        "num_attention_heads": 12,
    },
)
QWEN_IMAGE_EDIT = LargeModel(
    name="Qwen-Image-Edit-2511",
    library="diffusers",
    kind="QwenImageTransformer2DModel",
    config={
        "patch_size": 2,
        "in_channels": 64,
        "out_channels": 16,
        "num_layers": 60,
        "attention_head_dim": 128,
        "num_attention_heads": 24,
        "joint_attention_dim": 3584,
        "axes_dims_rope": (16, 56, 56),
        "zero_cond_t": True,
    },
)
QWEN_VAE = LargeModel(
    name="VAE of Qwen-Image",
    library="diffusers",
    kind="AutoencoderKLQwenImage",
    config={"base_dim": 96, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2},
)
QWEN_VL_7B = LargeModel(
    name="Qwen2.5-VL-7B",
    library="transformers",
    kind="Qwen2_5_VLForConditionalGeneration",
    config={
        "text_config": {
            "vocab_size": 152064,
            "hidden_size": 3584,
            "intermediate_size": 18944,
            "num_hidden_layers": 28,
            "num_attention_heads": 28,
            "num_key_value_heads": 4,
        },
        "vision_config": {
            "depth": 32,
            "hidden_size": 1280,
            "intermediate_size": 3420,
            "num_heads": 16,
            "out_hidden_size": 3584,
            "patch_size": 14,
        },
        "tie_word_embeddings": False,
    },
)
FLUX2_KLEIN = LargeModel(
    name="FLUX.2 klein 4B",
    library="diffusers",
    kind="Flux2Transformer2DModel",
    config={
        "patch_size": 1,
        "in_channels": 128,
        "num_layers": 5,
        "num_single_layers": 20,
        "attention_head_dim": 128,
        "num_attention_heads": 24,
        "joint_attention_dim": 7680,
        "mlp_ratio": 3.0,
        "guidance_embeds": False,
    },
)
FLUX2_VAE = LargeModel(
    name="VAE of FLUX.2",
    library="diffusers",
    kind="AutoencoderKLFlux2",
    config=_FOUR_LEVELS | {"latent_channels": 32},
)
QWEN3_4B = LargeModel(
    name="Qwen3-4B",
    library="transformers",
    kind="Qwen3ForCausalLM",
    config={
        "vocab_size": 151936,
        "hidden_size": 2560,
        "intermediate_size": 9728,
        "num_hidden_layers": 36,
        "num_attention_heads": 32,
        "num_key_value_heads": 8,
        "head_dim": 128,
        "tie_word_embeddings": True,
    },
)
