"""Tiny random models of the editors that are told in words what to do, as they are published;
see `tiny_models`, which makes them along with its own."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tiny_models import WIDTH, byte_letters, save, seeded
from tiny_removers import low_rank

# --- what both have ------------------------------------------------------------------------

MARKS = (
    "<|endoftext|>",
    "<|im_start|>",
    "<|im_end|>",
    "<|vision_start|>",
    "<|vision_end|>",
    "<|vision_pad|>",
    "<|image_pad|>",
    "<|video_pad|>",
)
VOCABULARY = 256 + len(MARKS)
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n{{ message.content }}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def qwen_tokenizer() -> Any:
    """Qwen's tokenizer with the 256 bytes for words."""
    from transformers import Qwen2Tokenizer

    letters = list(byte_letters())
    vocabulary = {word: place for place, word in enumerate([*letters, *MARKS])}
    return Qwen2Tokenizer(
        vocab=vocabulary,
        merges=[],
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        unk_token="<|endoftext|>",
        additional_special_tokens=list(MARKS[1:]),
        chat_template=CHAT,
    )


def save_flow_scheduler(folder: Path, **changes: Any) -> Path:
    """The one of flow matching."""
    from diffusers import FlowMatchEulerDiscreteScheduler

    scheduler = FlowMatchEulerDiscreteScheduler(use_dynamic_shifting=True, **changes)
    scheduler.save_pretrained(folder)
    return folder


# --- Qwen-Image-Edit -----------------------------------------------------------------------


def save_qwen_edit(folder: Path, seed: int = 150) -> Path:
    """All that the pipeline of Qwen-Image-Edit-2511 is made of."""
    save_qwen_transformer(folder / "transformer", seed)
    save_qwen_vae(folder / "vae", seed + 1)
    save_qwen_vl(folder / "text_encoder", seed + 2)
    save_qwen_processor(folder / "processor")
    save_flow_scheduler(
        folder / "scheduler", shift_terminal=0.02, max_shift=0.9, max_image_seq_len=8192
    )
    return folder


def save_qwen_transformer(folder: Path, seed: int) -> Path:
    """Two blocks; the second half of the picture's tokens is at time 0, as in 2511."""
    with seeded(seed):
        return save(qwen_transformer(), folder)


def qwen_transformer() -> Any:
    """The same, not yet written."""
    from diffusers import QwenImageTransformer2DModel

    return QwenImageTransformer2DModel(
        patch_size=2,
        in_channels=16,
        out_channels=4,
        num_layers=2,
        attention_head_dim=12,
        num_attention_heads=2,
        joint_attention_dim=WIDTH,
        axes_dims_rope=(4, 4, 4),
        zero_cond_t=True,
    )


def save_qwen_vae(folder: Path, seed: int) -> Path:
    """It reduces by 16 where the real one does by 8: a quarter of the tokens on large canvases."""
    from diffusers import AutoencoderKLQwenImage

    with seeded(seed):
        model = AutoencoderKLQwenImage(
            base_dim=2,
            z_dim=4,
            dim_mult=[1] * 5,
            num_res_blocks=0,
            temperal_downsample=[False] * 4,
            latents_mean=[0.0] * 4,
            latents_std=[1.0] * 4,
        )
        model.decoder.conv_out.weight.data *= 40  # else all pictures are nearly grey
        return save(model, folder)


def save_qwen_vl(folder: Path, seed: int) -> Path:
    """A Qwen2_5_VLForConditionalGeneration."""
    from transformers import Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration

    side = {"hidden_size": WIDTH, "intermediate_size": 2 * WIDTH}
    words = {name: 256 + place for place, name in enumerate(MARKS)}
    config = Qwen2_5_VLConfig(
        text_config=side
        | {
            "vocab_size": VOCABULARY,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "rope_parameters": {"rope_type": "default", "mrope_section": [2, 1, 1]},
            "bos_token_id": None,
            "eos_token_id": words["<|im_end|>"],
            "pad_token_id": words["<|endoftext|>"],
        },
        vision_config=side
        | {"depth": 2, "num_heads": 2, "out_hidden_size": WIDTH, "fullatt_block_indexes": [1]},
        image_token_id=words["<|image_pad|>"],
        video_token_id=words["<|video_pad|>"],
        vision_start_token_id=words["<|vision_start|>"],
        vision_end_token_id=words["<|vision_end|>"],
    )
    with seeded(seed):
        return save(Qwen2_5_VLForConditionalGeneration(config), folder)


