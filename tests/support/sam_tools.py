"""Small real SAM networks with random weights, and what the tests compare on them.

The classes are those of the packages; only their sizes are small. Random weights are drawn
so that masks are neither empty nor full: only then does an equal mask prove anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from methods import Image, Mask
from segmentation import Candidates, PromptedObject

PROMPTS: dict[str, dict[str, Any]] = {
    "point": {"points": [{"x": 320.5, "y": 165}]},
    "points": {
        "points": [{"x": 320, "y": 165}, {"x": 100, "y": 90.25}, {"x": 40, "y": 300, "label": 0}]
    },
    "box": {"box": {"x0": 270, "y0": 60.5, "x1": 400, "y1": 420}},
    "both": {
        "points": [{"x": 320, "y": 165}, {"x": 300, "y": 400, "label": 0}],
        "box": {"x0": 270, "y0": 60, "x1": 400, "y1": 420},
    },
    "tall": {  # lies on a photo of 421 x 640 too
        "points": [{"x": 210, "y": 160}, {"x": 40, "y": 400, "label": 0}],
        "box": {"x0": 100, "y0": 60, "x1": 390, "y1": 420},
    },
}


class Truth(NamedTuple):
    """What the package's own code answers: masks (3, H, W) bool, scores (3,)."""

    masks: Mask
    scores: Any


def prompt(name: str) -> PromptedObject:
    return PromptedObject.model_validate(PROMPTS[name])


def plain_prompt(name: str) -> dict[str, Any]:
    """The same as points [[x, y]], labels and box [x0, y0, x1, y1]; None where not given."""
    asked = PROMPTS[name]
    points = asked.get("points", [])
    box = asked.get("box")
    return {
        "points": [[p["x"], p["y"]] for p in points] or None,
        "labels": [p.get("label", 1) for p in points] or None,
        "box": [box["x0"], box["y0"], box["x1"], box["y1"]] if box else None,
    }


def iou(first: Mask, second: Mask) -> float:
    union = int((first | second).sum())
    return int((first & second).sum()) / union if union else 1.0


def agreement(candidates: Candidates, truth: Truth) -> float:
    """The least IoU of the three masks; two true ones must have a shape worth comparing."""
    shares = truth.masks.mean(axis=(1, 2))
    assert ((shares > 0.02) & (shares < 0.98)).sum() >= 2, f"empty or full masks: {shares}"
    return min(iou(candidates.mask(level), truth.masks[level]) for level in range(3))


def meets(candidates: Candidates, truth: Truth) -> bool:
    close = bool(np.abs(candidates.scores - truth.scores).max() <= 1e-3)
    return close and agreement(candidates, truth) >= 0.999


def seeded(build: Callable[[], Any], seed: int = 0) -> Any:
    """A network with random weights that keep signals at their size from layer to layer."""
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)  # some random numbers are drawn by the classes themselves
        network = build()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            noise = torch.randn(weight.shape, generator=generator)
            if weight.dim() > 1:
                weight.copy_(noise / weight[0].numel() ** 0.5)
            elif "norm" in name and name.endswith("weight"):
                weight.copy_(1 + noise / 10)
            else:
                weight.copy_(noise / 10)
    return network.eval()


Ask = Callable[[str], Any]
"""The logits (3, h, w) that a network gives for one of PROMPTS, as numpy array or tensor."""


def centred(decoder: Any, upscaling: Any, heads: Sequence[Any], ask: Ask) -> None:
    """Shift each mask's logits so that about half of the photo is inside.

    A mask is a product of the picture's channels with numbers that a small head makes from
    the prompt. One channel becomes a constant here, and the head's bias for it the shift.
    upscaling: the last layer that makes the channels; heads: the last layers of the heads.
    """
    import torch

    with torch.no_grad():
        upscaling.weight[:, 0], upscaling.bias[0] = 0, 4  # GELU(4) is 4
        if hasattr(decoder, "conv_s0"):  # SAM 2 adds the encoder's fine channels
            decoder.conv_s0.weight[0], decoder.conv_s0.bias[0] = 0, 0
        for head in heads:
            head.weight[0], head.bias[0] = 0, 0
        logits = [torch.as_tensor(ask(name)).flatten(1).median(1).values for name in PROMPTS]
        for head, middle in zip(heads, torch.stack(logits).mean(0), strict=True):
            head.bias[0] = -middle / 4


# --- the first SAM -----------------------------------------------------------------------


