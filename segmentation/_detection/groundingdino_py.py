"""Grounding DINO by its authors' own code, where the groundingdino-py package is installed.

The same network as through transformers, from the file that the authors published. Their
package asks the model hub for BERT while it builds the network; here it gets one of ours,
without weights, because the published file holds those too.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, ClassVar, Self

from methods import Image, Text
from segmentation._detection.detector import Detector, DetectorSpec, RawAnswer
from segmentation._detection.grounding_dino import (
    PAPER,
    GroundingDinoTiny,
    side_by_side,
    unreadable,
)
from segmentation._weights import weight_file

if TYPE_CHECKING:
    import torch
    from transformers import BaseImageProcessor, BertModel, PreTrainedTokenizerBase

CHECKPOINT = weight_file("groundingdino_py")
_TOKENIZER = tuple(w for w in GroundingDinoTiny.spec.weights if "tokenizer" in w.name)

SWIN_T: Mapping[str, object] = {
    # The published configuration, without what is for training only.
    "modelname": "groundingdino",
    "backbone": "swin_T_224_1k",
    "backbone_freeze_keywords": None,
    "return_interm_indices": [1, 2, 3],
    "position_embedding": "sine",
    "pe_temperatureH": 20,
    "pe_temperatureW": 20,
    "hidden_dim": 256,
    "dim_feedforward": 2048,
    "nheads": 8,
    "enc_layers": 6,
    "dec_layers": 6,
    "num_queries": 900,
    "query_dim": 4,
    "num_patterns": 0,
    "num_feature_levels": 4,
    "enc_n_points": 4,
    "dec_n_points": 4,
    "pre_norm": False,
    "transformer_activation": "relu",
    "two_stage_type": "standard",
    "two_stage_bbox_embed_share": False,
    "two_stage_class_embed_share": False,
    "dec_pred_bbox_embed_share": True,
    "embed_init_tgt": True,
    "use_text_enhancer": True,
    "use_fusion_layer": True,
    "use_text_cross_attention": True,
    "sub_sentence_present": True,
    "max_text_len": 256,
    "text_encoder_type": "bert-base-uncased",
    "dropout": 0.0,
    "text_dropout": 0.0,
    "fusion_dropout": 0.0,
    "fusion_droppath": 0.1,
    "dn_box_noise_scale": 1.0,
    "dn_label_noise_ratio": 0.5,
    "dn_labelbook_size": 2000,
    "use_checkpoint": False,  # they save memory in training and cost time here
    "use_transformer_ckpt": False,
}

_building = threading.Lock()


class GroundingDinoPy(Detector):
    """A loaded network of the groundingdino package behind the common interface."""

    spec: ClassVar[DetectorSpec] = DetectorSpec(
        id="groundingdino_py",
        name="Grounding DINO (authors' code)",
        summary=Text("detector.groundingdino_py.summary"),
        paper=PAPER,
        license="Apache-2.0",
        weights=(CHECKPOINT, *_TOKENIZER),
        packages=("groundingdino", "addict", "yapf", "pycocotools", "matplotlib"),
        install="pip install --no-deps -r requirements-groundingdino.txt",
    )

    def __init__(self, model: torch.nn.Module, images: BaseImageProcessor, device: str) -> None:
        super().__init__()
        self._model = model
        self._images = images
        self._device = device

    @classmethod
    def load(cls) -> Self:
        """With its weights (fetched if need be); half precision on CUDA."""
        from methods import best_device, fetch

        paths = {weight.name.rpartition("/")[2]: fetch(weight) for weight in cls.spec.weights}
        return cls.from_files(paths, best_device())

    @classmethod
    def from_files(
        cls,
        paths: Mapping[str, Path],
        device: str = "cpu",
        *,
        arguments: Mapping[str, object] = SWIN_T,
        bert: Mapping[str, object] | None = None,
        images: BaseImageProcessor | None = None,
    ) -> Self:
        """From the published file and a BERT tokenizer's. Raises WeightsUnavailable.

        arguments, bert, images: another size of network, of its BERT (`BertConfig`) and of
        its pictures (an image processor), for tests.
        """
        from transformers import GroundingDinoImageProcessorPil

        tokenizer = _tokenizer({n: p for n, p in paths.items() if n != CHECKPOINT.name}, cls.spec)
        model = _built(arguments, tokenizer, bert or {})
        _fill(model, paths[CHECKPOINT.name], cls.spec)
        return cls(model.eval().to(device), images or GroundingDinoImageProcessorPil(), device)

    def answer(self, image: Image, text: str) -> RawAnswer:
        """One forward pass, on the same pixels as through transformers; see there."""
        import torch

        inputs = self._images(image, return_tensors="pt", input_data_format="channels_last")
        encoded = self._model.tokenizer(text, return_offsets_mapping=True)
        spans = encoded["offset_mapping"]
        half = torch.autocast("cuda", torch.float16, enabled=self._device == "cuda")
        with torch.inference_mode(), half:
            output = self._model(inputs["pixel_values"].to(self._device), captions=[text])
        scores = output["pred_logits"][0, :, : len(spans)].float().sigmoid()
        return RawAnswer(
            boxes=output["pred_boxes"][0].float().cpu().numpy(),
            scores=scores.cpu().numpy(),
            spans=[(int(first), int(last)) for first, last in spans],
        )


def _tokenizer(paths: Mapping[str, Path], spec: DetectorSpec) -> PreTrainedTokenizerBase:
    from transformers import AutoTokenizer

    with side_by_side(paths) as folder:
        try:
            return AutoTokenizer.from_pretrained(folder, local_files_only=True)
        except Exception as error:  # a damaged file makes the reader fail in a dozen ways
            raise unreadable(spec) from error


def _built(
    arguments: Mapping[str, object], tokenizer: PreTrainedTokenizerBase, bert: Mapping[str, object]
) -> torch.nn.Module:
    """The package's network with random weights."""
    from groundingdino.models import build_model
    from transformers import BertConfig

    from segmentation._detection.bert_network import BertWithMasks

    with _given(tokenizer, BertWithMasks(BertConfig(**bert))):
        return build_model(SimpleNamespace(**arguments))


@contextmanager
def _given(tokenizer: PreTrainedTokenizerBase, bert: BertModel) -> Iterator[None]:
    """For the block, the package's two functions that ask the model hub give these instead.

    They stand in a module of the package; afterwards they are its own again.
    """
    from groundingdino.util import get_tokenlizer as source

    with _building:
        own = source.get_tokenlizer, source.get_pretrained_language_model
        source.get_tokenlizer = lambda name: tokenizer
        source.get_pretrained_language_model = lambda name: bert
        try:
            yield
        finally:
            source.get_tokenlizer, source.get_pretrained_language_model = own


def _fill(model: torch.nn.Module, path: Path, spec: DetectorSpec) -> None:
    """The published weights into the network; never runs code from the file.

    The file has a table from training and an old buffer more; nothing may be missing.
    """
    try:
        state = _state(path)
        report = model.load_state_dict(state, strict=False)
    except MemoryError:
        raise
    except Exception as error:  # as above
        raise unreadable(spec) from error
    if report.missing_keys:
        raise unreadable(spec)


def _state(path: Path) -> dict[str, torch.Tensor]:
    import torch

    content = torch.load(path, map_location="cpu", weights_only=True)
    return {name.removeprefix("module."): value for name, value in content["model"].items()}