def save_qwen_processor(folder: Path) -> Path:
    """In the files of the published model, which are older than the library's present ones."""
    qwen_tokenizer().save_pretrained(folder)
    pictures = {
        "do_convert_rgb": True,
        "do_normalize": True,
        "do_rescale": True,
        "do_resize": True,
        "image_mean": [0.48145466, 0.4578275, 0.40821073],
        "image_std": [0.26862954, 0.26130258, 0.27577711],
        "merge_size": 2,
        "min_pixels": 3136,
        "max_pixels": 12845056,
        "patch_size": 14,
        "temporal_patch_size": 2,
        "processor_class": "Qwen2VLProcessor",
    }
    for name, kind in (
        ("preprocessor_config.json", {"image_processor_type": "Qwen2VLImageProcessor"}),
        ("video_preprocessor_config.json", {"video_processor_type": "Qwen2VLVideoProcessor"}),
    ):
        (folder / name).write_text(json.dumps(pictures | kind), encoding="utf-8")
    return folder


# --- FLUX.2 klein --------------------------------------------------------------------------

KLEIN: dict[str, Any] = {
    "patch_size": 1,
    "in_channels": 16,
    "num_layers": 1,
    "num_single_layers": 2,
    "attention_head_dim": 8,
    "num_attention_heads": 1,
    "joint_attention_dim": 3 * WIDTH,
    "timestep_guidance_channels": 16,
    "mlp_ratio": 3.0,
    "axes_dims_rope": (2, 2, 2, 2),
    "guidance_embeds": False,
}


def save_klein(folder: Path, seed: int = 160) -> Path:
    """All that the pipeline of FLUX.2 klein is made of."""
    from diffusers import AutoencoderKLFlux2, Flux2Transformer2DModel
    from transformers import Qwen3Config, Qwen3ForCausalLM

    with seeded(seed):
        save(Flux2Transformer2DModel(**KLEIN), folder / "transformer")
    with seeded(seed + 1):
        vae = AutoencoderKLFlux2(
            down_block_types=("DownEncoderBlock2D",) * 4,
            up_block_types=("UpDecoderBlock2D",) * 4,
            block_out_channels=(4, 8, 8, 8),
            layers_per_block=1,
            latent_channels=4,
            norm_num_groups=4,
            mid_block_add_attention=False,
        )
        vae.bn.running_mean += torch_noise(16) / 4
        vae.bn.running_var *= 1.5
        save(vae, folder / "vae")
    with seeded(seed + 2):
        config = Qwen3Config(
            vocab_size=VOCABULARY,
            hidden_size=WIDTH,
            intermediate_size=2 * WIDTH,
            num_hidden_layers=28,  # the pipeline takes what comes out of layers 9, 18 and 27
            num_attention_heads=2,
            num_key_value_heads=1,
            head_dim=8,
            tie_word_embeddings=True,
            bos_token_id=None,
            eos_token_id=258,
            pad_token_id=256,
        )
        save(Qwen3ForCausalLM(config), folder / "text_encoder")
    qwen_tokenizer().save_pretrained(folder / "tokenizer")
    save_flow_scheduler(folder / "scheduler", shift=3.0)
    return folder


def torch_noise(*shape: int) -> Any:
    """Standard normal numbers."""
    import torch

    return torch.randn(*shape)