def tiny_vit(depth: int = 2) -> Any:
    """A Sam of the segment-anything package's classes, at 256 pixels, narrow and shallow."""
    from segment_anything.modeling import (
        ImageEncoderViT,
        MaskDecoder,
        PromptEncoder,
        Sam,
        TwoWayTransformer,
    )

    side, channels = 256, 32
    encoder = ImageEncoderViT(
        img_size=side,
        embed_dim=32,
        depth=depth,
        num_heads=2,
        out_chans=channels,
        use_rel_pos=True,
        window_size=7,
        global_attn_indexes=(depth - 1,),
    )
    transformer = TwoWayTransformer(depth=2, embedding_dim=channels, mlp_dim=64, num_heads=2)
    return Sam(
        image_encoder=encoder,
        prompt_encoder=PromptEncoder(channels, (side // 16, side // 16), (side, side), 16),
        mask_decoder=MaskDecoder(transformer_dim=channels, transformer=transformer),
        pixel_mean=[123.675, 116.28, 103.53],
        pixel_std=[58.395, 57.12, 57.375],
    )


class Predictor:
    """Segment-anything's own predictor on one photo."""

    def __init__(self, sam: Any, image: Image) -> None:
        from segment_anything import SamPredictor

        self._predictor = SamPredictor(sam)
        self._predictor.set_image(image)

    def __call__(self, name: str) -> Truth:
        masks, scores = self._predict(name, logits=False)
        return Truth(masks, scores)

    def logits(self, name: str) -> Any:
        return self._predict(name, logits=True)[0]

    def _predict(self, name: str, *, logits: bool) -> tuple[Any, Any]:
        asked = plain_prompt(name)
        masks, scores, _ = self._predictor.predict(
            point_coords=np.array(asked["points"], float) if asked["points"] else None,
            point_labels=np.array(asked["labels"]) if asked["labels"] else None,
            box=np.array(asked["box"], float) if asked["box"] else None,
            return_logits=logits,
        )
        return masks, scores


def centre_sam(sam: Any, predictor: Predictor) -> None:
    """See `centred`. The predictor, which has already looked at a photo, stays right."""
    decoder = sam.mask_decoder
    heads = [mlp.layers[-1] for mlp in decoder.output_hypernetworks_mlps[1:]]
    centred(decoder, decoder.output_upscaling[3], heads, predictor.logits)


def random_sam(build: Callable[[], Any], image: Image, seed: int = 0) -> Any:
    """A Sam with random weights whose masks on the photo have shapes."""
    sam = seeded(build, seed)
    centre_sam(sam, Predictor(sam, image))
    return sam


# --- SAM 2.1 and SAM 3 -------------------------------------------------------------------

_DECODER = {"hidden_size": 32, "mlp_dim": 64, "num_attention_heads": 2, "iou_head_hidden_dim": 32}
_MEMORY = {
    "memory_attention_hidden_size": 32,
    "memory_attention_num_layers": 1,
    "memory_attention_num_attention_heads": 1,
    "memory_attention_downsample_rate": 1,
    "memory_attention_feed_forward_hidden_size": 64,
    "memory_encoder_hidden_size": 32,
    "memory_encoder_output_channels": 16,
    "mask_downsampler_embed_dim": 32,
    "memory_fuser_embed_dim": 32,
    "memory_fuser_intermediate_dim": 64,
}


def tiny_sam2_video() -> Any:
    """A Sam2VideoModel: the published files hold its weights, not only those for images."""
    from transformers import Sam2VideoConfig, Sam2VideoModel

    side = 256
    backbone = {
        "model_type": "sam2_hiera_det_model",
        "hidden_size": 16,
        "image_size": [side, side],
        "blocks_per_stage": [1, 1, 2, 1],
        "embed_dim_per_stage": [16, 32, 64, 128],
        "global_attention_blocks": [3],
    }
    vision = {
        "model_type": "sam2_vision_model",
        "backbone_config": backbone,
        "backbone_channel_list": [128, 64, 32, 16],
        "backbone_feature_sizes": [[side // n, side // n] for n in (4, 8, 16)],
        "fpn_hidden_size": 32,
    }
    config = Sam2VideoConfig(
        vision_config=vision,
        prompt_encoder_config={"hidden_size": 32, "image_size": side},
        mask_decoder_config=_DECODER,
        image_size=side,
        memory_attention_rope_feat_sizes=[side // 16, side // 16],
        **_MEMORY,
    )
    return Sam2VideoModel(config)


def tiny_sam3_video() -> Any:
    """A Sam3VideoModel: a detector and a tracker that shares its image encoder."""
    from transformers import Sam3VideoConfig, Sam3VideoModel

    side, grid = 112, 8
    backbone = {
        "model_type": "sam3_vit_model",
        "hidden_size": 32,
        "intermediate_size": 64,
        "num_hidden_layers": 4,
        "num_attention_heads": 2,
        "image_size": side,
        "patch_size": 14,
        "window_size": 4,
        "global_attn_indexes": [1, 3],
        "pretrain_image_size": 56,
    }
    vision = {
        "model_type": "sam3_vision_model",
        "backbone_config": backbone,
        "fpn_hidden_size": 32,
        "backbone_feature_sizes": [[grid * n, grid * n] for n in (4, 2, 1)],
    }
    layers = {"hidden_size": 32, "intermediate_size": 64, "num_layers": 1, "num_attention_heads": 2}
    text = {
        "model_type": "clip_text_model",
        "vocab_size": 99,
        "hidden_size": 32,
        "intermediate_size": 64,
        "projection_dim": 16,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
    }
    detector = {
        "vision_config": vision,
        "text_config": text,
        "geometry_encoder_config": layers,
        "detr_encoder_config": layers,
        "detr_decoder_config": {**layers, "num_queries": 4},
        "mask_decoder_config": {"hidden_size": 32, "num_attention_heads": 2},
    }
    tracker = {
        "vision_config": vision,
        "prompt_encoder_config": {"hidden_size": 32, "image_size": side, "patch_size": 14},
        "mask_decoder_config": _DECODER,
        "image_size": side,
        "memory_attention_rope_feat_sizes": [grid, grid],
        **_MEMORY,
    }
    return Sam3VideoModel(Sam3VideoConfig(detector_config=detector, tracker_config=tracker))


def publish(model: Any, folder: Path) -> Path:
    """Write config.json and model.safetensors as the authors' repositories hold them."""
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text(json.dumps(model.config.to_dict()), "utf-8")
    state = {name: weight.contiguous().clone() for name, weight in model.state_dict().items()}
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    return folder


class Processor:
    """The library's own way on one photo: its processor, its model, its post-processing."""

    def __init__(self, model: Any, processor: Any, image: Image) -> None:
        self._model, self._processor, self._image = model, processor, image

    def __call__(self, name: str) -> Truth:
        inputs, outputs = self._run(name)
        (masks,) = self._processor.post_process_masks(outputs.pred_masks, inputs["original_sizes"])
        return Truth(masks[0].numpy(), outputs.iou_scores[0, 0].numpy())

    def logits(self, name: str) -> Any:
        return self._run(name)[1].pred_masks[0, 0]

    def _run(self, name: str) -> tuple[Any, Any]:
        import torch

        asked = plain_prompt(name)
        inputs = self._processor(
            images=self._image,
            input_points=[[asked["points"]]] if asked["points"] else None,
            input_labels=[[asked["labels"]]] if asked["labels"] else None,
            input_boxes=[[asked["box"]]] if asked["box"] else None,
            return_tensors="pt",
        )
        with torch.inference_mode():
            return inputs, self._model(**inputs, multimask_output=True)


class Generation(NamedTuple):
    """One generation in the library: how to build a small published model and read it."""

    build: Callable[[], Any]
    decoder: Callable[[Any], Any]
    """The mask decoder within what `build` makes."""
    library: str
    """The library's name for its image model and processor, without Model and Processor."""
    pictures: str
    """The name of its photo processor."""


GENERATIONS = {
    "sam2": Generation(
        tiny_sam2_video, lambda model: model.mask_decoder, "Sam2", "Sam2ImageProcessor"
    ),
    "sam3": Generation(
        tiny_sam3_video,
        lambda model: model.tracker_model.mask_decoder,
        "Sam3Tracker",
        "Sam3ImageProcessor",
    ),
}


def reference(generation: Generation, folder: Path, image: Image) -> Processor:
    """The library's reading of a published folder, with its own processor."""
    import transformers

    model = getattr(transformers, f"{generation.library}Model").from_pretrained(folder)
    side = model.config.prompt_encoder_config.image_size
    pictures = getattr(transformers, generation.pictures)(size={"height": side, "width": side})
    processor = getattr(transformers, f"{generation.library}Processor")(pictures, side)
    return Processor(model.eval(), processor, image)


def publish_random(generation: Generation, folder: Path, image: Image, seed: int = 0) -> Path:
    """A published folder with random weights whose masks on the photo have shapes."""
    model = seeded(generation.build, seed)
    asked = reference(generation, publish(model, folder), image)
    decoder = asked._model.mask_decoder
    heads = [mlp.proj_out for mlp in decoder.output_hypernetworks_mlps[1:]]
    centred(decoder, decoder.upscale_conv2, heads, asked.logits)
    generation.decoder(model).load_state_dict(decoder.state_dict())
    return publish(model, folder)
