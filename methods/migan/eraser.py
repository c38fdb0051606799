"""MI-GAN: a small trained network that fills a hole in one pass.

Paper: Sargsyan, Navasardyan, Xu, Shi, "MI-GAN: A Simple Baseline for Image Inpainting on
Mobile Devices", ICCV 2023. The weights are the authors' 512-pixel Places2 network, exported
by them to ONNX together with its preparation and its soft blending. On a CPU onnxruntime runs
that file; on a GPU the same weights run in PyTorch (`migan.network`), with the same result.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from methods._base import (
    Canvas,
    DeviceName,
    Eraser,
    EraserSpec,
    Image,
    Mask,
    Paper,
    Progress,
    Settings,
    Text,
    WeightsUnavailable,
)
from methods._system.container import cores
from methods._system.memory import is_out_of_memory
from methods._weights.pins.manifest import weight_file
from methods._weights.store import find_weights
from methods._weights.tensor_file import unreadable

if TYPE_CHECKING:
    from pathlib import Path

    import torch
    from numpy.typing import NDArray

PIPELINE = weight_file("migan")

FADE = 3
"""Depth in pixels to which the pipeline mixes its fill with what was there: measured 66, 35
and 11 % of the old picture at a depth of 1, 2 and 3 inside the hole, none beyond."""

Pipeline: TypeAlias = "Callable[[NDArray[np.uint8], NDArray[np.uint8]], NDArray[np.uint8]]"
"""Picture (1, 3, 512, 512) and mask (1, 1, 512, 512), 0 = hole and 255 elsewhere, to a picture."""

_MOST_THREADS = 8  # beyond this a network of 6 M parameters gets no faster


class MiGan(Eraser[Settings]):
    """The pipeline, always called at 512 x 512: its time does not depend on the photo."""

    spec = EraserSpec(
        id="migan",
        name="MI-GAN",
        summary=Text("eraser.migan.summary"),
        paper=Paper(
            "MI-GAN: A Simple Baseline for Image Inpainting on Mobile Devices",
            "https://openaccess.thecvf.com/content/ICCV2023/papers/Sargsyan_MI-GAN_A_Simple_"
            "Baseline_for_Image_Inpainting_on_Mobile_Devices_ICCV_2023_paper.pdf",
            2023,
        ),
        license="MIT",
        seeded=False,
        default=True,
        weights=(PIPELINE,),
        canvas=Canvas(square=512, context=0.5, min_context=128, pieces=48),
        memory=500_000_000,  # mostly buffers that onnxruntime keeps after the first call
        rank=10,
        notes=(Text("eraser.migan.note.1"),),
    )

    def __init__(self) -> None:
        self._pipeline: Pipeline | None = None

    def load(self, device: DeviceName, dtype: torch.dtype | None = None) -> None:
        """Read the network; its precision is its own (float32 inside, uint8 outside)."""
        path = find_weights(PIPELINE)
        if path is None:
            raise WeightsUnavailable(
                "weights_missing.of", eraser=self.spec.id, title=self.spec.name
            )
        self._pipeline = _with_onnx(path) if device == "cpu" else _with_torch(path, device)

    def unload(self) -> None:
        """Drop the network."""
        self._pipeline = None

    def erase(
        self, image: Image, mask: Mask, settings: Settings, seed: int, progress: Progress
    ) -> Image:
        """One pass. The pipeline's mask is 0 in the hole and 255 outside it."""
        assert self._pipeline is not None
        pixels = np.ascontiguousarray(_covered(image, mask).transpose(2, 0, 1)[None])
        keep = np.where(mask, 0, 255).astype(np.uint8)[None, None]
        result = self._pipeline(pixels, keep)
        progress(1, 1)
        return np.ascontiguousarray(result[0].transpose(1, 2, 0))


def _with_onnx(path: Path) -> Pipeline:
    """Raises Unavailable for a file that is not such a network."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = min(cores(), _MOST_THREADS)
    # Waiting threads sleep: measured a fifth less CPU time for the same seconds.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Half the memory (430 MB, not 840) at the same speed, measured.
    options.enable_mem_pattern = False
    try:
        session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )
    except Exception as error:  # onnxruntime's errors have no common base
        if is_out_of_memory(error):
            raise
        raise unreadable(path.name) from error
    return lambda image, known: session.run(["result"], {"image": image, "mask": known})[0]


def _with_torch(path: Path, device: DeviceName) -> Pipeline:
    """Raises Unavailable for a file that is not such a network."""
    from methods.migan.network import MiganPipeline, migan_from, state_of_pipeline
    from methods.migan.onnx_weights import read_onnx

    try:
        network = migan_from(state_of_pipeline(read_onnx(path)))
    except (KeyError, RuntimeError, ValueError) as error:
        raise unreadable(path.name) from error
    return MiganPipeline(network, device)


def _covered(image: Image, mask: Mask) -> Image:
    """The picture with the rim of the hole painted over with what lies around it.

    The pipeline mixes its fill with what was there before (see FADE), so a rim of the
    object would shine through. Masking more instead would give the network a larger hole.
    """
    import cv2

    known = (~mask).astype(np.float32)
    size = (2 * FADE + 3, 2 * FADE + 3)
    share = cv2.blur(known, size)[..., None]
    colors = cv2.blur(image * known[..., None], size) / np.maximum(share, 1e-6)
    return np.where(mask[..., None], np.rint(colors), image).astype(np.uint8)
