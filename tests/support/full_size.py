"""Random models of the published sizes and precisions, in folders laid out as on the hub.

For measuring seconds and memory where the real weights are not at hand: what they paint is
noise, what they cost is what the published ones cost. Several gigabytes each.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from tiny_models import DDIM, VOCABULARY, save_scheduler, save_tokenizer, seeded

# --- configurations: what differs from the classes' own defaults ---------------------------

SD15: dict[str, Any] = {"cross_attention_dim": 768, "attention_head_dim": 8, "sample_size": 64}
SD2: dict[str, Any] = {
    "cross_attention_dim": 1024,
    "attention_head_dim": [5, 10, 20, 20],
    "use_linear_projection": True,
    "sample_size": 64,
}
SDXL: dict[str, Any] = {
    "block_out_channels": [320, 640, 1280],
    "down_block_types": ["DownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
    "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "UpBlock2D"],
    "transformer_layers_per_block": [1, 2, 10],
    "attention_head_dim": [5, 10, 20],
    "cross_attention_dim": 2048,
    "use_linear_projection": True,
    "addition_embed_type": "text_time",
    "addition_time_embed_dim": 256,
    "projection_class_embeddings_input_dim": 2816,
    "sample_size": 128,
}
VAE: dict[str, Any] = {
    "down_block_types": ["DownEncoderBlock2D"] * 4,
    "up_block_types": ["UpDecoderBlock2D"] * 4,
    "block_out_channels": [128, 256, 512, 512],
    "layers_per_block": 2,
    "sample_size": 512,
}
CLIP_L: dict[str, Any] = {
    "hidden_size": 768,
    "intermediate_size": 3072,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "projection_dim": 768,
    "hidden_act": "quick_gelu",
}
CLIP_H: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 23,
    "num_attention_heads": 16,
    "projection_dim": 512,
    "hidden_act": "gelu",
}
CLIP_G: dict[str, Any] = {
    "hidden_size": 1280,
    "intermediate_size": 5120,
    "num_hidden_layers": 32,
    "num_attention_heads": 20,
    "projection_dim": 1280,
    "hidden_act": "gelu",
}
CLIP_VISION: dict[str, Any] = {
    "hidden_size": 1024,
    "intermediate_size": 4096,
    "num_hidden_layers": 24,
    "num_attention_heads": 16,
    "projection_dim": 768,
    "image_size": 224,
    "patch_size": 14,
}
_WORDS = {
    "vocab_size": 49408,
    "max_position_embeddings": 77,
    "bos_token_id": VOCABULARY - 2,
    "eos_token_id": VOCABULARY - 1,
    "pad_token_id": VOCABULARY - 1,
}


# --- parts ---------------------------------------------------------------------------------


def unet(config: dict[str, Any], in_channels: int) -> Any:
    """A UNet2DConditionModel."""
    from diffusers import UNet2DConditionModel

    return UNet2DConditionModel(**{**config, "in_channels": in_channels})


def vae(**changes: Any) -> Any:
    """An AutoencoderKL."""
    from diffusers import AutoencoderKL

    return AutoencoderKL(**{**VAE, **changes})


def text_encoder(config: dict[str, Any], *, pooled: bool = False) -> Any:
    """A CLIPTextModel; pooled: with the projection that SDXL's second encoder has."""
    from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection

    kind = CLIPTextModelWithProjection if pooled else CLIPTextModel
    return kind(CLIPTextConfig(**_WORDS | config))


def clip() -> Any:
    """A CLIPModel, both sides."""
    from transformers import CLIPConfig, CLIPModel

    config = CLIPConfig(text_config=CLIP_L | _WORDS, vision_config=CLIP_VISION, projection_dim=768)
    return CLIPModel(config)


def built(make: Callable[[], Any], device: str, *, half: bool = True) -> Any:
    """The model, in half precision or in float32, made on the device, because random numbers are
    quick there."""
    import torch

    with seeded(0), torch.device(device):
        model = make()
    return model.half() if half else model


def tensors_of(model: Any) -> dict[str, Any]:
    """A model's tensors as files are written from them: in main memory, each in one piece."""
    return {name: tensor.cpu().contiguous() for name, tensor in model.state_dict().items()}


# --- whole models --------------------------------------------------------------------------

Build = Callable[[Path, str], object]
"""Writes a repository into a folder, computing on a device."""


def save_sd(
    folder: Path,
    device: str,
    *,
    config: dict[str, Any],
    text: Any,
    channels: int,
    half: bool = True,
) -> Path:
    """A model of Stable Diffusion's kind."""
    parts: dict[str, Callable[[], Any]] = {
        "unet": partial(unet, config, channels),
        "vae": vae,
        "text_encoder": partial(text_encoder, text),
    }
    for name, make in parts.items():
        built(make, device, half=half).save_pretrained(folder / name)
    save_tokenizer(folder / "tokenizer")
    save_scheduler(folder / "scheduler", **DDIM)
    return folder


