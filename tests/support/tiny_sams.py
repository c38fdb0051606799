"""Small random files of every segmenter, as `tiny_models` has them of the erasers.

The first SAM is built by its package, which knows only the published sizes: `small_vits` makes
it build small ones. MobileSAM has one size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import full_size_sams
from sam_tools import publish, seeded, tiny_sam2_video, tiny_sam3_video, tiny_vit


@contextmanager
def small_vits() -> Iterator[None]:
    """The package's registry with small networks under the names of the large ones."""
    from segment_anything import sam_model_registry

    before = dict(sam_model_registry)
    sam_model_registry.update({kind: lambda: tiny_vit() for kind in before})
    try:
        yield
    finally:
        sam_model_registry.update(before)


def save_vit(file: Path) -> Path:
    """A checkpoint of such a network."""
    import torch

    torch.save(seeded(tiny_vit).state_dict(), file)
    return file


def save_sam2(folder: Path) -> Path:
    """config.json and one file, the memory for videos included."""
    return publish(seeded(tiny_sam2_video), folder)


def save_sam3(folder: Path) -> Path:
    """config.json and one file, the detector included."""
    return publish(seeded(tiny_sam3_video), folder)


SAMS: dict[str, Callable[[Path], object]] = {
    "mobile_sam.pt": partial(full_size_sams.save_mobile_sam, device="cpu"),
    **{name: save_vit for name in full_size_sams.SAMS if name.startswith("sam_vit")},
    **{name: save_sam2 for name in full_size_sams.SAMS if name.startswith("sam2.1")},
    "sam3": save_sam3,
}
"""What to make for each weight file, or folder of them."""
