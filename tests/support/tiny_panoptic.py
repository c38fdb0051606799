"""A tiny random Mask2Former of the real class, with COCO's 133 panoptic classes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

THINGS, CLASSES = 80, 133


def save_mask2former(folder: Path, seed: int = 70) -> Path:
    """A network that finds something almost everywhere, at random."""
    from transformers import Mask2FormerConfig, Mask2FormerForUniversalSegmentation, SwinConfig

    from tiny_models import save, seeded

    backbone = SwinConfig(
        image_size=384,
        embed_dim=8,
        depths=[1, 1, 1, 1],
        num_heads=[1, 1, 2, 2],
        window_size=4,
        out_features=["stage1", "stage2", "stage3", "stage4"],
    )
    names = {i: f"{'thing' if i < THINGS else 'stuff'}{i}-merged" for i in range(CLASSES)}
    config = Mask2FormerConfig(
        backbone_config=backbone,
        feature_size=32,
        mask_feature_size=32,
        hidden_dim=32,
        encoder_feedforward_dim=16,
        dim_feedforward=16,
        encoder_layers=1,
        decoder_layers=2,
        num_attention_heads=2,
        num_queries=12,
        id2label=names,
        label2id={name: i for i, name in names.items()},
    )
    with seeded(seed):
        model = Mask2FormerForUniversalSegmentation(config)
        # Its scores are nearly equal at random: larger ones make it sure of something.
        model.class_predictor.weight.data.mul_(200)
        masks = model.model.transformer_module.decoder.mask_predictor.mask_embedder
        list(masks.parameters())[-2].data.mul_(500)
        return save(model, folder)


PANOPTIC: dict[str, Callable[[Path], object]] = {"mask2former-coco-panoptic": save_mask2former}
"""What to make for each `Repository.name`."""
