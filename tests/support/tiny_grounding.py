"""A Grounding DINO of the real classes, tiny and random, in a folder as the program loads it.

    folder = save_tiny_grounding(tmp_path)          # tmp_path/grounding-dino-tiny/…
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tmp_path))

Its boxes mean nothing, but they lie on the photo, and their scores spread over 0 … 1.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

NAME = "grounding-dino-tiny"
SIDE = 96
"""The longest side of a photo as this network sees it."""

SCALE = 0.2

WORDS = ["red", "blue", "car", "dog", "cat", "person", "tree", "rocket", "cup", "the", "on", "a"]


def save_tiny_grounding(parent: Path, name: str = NAME, seed: int = 0) -> Path:
    """Write all five files of the model hub's layout; returns <parent>/<name>."""
    from transformers import GroundingDinoImageProcessorPil

    folder = parent / name
    save_tokenizer(folder)
    size = {"shortest_edge": SIDE * 2 // 3, "longest_edge": SIDE}
    GroundingDinoImageProcessorPil(size=size).save_pretrained(folder)
    tiny_model(seed).save_pretrained(folder)
    return folder


def save_tokenizer(folder: Path) -> None:
    """A BERT tokenizer whose special tokens have the numbers that the network expects."""
    from transformers import BertTokenizer

    fixed = {0: "[PAD]", 100: "[UNK]", 101: "[CLS]", 102: "[SEP]", 1012: ".", 1029: "?"}
    letters = [*"abcdefghijklmnopqrstuvwxyz0123456789-'&"]
    rest = iter([*letters, *(f"##{letter}" for letter in letters), *WORDS])
    vocabulary = [fixed.get(n) or next(rest, f"[unused{n}]") for n in range(1030)]
    BertTokenizer(vocab={word: n for n, word in enumerate(vocabulary)}).save_pretrained(folder)


def tiny_config() -> Any:
    """0.4 million parameters, every kind of layer present."""
    from transformers import BertConfig, GroundingDinoConfig, SwinConfig

    return GroundingDinoConfig(
        backbone_config=SwinConfig(
            image_size=32,
            embed_dim=16,
            depths=[1, 1, 1, 1],
            num_heads=[1, 2, 2, 4],
            window_size=4,
            out_indices=[2, 3, 4],
        ),
        text_config=BertConfig(
            vocab_size=1030,
            hidden_size=32,
            num_hidden_layers=1,
            num_attention_heads=2,
            intermediate_size=64,
            max_position_embeddings=256,
        ),
        d_model=64,
        num_queries=30,
        encoder_layers=1,
        encoder_ffn_dim=32,
        encoder_attention_heads=2,
        decoder_layers=2,
        decoder_ffn_dim=32,
        decoder_attention_heads=2,
        encoder_n_points=2,
        decoder_n_points=2,
    )


def tiny_model(seed: int = 0) -> Any:
    """Random, the same for the same seed; torch's own generator is left as it was."""
    import torch
    from transformers import GroundingDinoForObjectDetection

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = GroundingDinoForObjectDetection(tiny_config())
        scatter(model)
        with torch.no_grad():  # else every score would be next to 0 or to 1
            model.model.decoder.layer_norm.weight.mul_(SCALE)
    return model.eval()


def scatter(model: Any, by: float = 0.05) -> None:
    """Move every number a little: some begin as zeros, which would give equal answers."""
    import torch

    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(torch.randn_like(parameter) * by)
