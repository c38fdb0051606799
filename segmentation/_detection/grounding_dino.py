"""Grounding DINO through transformers, in two sizes.

Liu et al., "Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object
Detection", ECCV 2024. The weights are the authors' own, in the model hub's layout.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Self

from methods import Image, Paper, Text, WeightsUnavailable
from segmentation._detection.detector import Detector, DetectorSpec, RawAnswer
from segmentation._weights import repository

if TYPE_CHECKING:
    from transformers import GroundingDinoForObjectDetection, GroundingDinoProcessor

PAPER = Paper(
    "Grounding DINO: Marrying DINO with Grounded Pre-Training for Open-Set Object Detection",
    "https://arxiv.org/abs/2303.05499",
    2023,
)


class HubDetector(Detector):
    """A loaded `GroundingDinoForObjectDetection` behind the common interface."""

    def __init__(
        self,
        model: GroundingDinoForObjectDetection,
        processor: GroundingDinoProcessor,
        device: str,
    ) -> None:
        super().__init__()
        self._model = model
        self._processor = processor
        self._device = device

    @classmethod
    def load(cls) -> Self:
        """With its weights (fetched if need be); half precision on CUDA."""
        from methods import best_device, fetch

        paths = {weight.name.rpartition("/")[2]: fetch(weight) for weight in cls.spec.weights}
        return cls.from_files(paths, best_device())

    @classmethod
    def from_files(cls, paths: Mapping[str, Path], device: str = "cpu") -> Self:
        """From the files of the model hub's layout by their names. Raises WeightsUnavailable."""
        with side_by_side(paths) as folder:
            model, processor = _read(folder, cls.spec)
        return cls(model.to(device), processor, device)

    def answer(self, image: Image, text: str) -> RawAnswer:
        """One forward pass. On CUDA the products are computed in half precision and the
        weights stay in single, because a box in half precision is pixels off."""
        import torch

        inputs = self._processor(
            images=image, text=text, return_tensors="pt", input_data_format="channels_last"
        )
        spans = self._processor.tokenizer(text, return_offsets_mapping=True)["offset_mapping"]
        half = torch.autocast("cuda", torch.float16, enabled=self._device == "cuda")
        with torch.inference_mode(), half:
            output = self._model(**inputs.to(self._device))
        scores = output.logits[0, :, : len(spans)].float().sigmoid()
        return RawAnswer(
            boxes=output.pred_boxes[0].float().cpu().numpy(),
            scores=scores.cpu().numpy(),
            spans=[(int(first), int(last)) for first, last in spans],
        )


def _read(
    folder: Path, spec: DetectorSpec
) -> tuple[GroundingDinoForObjectDetection, GroundingDinoProcessor]:
    """The model in evaluation mode and its processor; no code from the folder is run."""
    from transformers import (
        AutoTokenizer,
        GroundingDinoImageProcessorPil,
        GroundingDinoProcessor,
    )

    try:
        model, report = _model_in(folder)
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        images = GroundingDinoImageProcessorPil.from_pretrained(folder, local_files_only=True)
    except MemoryError:
        raise
    except Exception as error:  # a damaged file makes the readers fail in a dozen ways
        raise unreadable(spec) from error
    if report["missing_keys"] or report["mismatched_keys"]:
        raise unreadable(spec)  # the library would go on with random numbers
    return model.eval(), GroundingDinoProcessor(images, tokenizer)


def _model_in(
    folder: Path,
) -> tuple[GroundingDinoForObjectDetection, Mapping[str, Collection[object]]]:
    """The model and the library's report on what it could not place."""
    import torch
    from transformers import GroundingDinoForObjectDetection
    from transformers.utils import logging

    shown = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        model, report = GroundingDinoForObjectDetection.from_pretrained(
            folder,
            local_files_only=True,
            use_safetensors=True,
            dtype=torch.float32,
            output_loading_info=True,
        )
    finally:
        if shown:
            logging.enable_progress_bar()
    return model, report


@contextmanager
def side_by_side(paths: Mapping[str, Path]) -> Iterator[Path]:
    """A folder with just these files under these names, as the library wants them.

    They may come from different places, since a user can name a file of their own for each.
    """
    with tempfile.TemporaryDirectory(prefix="eraser-lab-") as made:
        folder = Path(made)
        for name, path in paths.items():
            try:
                os.symlink(path.absolute(), folder / name)
            except OSError:  # not every system lets every user make links
                shutil.copyfile(path, folder / name)
        yield folder


def unreadable(spec: DetectorSpec) -> WeightsUnavailable:
    return WeightsUnavailable("weights_unreadable.model", name=spec.name, id=spec.id)


class GroundingDinoTiny(HubDetector):
    """With a Swin-T image encoder; 172 million parameters."""

    spec: ClassVar[DetectorSpec] = DetectorSpec(
        id="grounding_dino_tiny",
        name="Grounding DINO tiny",
        summary=Text("detector.grounding_dino_tiny.summary"),
        paper=PAPER,
        license="Apache-2.0",
        weights=repository("grounding-dino-tiny").weights(),
    )


class GroundingDinoBase(HubDetector):
    """With a Swin-B image encoder; 233 million parameters."""

    spec: ClassVar[DetectorSpec] = DetectorSpec(
        id="grounding_dino_base",
        name="Grounding DINO base",
        summary=Text("detector.grounding_dino_base.summary"),
        paper=PAPER,
        license="Apache-2.0",
        weights=repository("grounding-dino-base").weights(),
    )
