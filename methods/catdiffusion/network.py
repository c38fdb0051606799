"""CAT-Diffusion's two additions to Stable Diffusion 1.5 inpainting.

Chen et al., "Improving Text-guided Object Inpainting with Semantic Pre-inpainting", ECCV 2024.
The semantic inpainter guesses what CLIP would see in the hole if the named object stood there;
the reference adapter lets the UNet attend to that, between its self-attention and the prompt.
"""

from __future__ import annotations

import torch
from diffusers.models.attention import BasicTransformerBlock
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn
from torch.nn import functional
from transformers import CLIPVisionConfig
from transformers.models.clip.modeling_clip import CLIPEncoder

GRID = 16
"""Patches of CLIP on a side."""

POOLED = GRID // 2

_REFERENCE = "reference"


# --- the semantic inpainter --------------------------------------------------------------------


class Mlp(nn.Module):
    """Two layers with CLIP's activation between them."""

    def __init__(self, width: int, inner: int, out: int) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, out)

    def forward(self, x: Tensor) -> Tensor:
        """(…, width) -> (…, out)."""
        inner = self.fc1(x)
        out: Tensor = self.fc2(inner * torch.sigmoid(1.702 * inner))
        return out


class PatchEmbeddings(nn.Module):
    """What is added to CLIP's view of each patch: where it is, and whether it is masked."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.position_embedding = nn.Embedding(GRID * GRID, width)
        self.mask_embedding = nn.Embedding(2, width)

    def forward(self, patches: Tensor, mask: Tensor) -> Tensor:
        """patches: (B, 256, width); mask: (B, 256), 1 = masked."""
        masked: Tensor = self.mask_embedding(mask.long())
        return patches + self.position_embedding.weight + masked


class SemanticInpainter(nn.Module):
    """CLIP's patches of the picture with the hole, filled in. Parameters have the authors' names.

    width: of CLIP's patches; label, label_inner: of the text's pooled vector and of its MLP.
    """

    def __init__(
        self, *, width: int, inner: int, heads: int, layers: int, label: int, label_inner: int
    ) -> None:
        super().__init__()
        config = CLIPVisionConfig(
            hidden_size=width,
            intermediate_size=inner,
            num_attention_heads=heads,
            num_hidden_layers=layers,
            hidden_act="quick_gelu",
        )
        config._attn_implementation = "sdpa"
        self.embeddings = PatchEmbeddings(width)
        self.encoder = CLIPEncoder(config)
        self.post_layernorm = nn.LayerNorm(width, eps=config.layer_norm_eps)
        self.label_mlp = Mlp(label, label_inner, width)
        self.spatial_mlp = Mlp(width, inner, width)
        self.global_mlp = Mlp(width, inner, width)

    def forward(self, seen: Tensor, whole: Tensor, label: Tensor, mask: Tensor) -> Tensor:
        """What the UNet attends to, (B, 64, width).

        seen: (B, 257, width), CLIP's last hidden state; whole: (B, 1, width), its pooled output;
        label: (B, 1, label), the text encoder's; mask: (B, 256), 1 = masked.
        """
        guessed, _, _ = self.guessed(seen, whole, label, mask)
        hole = mask[..., None].to(guessed)
        merged = hole * guessed + (1 - hole) * seen[:, 1:]
        grid = merged.transpose(1, 2).unflatten(2, (GRID, GRID))
        return functional.avg_pool2d(grid, 2).flatten(2).transpose(1, 2)

    def guessed(
        self, seen: Tensor, whole: Tensor, label: Tensor, mask: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """All patches (B, 256, width), the whole picture and the label (B, 1, width) as they
        would be with the object in the hole."""
        patches = self.spatial_mlp(self.embeddings(seen[:, 1:], mask))
        tokens = torch.cat([self.global_mlp(whole), patches, self.label_mlp(label)], dim=1)
        out = self.encoder(inputs_embeds=tokens).last_hidden_state
        return out[:, 1:-1], self.post_layernorm(out[:, :1]), out[:, -1:]


# --- the reference adapter ---------------------------------------------------------------------


class ReferenceBlock(BasicTransformerBlock):
    """A transformer block with a third attention, to `reference` of cross_attention_kwargs:
    (B, 64, width)."""

    def forward(
        self,
        hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        encoder_hidden_states: Tensor | None = None,
        encoder_attention_mask: Tensor | None = None,
        timestep: Tensor | None = None,
        cross_attention_kwargs: dict[str, Tensor] | None = None,
        **unused: object,
    ) -> Tensor:
        """Self-attention, reference, prompt, feed-forward; each added to what came in."""
        reference = (cross_attention_kwargs or {})[_REFERENCE]
        x = hidden_states
        x = x + self.attn1(self.norm1(x))
        x = x + self.attn3(self.norm4(x), encoder_hidden_states=reference)
        x = x + self.attn2(self.norm2(x), encoder_hidden_states=encoder_hidden_states)
        x = x + self.ff(self.norm3(x))
        return x


def add_references(unet: torch.nn.Module, width: int) -> None:
    """Give every block of a new UNet its third attention. width: of what it attends to."""
    for module in list(unet.modules()):
        if isinstance(module, nn.ModuleList):
            for place, block in enumerate(module):
                if isinstance(block, BasicTransformerBlock):
                    module[place] = _with_reference(block, width)


def _with_reference(block: BasicTransformerBlock, width: int) -> ReferenceBlock:
    heads, head_width, attended = block.num_attention_heads, block.attention_head_dim, width
    made = ReferenceBlock(
        block.dim, heads, head_width, cross_attention_dim=block.cross_attention_dim
    )
    made.attn3 = Attention(
        query_dim=block.dim, cross_attention_dim=attended, heads=heads, dim_head=head_width
    )
    made.norm4 = nn.LayerNorm(block.dim)
    return made


def reference_words(tokens: Tensor, guided: bool) -> dict[str, Tensor]:
    """The pipeline's `cross_attention_kwargs`. The unconditional half, which comes first, sees
    zeros."""
    both = torch.cat([torch.zeros_like(tokens), tokens]) if guided else tokens
    return {_REFERENCE: both}