def save_sdxl(folder: Path, device: str, *, channels: int) -> Path:
    """A model of SDXL's kind."""
    make_vae = partial(vae, scaling_factor=0.13025, force_upcast=True, sample_size=1024)
    built(partial(unet, SDXL, channels), device).save_pretrained(folder / "unet")
    built(make_vae, device).save_pretrained(folder / "vae")
    built(partial(text_encoder, CLIP_L), device).save_pretrained(folder / "text_encoder")
    second = partial(text_encoder, CLIP_G, pooled=True)
    built(second, device).save_pretrained(folder / "text_encoder_2")
    save_tokenizer(folder / "tokenizer")
    save_tokenizer(folder / "tokenizer_2", pad="!")
    save_scheduler(folder / "scheduler", "EulerDiscreteScheduler")
    return folder


def save_objectclear(folder: Path, device: str) -> Path:
    """SDXL inpainting, a whole CLIP, and the network that makes a word of a picture."""
    from safetensors.torch import save_file

    from methods.objectclear.network import ObjectWord

    save_sdxl(folder, device, channels=9)
    built(clip, device).save_pretrained(folder / "image_prompt_encoder")
    (folder / "postfuse_module").mkdir()
    word = built(ObjectWord, device).state_dict()
    save_file(word, folder / "postfuse_module" / "model.safetensors")
    return folder


def save_osor(folder: Path, device: str) -> Path:
    """Additions of rank 256 to SDXL inpainting, and a last layer with one channel more."""
    import torch

    from methods.osor.weights import REPOSITORY, TARGETS

    network = built(partial(unet, SDXL, 9), "meta")
    tensors: dict[str, Any] = {}
    for layer, module in network.named_modules():
        if layer.endswith(tuple(f".{target}" for target in TARGETS)):
            rows, columns, *kernel = module.weight.shape
            shapes = {"A": (256, columns, *kernel), "B": (rows, 256, *[1] * len(kernel))}
            for name, shape in shapes.items():
                key = f"unet.{layer}.lora_{name}.default.weight"
                tensors[key] = torch.zeros(shape, dtype=torch.half)
    last = torch.nn.Conv2d(network.conv_out.in_channels, 5, 3).half().state_dict()
    file = folder / REPOSITORY.files[0].path
    file.parent.mkdir(parents=True)
    torch.save(tensors | {f"unet.conv_out.{key}": value for key, value in last.items()}, file)
    return folder


def save_pixelhacker(folder: Path, device: str) -> Path:
    """The default checkpoint, and the VAE, as torch files."""
    import torch

    from methods.pixelhacker.network import PUBLISHED, Checkpoint
    from methods.pixelhacker.weights import VARIANTS

    home = folder / VARIANTS["places2"]
    home.mkdir(parents=True)
    state = built(partial(Checkpoint, PUBLISHED), device).cpu().state_dict()
    torch.save(state, home / "diffusion_pytorch_model.bin")
    built(partial(vae, scaling_factor=0.13025), device).save_pretrained(folder / "vae")
    return folder


def save_smarteraser(folder: Path, device: str) -> Path:
    """Stable Diffusion 1.5 inpainting and a small network."""
    import torch

    from methods.smarteraser.network import ImageToText

    save_sd(folder, device, config=SD15, text=CLIP_L, channels=9)
    state = built(partial(ImageToText, 768), device).cpu().state_dict()
    torch.save(state, folder / "clip_mlp_weight.pth")
    return folder


def save_clip(folder: Path, device: str) -> Path:
    """ViT-L/14, both sides."""
    built(clip, device).save_pretrained(folder)
    return folder


def save_lama(file: Path, device: str) -> Path:
    """big-lama, in one file of float32."""
    import torch

    from methods.lama.network import LamaGenerator

    with seeded(0):
        torch.save(LamaGenerator().state_dict(), file)
    return file


REPOSITORIES: dict[str, Build] = {
    "sd15-inpainting": partial(save_sd, config=SD15, text=CLIP_L, channels=9),
    "sd15": partial(save_sd, config=SD15, text=CLIP_L, channels=4),
    "sd2-inpainting": partial(save_sd, config=SD2, text=CLIP_H, channels=9),
    "sd21-base": partial(save_sd, config=SD2, text=CLIP_H, channels=4),
    "sdxl-inpainting": partial(save_sdxl, channels=9),
    "sdxl-base": partial(save_sdxl, channels=4),
    "rorem": partial(save_sdxl, channels=9),
    "objectclear": save_objectclear,
    "osor": save_osor,
    "pixelhacker": save_pixelhacker,
    "smarteraser": save_smarteraser,
    "clip-vit-large-patch14": save_clip,
    "big-lama.pt": save_lama,
}
"""What to make for each `Repository.name`, or weight file without one."""


def builders() -> dict[str, Build]:
    """Those, and what the modules beside this one make."""
    from full_size_networks import NETWORKS  # which builds on this module
    from full_size_powerpaint import POWERPAINT  # likewise
    from full_size_sams import SAMS  # likewise

    return REPOSITORIES | NETWORKS | POWERPAINT | SAMS
