"""SAM's later generations (2.1 and 3) as the transformers library has them.

The library's `get_image_embeddings` looks at a photo and its `forward` answers prompts. What
its processors do around that is a few lines on tensors here, without their copies of a large
photo: it is squeezed to a square without padding, points are scaled along each axis, and the
logits cover exactly the photo. Tests hold both ways equal.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, NamedTuple, Self

from methods import Image
from segmentation._prompts.prompts import PromptedObject
from segmentation._sam.checkpoint import unreadable
from segmentation._sam.family import SamFamily
from segmentation._segmenter import Embedding, Frame, SegmenterSpec

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from transformers import BaseImageProcessor, PreTrainedConfig, PreTrainedModel
    from transformers.utils import ModelOutput


class Library(NamedTuple):
    """The library's classes for one generation: its model, configuration and photo processor."""

    model: type[PreTrainedModel]
    config: type[PreTrainedConfig]
    processor: type[BaseImageProcessor]


class HubSam(SamFamily):
    """A loaded model of the library behind the common interface.

    model: in evaluation mode, in main memory, and given away. device: where it is to work.
    processor: the library's class, for its colours. half: see `SamFamily`.
    """

    spec: ClassVar[SegmenterSpec]

    def __init__(
        self,
        model: PreTrainedModel,
        processor: type[BaseImageProcessor],
        device: str = "cpu",
        *,
        half: bool = False,
    ) -> None:
        import torch

        super().__init__(torch.device(device), half=half)
        self._model = model.requires_grad_(False).to(self._decoding_device)
        self._side = int(model.config.prompt_encoder_config.image_size)
        self._mean, self._std = processor.image_mean, processor.image_std
        self._place_encoder()

    @staticmethod
    @abstractmethod
    def library() -> Library:
        """Import the classes of this generation."""

    @classmethod
    def load(cls) -> Self:
        """With its weights (fetched if need be), on the best device; half precision on CUDA."""
        from methods import best_device, fetch

        config, network = (fetch(weight) for weight in cls.spec.weights)
        return cls.from_files(config, network, best_device())

    @classmethod
    def from_files(
        cls, config: Path, network: Path, device: str = "cpu", *, half: bool | None = None
    ) -> Self:
        """With a config.json and a .safetensors file. half: None = on CUDA only.

        Raises WeightsUnavailable when they are not the parts of such a model.
        """
        library = cls.library()
        model = _read_model(library, config, network, cls.spec.name)
        return cls(
            model, library.processor, device, half=device == "cuda" if half is None else half
        )

    def _place_encoder(self) -> None:
        """The image encoder to its own device and precision; what it returns comes back from
        both, for the layers around it."""
        encoder = self._model.vision_encoder.to(self._device)
        for weight in encoder.parameters():  # not the buffers: they hold angles, which need float32
            weight.data = weight.data.to(self._dtype)
        encoder.register_forward_hook(lambda _module, _inputs, output: self._returned(output))

    def _returned(self, output: ModelOutput) -> ModelOutput:
        for name in ("fpn_hidden_states", "fpn_position_encoding"):
            maps = tuple(part.to(self._decoding_device).float() for part in output[name])
            setattr(output, name, maps)
        return output

    def _widen(self) -> None:
        self._model.vision_encoder.float()

    def _features(self, image: Image) -> tuple[torch.Tensor, ...]:
        """Three tensors, from fine to coarse: (1, C, side / 4, side / 4), / 8 and / 16 or so."""
        return tuple(self._model.get_image_embeddings(self._pixels(image)))

    def _pixels(self, image: Image) -> torch.Tensor:
        """(1, 3, side, side): antialiased bilinear on uint8, then normalised.

        A (H, W, 3) photo is taken as it lies in memory, which is many times quicker than
        making planes of it first.
        """
        import torch
        from torchvision.transforms.v2 import functional

        photo = torch.tensor(image).permute(2, 0, 1)
        small = functional.resize(photo, [self._side, self._side], antialias=True)
        pixels = functional.to_dtype(small.to(self._device), torch.float32, scale=True)
        pixels = functional.normalize(pixels, list(self._mean), list(self._std))
        return pixels[None].to(self._dtype)

    def _frame(self, size: tuple[int, int], logits: tuple[int, int]) -> Frame:
        return Frame(None, logits)

    def _decode(
        self, embedding: Embedding, prompted: PromptedObject
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """(3, h, w) logits and (3,) predicted IoU."""
        import torch

        scale = (self._side / embedding.size[1], self._side / embedding.size[0])
        with torch.inference_mode():
            points, labels, box = self._prompt_tensors(prompted, scale)
            answer = self._model(
                image_embeddings=[part.to(self._decoding_device) for part in embedding.data],
                input_points=None if points is None else points[None, None],
                input_labels=None if labels is None else labels[None, None],
                input_boxes=None if box is None else box[None, None],
                multimask_output=True,
            )
            return answer.pred_masks[0, 0].cpu().numpy(), answer.iou_scores[0, 0].cpu().numpy()


def _read_model(library: Library, config: Path, network: Path, name: str) -> PreTrainedModel:
    """The model on the CPU, in float32; every one of its weights comes from the file."""
    import torch
    from safetensors.torch import load_file

    try:
        settings = library.config.from_dict(json.loads(config.read_text("utf-8")))
    except Exception as error:  # the library checks values in many ways of its own
        raise unreadable(config.name, name) from error
    try:
        with _quiet():
            model, report = library.model.from_pretrained(
                None,
                config=settings,
                state_dict=load_file(network),
                dtype=torch.float32,
                attn_implementation="sdpa",  # whatever the file asks for: that may be code to fetch
                output_loading_info=True,
            )
    except MemoryError:
        raise
    except Exception as error:  # as above, and safetensors has errors of its own
        raise unreadable(network.name, name) from error
    if report["missing_keys"]:  # the library would leave them at random values
        raise unreadable(network.name, name)
    return model.eval()


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the library's progress bar and its remarks on parts that are not used here."""
    from transformers.utils import logging

    level, bar = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity_error()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        logging.set_verbosity(level)
        if bar:
            logging.enable_progress_bar()