def klein_layers(config: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """The linear layers of klein's transformer as its first authors name them, with (in, out):
    what the published additions are for."""
    width = config["num_attention_heads"] * config["attention_head_dim"]
    inner = int(width * config["mlp_ratio"])
    layers = {
        "img_in": (config["in_channels"], width),
        "txt_in": (config["joint_attention_dim"], width),
        "time_in.in_layer": (config["timestep_guidance_channels"], width),
        "time_in.out_layer": (width, width),
        "double_stream_modulation_img.lin": (width, 6 * width),
        "double_stream_modulation_txt.lin": (width, 6 * width),
        "single_stream_modulation.lin": (width, 3 * width),
        "final_layer.linear": (width, config["in_channels"]),
    }
    for place in range(config["num_layers"]):
        for side in ("img", "txt"):
            start = f"double_blocks.{place}.{side}_attn"
            layers |= {f"{start}.qkv": (width, 3 * width), f"{start}.proj": (width, width)}
    for place in range(config["num_single_layers"]):
        start = f"single_blocks.{place}"
        layers[f"{start}.linear1"] = (width, 3 * width + 2 * inner)
        layers[f"{start}.linear2"] = (width + inner, width)
    return layers


def save_klein_additions(folder: Path, seed: int, rank: int = 2) -> Path:
    """Additions in the layout of those that are published for ComfyUI."""
    import torch
    from safetensors.torch import save_file

    from methods.flux2_klein.weights import FILLING, REMOVING

    tensors = {}
    with seeded(seed):
        for name, (width_in, width_out) in klein_layers(KLEIN).items():
            pair = low_rank(torch.empty(width_out, width_in), rank)
            for key, tensor in pair.items():
                tensors[f"diffusion_model.{name}.{key}.weight"] = tensor
    folder.mkdir(parents=True)
    known = {repository.name: repository for repository in (FILLING, REMOVING)}
    save_file(tensors, folder / known[folder.name].files[0].path)
    return folder


# --- additions to Qwen-Image-Edit ----------------------------------------------------------

ATTENTION = ("to_q", "to_k", "to_v", "to_out.0", "add_q_proj", "add_k_proj", "add_v_proj")
QWEN_LAYERS = (
    *(f"attn.{name}" for name in (*ATTENTION, "to_add_out")),
    *(f"{side}_mlp.net.{name}" for side in ("img", "txt") for name in ("0.proj", "2")),
)
"""Those that the additions for four steps are for, in each block."""


def save_qwen_additions(folder: Path, seed: int, rank: int = 2) -> Path:
    """Additions as two trainers write them: in other names, and with a scale of their own."""
    from safetensors.torch import save_file

    from methods.qwen_image_edit.weights import LIGHTNING, REMOVING

    known = {repository.name: repository for repository in (LIGHTNING, REMOVING)}
    lightning = folder.name == LIGHTNING.name
    tensors: dict[str, Any] = {}
    with seeded(seed):
        for name, layer in qwen_transformer().named_modules():
            if not name.endswith(QWEN_LAYERS):
                continue
            down, up = low_rank(layer.weight, rank).values()
            if lightning:
                tensors |= {f"{name}.lora_down.weight": down, f"{name}.lora_up.weight": up}
                tensors[f"{name}.alpha"] = torch_noise(1)[0] * 0 + rank / 2
            else:
                start = f"diffusion_model.{name}"
                tensors |= {f"{start}.lora_A.weight": down, f"{start}.lora_B.weight": up}
    folder.mkdir(parents=True)
    save_file(
        {name: tensor.detach().contiguous() for name, tensor in tensors.items()},
        folder / known[folder.name].files[0].path,
    )
    return folder


EDITORS: dict[str, Callable[[Path], object]] = {
    "flux2-klein-4b": save_klein,
    "flux2-klein-4b-outpaint": lambda folder: save_klein_additions(folder, 170),
    "flux2-klein-4b-object-remove": lambda folder: save_klein_additions(folder, 171),
    "qwen-image-edit-2511": save_qwen_edit,
    "qwen-image-edit-2511-remover": lambda folder: save_qwen_additions(folder, 180),
    "qwen-image-edit-2511-lightning": lambda folder: save_qwen_additions(folder, 181),
}
"""What to make for each `Repository.name`."""
