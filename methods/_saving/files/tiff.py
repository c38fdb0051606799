"""Samples to TIFF, by tifffile: whatever an `Original` can be."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

from methods._saving.metadata.carried import Metadata
from methods._saving.metadata.tiff import tags, with_directories
from methods._saving.samples.original import Original
from methods._system.container import cores

_PHOTOMETRIC = {"grey": "minisblack", "rgb": "rgb", "cmyk": "separated", "lab": "cielab"}


def fits_tiff(original: Original) -> bool:
    """Whether a TIFF can hold its samples as they are: all but a palette with clear places."""
    return not original.has_clear_places


def tiff_of(original: Original, opened: bytes, metadata: Metadata) -> Callable[[], bytes]:
    """What gives a TIFF of samples that `fits_tiff`, which it needs no more."""
    import tifffile

    file = io.BytesIO()
    samples = original.samples.astype(np.bool_) if original.bits == 1 else original.samples
    tifffile.imwrite(
        file,
        samples,
        photometric=_photometric(original),
        extrasamples=_extra(original),
        planarconfig="contig" if samples.ndim == 3 else None,
        colormap=_colormap(original),
        iccprofile=original.icc or None,
        compression="adobe_deflate",
        compressionargs={"level": 1},  # on samples of 16 bits as small as 6, in half the time
        predictor=samples.dtype != np.bool_ and original.palette is None,
        metadata=None,
        software=False,
        extratags=tuple(tags(metadata)),
        resolution=metadata.dpi,
        maxworkers=min(4, cores()),
    )
    return lambda: with_directories(file.getvalue(), metadata)


def _photometric(original: Original) -> str:
    if original.palette is not None:
        return "palette"
    return "miniswhite" if original.inverted else _PHOTOMETRIC[original.space]


def _extra(original: Original) -> tuple[str, ...] | None:
    if not original.alpha:
        return None
    return ("assocalpha",) if original.associated else ("unassalpha",)


def _colormap(original: Original) -> np.ndarray | None:
    if original.palette is None:
        return None
    return original.palette[:, :3].T.astype(np.uint16) * 257
