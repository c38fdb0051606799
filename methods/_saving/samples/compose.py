"""A change brought into a file's own samples."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from methods._saving.contract import FileFormat
from methods._saving.samples.fill import colours_for
from methods._saving.samples.original import Original, Samples, expanded, in_planes
from methods._saving.samples.palette import Colours, places_of, with_colours
from methods._saving.samples.patch import Patch


def suited(original: Original, patch: Patch, target: FileFormat) -> Original:
    """The original as it can hold the patch: with its palette, or its one bit, only where these
    have all colours of the patch. Its samples mean the same colours as before. target: TIFF knows
    no palettes with transparent colours."""
    if original.has_clear_places and target == "tiff":
        return expanded(original)
    if original.palette is not None:
        return with_colours(original, _colours_of(patch, original)) or expanded(original)
    if original.bits == 1:
        inside = patch.rgb[patch.mask]
        return original if ((inside == 0) | (inside == 255)).all() else expanded(original)
    return original


def fill_in(original: Original, patch: Patch) -> None:
    """Write the patch into the samples of a `suited` original, where it is masked and nowhere
    else."""
    if original.palette is not None:
        places = places_of(original, _colours_of(patch, original))
        original.samples[patch.box][patch.mask] = places
        return
    for rows, wide in patch.bands():
        own = slice(rows.start - wide.start, rows.stop - wide.start)
        colours = colours_for(patch.rgb[wide], original, patch.top + wide.start)[own]
        _put(original, patch, rows, colours)


def _colours_of(patch: Patch, original: Original) -> Colours:
    """(N, 4) uint8: what the patch has where it is masked, row by row."""
    colours = colours_for(patch.rgb, original)[patch.mask]
    alpha = np.full(len(colours), 255, np.uint8) if patch.alpha is None else patch.alpha[patch.mask]
    return np.column_stack((colours, alpha))


def _put(original: Original, patch: Patch, rows: slice, colours: Samples) -> None:
    """colours: (n, w, C) of the box's `rows`."""
    mask = patch.mask[rows]
    across = slice(patch.left, patch.left + mask.shape[1])
    down = slice(patch.top + rows.start, patch.top + rows.stop)
    into = in_planes(original.samples)[down, across]
    if original.alpha:
        cover = _cover(patch, rows)
        into[..., -1][mask] = _scaled(cover[mask], original)
        if original.associated:
            colours = _covered(colours, cover)
        into[..., :-1][mask] = colours[mask]
    else:
        into[mask] = colours[mask]


def _cover(patch: Patch, rows: slice) -> NDArray[np.uint8]:
    if patch.alpha is None:
        return np.full(patch.mask[rows].shape, 255, np.uint8)
    return patch.alpha[rows]


def _scaled(cover: NDArray[np.uint8], original: Original) -> Samples:
    """Alpha as the file stores it."""
    kind = original.samples.dtype
    scaled = cover * (original.white / 255)
    return (scaled if kind.kind == "f" else np.rint(scaled)).astype(kind)


def _covered(colours: Samples, cover: NDArray[np.uint8]) -> Samples:
    kind = colours.dtype
    scaled = colours * (cover[..., None] / 255)
    return (scaled if kind.kind == "f" else np.rint(scaled)).astype(kind)
