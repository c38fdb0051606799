"""FLUX.2 klein's published files, and those of its additions for removal.

Sizes and hashes are those of the hub's own manifests.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from methods._diffusion.eraser import ClipPrompts, Embedding, Part, Repository, read_additions
from methods._diffusion.eraser import RepoFile as File

if TYPE_CHECKING:
    import torch

REPOSITORY = Repository(
    name="flux2-klein-4b",
    repo="black-forest-labs/FLUX.2-klein-4B",
    revision="e7b7dc27f91deacad38e78976d1f2b499d76a294",
    license="Apache-2.0",
    files=(
        File(
            "transformer/config.json",
            541,
            "09733c74a3da6d17dd0a0472a091a8950c7c6935889c32c16cc800ede05029de",
        ),
        File(
            "transformer/diffusion_pytorch_model.safetensors",
            7_751_109_744,
            "9f29f9edcfdae452a653ffb51a534ca4decd389952c225724ff3b94042612a6e",
        ),
        File(
            "vae/config.json",
            821,
            "0d6dfb69ae95a5e2ac9836284bbb63d8b38ce67b25ba2dff380752b2a10ab948",
        ),
        File(
            "vae/diffusion_pytorch_model.safetensors",
            168_120_878,
            "ca70d2202afe6415bdbcb8793ba8cd99fd159cfe6192381504d6c4d3036e0f04",
        ),
        File(
            "text_encoder/config.json",
            1_536,
            "214b4c29a0d975e9fddf9994a5673f22cb2c4c5750352f9227c2c3251ebeab40",
        ),
        File(
            "text_encoder/model-00001-of-00002.safetensors",
            4_967_215_360,
            "8c0506e7f4936fa7e26183a4fd8da4e2bdbc5990ba64ae441f965d51228f36ea",
        ),
        File(
            "text_encoder/model-00002-of-00002.safetensors",
            3_077_766_632,
            "82f2bd839378541b0557bfabaf37c7d3d637071fdcb73302dedd7cf61162ce07",
        ),
        File(
            "text_encoder/model.safetensors.index.json",
            32_855,
            "06b3d5319b6d76d1a4a2433419180016cfd54ed62d086a5e6567a809f8c82634",
        ),
        File(
            "tokenizer/added_tokens.json",
            707,
            "c0284b582e14987fbd3d5a2cb2bd139084371ed9acbae488829a1c900833c680",
        ),
        File(
            "tokenizer/chat_template.jinja",
            4_168,
            "a55ee1b1660128b7098723e0abcd92caa0788061051c62d51cbe87d9cf1974d8",
        ),
        File(
            "tokenizer/merges.txt",
            1_671_853,
            "8831e4f1a044471340f7c0a83d7bd71306a5b867e95fd870f74d0c5308a904d5",
        ),
        File(
            "tokenizer/special_tokens_map.json",
            613,
            "76862e765266b85aa9459767e33cbaf13970f327a0e88d1c65846c2ddd3a1ecd",
        ),
        File(
            "tokenizer/tokenizer.json",
            11_422_654,
            "aeb13307a71acd8fe81861d94ad54ab689df773318809eed3cbe794b4492dae4",
        ),
        File(
            "tokenizer/tokenizer_config.json",
            5_404,
            "443bfa629eb16387a12edbf92a76f6a6f10b2af3b53d87ba1550adfcf45f7fa0",
        ),
        File(
            "tokenizer/vocab.json",
            2_776_833,
            "ca10d7e9fb3ed18575dd1e277a2579c16d108e32f27439684afa0e10b1440910",
        ),
        File(
            "scheduler/scheduler_config.json",
            486,
            "067afb012cef64553a763447d1efd93daeffcc0123ca7e25b09f8de20b90762e",
        ),
    ),
)
"""The 4-step model of 4 billion numbers, in diffusers' layout."""

FILLING = Repository(
    name="flux2-klein-4b-outpaint",
    repo="fal/flux-2-klein-4B-outpaint-lora",
    revision="b11770ac6a3cf9325dcf81742c12b1c4e257880f",
    license="Apache-2.0",
    files=(
        File(
            "LyNiaZ53Tudg0J6sT8Xbx_pytorch_lora_weights_comfy_converted.safetensors",
            76_038_936,
            "b8a5142b40f2e24aa1f5cfd0710323188836f49ea70b15b5f85b1e364316bc5b",
        ),
    ),
)
"""Trained to fill what is green."""

REMOVING = Repository(
    name="flux2-klein-4b-object-remove",
    repo="fal/flux-2-klein-4B-object-remove-lora",
    revision="0e3f58790356bf1319b263fc56b333c294b42ff7",
    license="Apache-2.0",
    files=(
        File(
            "kDEkt5q7tDLKOpQJIVMPx_pytorch_lora_weights_comfy_converted.safetensors",
            76_038_936,
            "dc197de62e174863f83fc4052465603f4389de7c3a78e17f3d41a1f6f11488ec",
        ),
    ),
)
"""Trained to remove what stands in a red box."""


class KleinPrompts(ClipPrompts):
    """tokens: (1, 512, 7680), three layers of Qwen3 side by side."""

    def encode(self, text: str, *components: Any) -> Embedding:
        """As the pipeline does it; the encoder may lie anywhere."""
        from diffusers import Flux2KleinPipeline

        tokenizer, encoder = components
        pipeline = Flux2KleinPipeline(None, None, encoder, tokenizer, None)
        tokens, _ = pipeline.encode_prompt(prompt=text, device="cpu")
        return Embedding(tokens)


PROMPTS = KleinPrompts(Part(REPOSITORY, "tokenizer"), Part(REPOSITORY, "text_encoder"))
VAE = Part(REPOSITORY, "vae")
TRANSFORMER = Part(REPOSITORY, "transformer")


def read_klein_additions(path: Path, dtype: torch.dtype) -> Any:
    """Additions to klein's transformer."""
    from diffusers import Flux2KleinPipeline

    return read_additions(path, dtype, Flux2KleinPipeline)


def additions(repository: Repository) -> Part:
    """What `FILLING` or `REMOVING` adds."""
    return Part(repository, "", read=read_klein_additions)


def klein_pipeline(loaded: Any, scheduler: Any, keep_background: bool) -> Any:
    """A stock pipeline on loaded components ("transformer", "vae"); give embeddings.

    keep_background: the one that holds what is outside the mask in place at every step.
    """
    from diffusers import Flux2KleinInpaintPipeline, Flux2KleinPipeline

    kind = Flux2KleinInpaintPipeline if keep_background else Flux2KleinPipeline
    return kind(
        transformer=loaded["transformer"],
        vae=loaded["vae"],
        scheduler=scheduler,
        text_encoder=None,
        tokenizer=None,
        is_distilled=True,
    )
