"""SAM's mask decoder, its products taken in another order: the same function in less time.

A photo has 4096 tokens, a prompt about seven. Attention between the two projects both and then
multiplies them; here whatever meets the photo's tokens X is first multiplied with the prompt's,
which are few:

    scores   (X Wq) (t Wk)ᵀ  =  X (Wq (t Wk)ᵀ)           values   (A X) Wv  instead of  A (X Wv)

A key's bias adds the same to all scores of a query, and the softmax drops it; rows of A sum to
one, so a value's bias passes through. The transposed convolutions of the upscaling have strides as
large as their kernels, so each pixel becomes four by one matrix product, and since all that
follows looks at one pixel at a time, pixels are brought into their places at the very end.

Kirillov et al., "Segment Anything", ICCV 2023, appendix A; the layers and their weights are
those of the segment-anything package's MaskDecoder.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from segment_anything.modeling import MaskDecoder
    from segment_anything.modeling.transformer import Attention, TwoWayAttentionBlock


class FastMaskDecoder:
    """A `segment_anything.modeling.MaskDecoder` in evaluation mode, for one object at a time.

    decoder: on its device; its weights are read now. image_pe: (1, C, h, w).
    """

    def __init__(self, decoder: MaskDecoder, image_pe: torch.Tensor) -> None:
        self._decoder = decoder
        self._grid = image_pe.shape[2], image_pe.shape[3]
        self._places = _as_tokens(image_pe)
        first, norm, _, second, _ = decoder.output_upscaling
        self._norm = norm
        self._enlarge = _as_product(first), _as_product(second)

    def __call__(
        self, features: torch.Tensor, sparse: torch.Tensor, dense: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """(3, 4h, 4w) logits and (3,) predicted IoU: what `multimask_output` gives.

        features, dense: (1, C, h, w); sparse: (1, N, C), the embedded prompts.
        """
        import torch

        decoder = self._decoder
        own = torch.cat([decoder.iou_token.weight, decoder.mask_tokens.weight])
        tokens, image = self._attended(torch.cat([own, sparse[0]]), _as_tokens(features + dense))
        masks = range(1, decoder.num_mask_tokens)  # the first is for prompts without doubt
        heads = decoder.output_hypernetworks_mlps
        weights = torch.stack([heads[mask](tokens[1 + mask]) for mask in masks])
        return self._upscaled(image, weights), decoder.iou_prediction_head(tokens[0])[1:]

    def _attended(
        self, given: torch.Tensor, image: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """The two-way transformer. given: (T, C) the prompt's tokens; image: (N, C)."""
        tokens = given
        for layer in self._decoder.transformer.layers:
            placed = image + self._places
            tokens = layer.norm1(_among_themselves(layer, tokens, given))
            asked = _from_image(layer.cross_attn_token_to_image, tokens + given, placed, image)
            tokens = layer.norm2(tokens + asked)
            tokens = layer.norm3(tokens + layer.mlp(tokens))
            to_image = layer.cross_attn_image_to_token
            image = layer.norm4(_to_image(to_image, image, placed, tokens + given, tokens))
        last = self._decoder.transformer
        asked = _from_image(
            last.final_attn_token_to_image, tokens + given, image + self._places, image
        )
        return last.norm_final_attn(tokens + asked), image

    def _upscaled(self, image: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        """(3, 4h, 4w). image: (N, C); weights: (3, C / 8), what a mask makes of the channels."""
        import torch
        from torch.nn import functional

        (first, first_bias), (second, second_bias) = self._enlarge
        norm, (height, width) = self._norm, self._grid
        pixels = torch.addmm(first_bias, image, first).view(-1, len(norm.weight))
        pixels = functional.layer_norm(pixels, norm.weight.shape, norm.weight, norm.bias, norm.eps)
        pixels = torch.addmm(second_bias, functional.gelu(pixels), second)
        pixels = functional.gelu(pixels).view(-1, weights.shape[1])
        # Rows and columns of the grid, and of the two fourfold divisions of each of its cells.
        logits = (weights @ pixels.T).view(-1, height, width, 2, 2, 2, 2)
        return logits.permute(0, 1, 3, 5, 2, 4, 6).reshape(-1, 4 * height, 4 * width)


def _as_tokens(grid: torch.Tensor) -> torch.Tensor:
    """(1, C, h, w) to (h * w, C)."""
    return grid[0].flatten(1).T.contiguous()


def _as_product(convolution: torch.nn.ConvTranspose2d) -> tuple[torch.Tensor, torch.Tensor]:
    """A transposed convolution by 2 as (C, 4 * D) and (4 * D,): four places, D channels each."""
    weight = convolution.weight.detach().permute(0, 2, 3, 1).flatten(1)
    return weight.contiguous(), convolution.bias.detach().repeat(4)


def _among_themselves(
    layer: TwoWayAttentionBlock, tokens: torch.Tensor, given: torch.Tensor
) -> torch.Tensor:
    """The prompt's tokens after their attention to one another; few, so by the package's code."""
    if layer.skip_first_layer_pe:
        return layer.self_attn(q=tokens[None], k=tokens[None], v=tokens[None])[0]
    asking = (tokens + given)[None]
    return tokens + layer.self_attn(q=asking, k=asking, v=tokens[None])[0]


def _from_image(
    attention: Attention, asking: torch.Tensor, placed: torch.Tensor, image: torch.Tensor
) -> torch.Tensor:
    """(T, C) what the prompt's tokens take from the image's: placed as keys, image as values."""
    query = _by_head(attention.q_proj(asking), attention.num_heads)
    heads, count, depth = query.shape
    sought = query @ attention.k_proj.weight.view(heads, depth, -1) / math.sqrt(depth)
    attended = (sought.flatten(0, 1) @ placed.T).softmax(1) @ image
    values = attention.v_proj.weight.view(heads, depth, -1).transpose(1, 2)
    found = attended.view(heads, count, -1) @ values
    return attention.out_proj(found.transpose(0, 1).flatten(1) + attention.v_proj.bias)


def _to_image(
    attention: Attention,
    image: torch.Tensor,
    placed: torch.Tensor,
    keys: torch.Tensor,
    values: torch.Tensor,
) -> torch.Tensor:
    """(N, C) the image's tokens and, added, what they take from the prompt's."""
    import torch

    key = _by_head(attention.k_proj(keys), attention.num_heads)
    value = _by_head(attention.v_proj(values), attention.num_heads)
    heads, count, depth = key.shape
    sought = key @ attention.q_proj.weight.view(heads, depth, -1) / math.sqrt(depth)
    bias = key @ attention.q_proj.bias.view(heads, depth, 1) / math.sqrt(depth)
    scores = torch.addmm(bias.flatten(0, 1), sought.flatten(0, 1), placed.T)
    shares = scores.view(heads, count, -1).softmax(1).flatten(0, 1)
    out = attention.out_proj.weight.view(-1, heads, depth).permute(1, 2, 0)
    given = value @ out
    given[0] += attention.out_proj.bias  # a head's shares sum to one
    return torch.addmm(image, shares.T, given.flatten(0, 1))


def _by_head(projected: torch.Tensor, heads: int) -> torch.Tensor:
    """(T, heads * d) to (heads, T, d)."""
    return projected.unflatten(1, (heads, -1)).transpose(0, 1)
