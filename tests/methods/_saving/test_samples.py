"""All kinds of files: saved, read by others, and compared with what they held."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from methods import Change, MadeBy, SavedFile, SavingWish, formats_for, load_image, save_result
from sample_files import KINDS, Made, Samples, made, stored

BY = MadeBy("Eraser Lab 1", ("telea, radius 5",))


def erased(file: Made, mask: np.ndarray, noise: np.random.Generator, wish: SavingWish) -> SavedFile:
    """The result of an eraser that paints noise."""
    photo = load_image(file.data)
    result = photo.rgb.copy()
    result[mask] = noise.integers(0, 256, (int(mask.sum()), 3))
    return save_result(file.data, Change(result, photo.alpha, mask), BY, wish)


def same_outside(file: Made, saved: SavedFile, mask: np.ndarray) -> bool:
    """Each sample of the file is in what was saved, bit for bit."""
    held, now = file.samples, stored(saved.data)
    if file.deeper:
        now = now >> file.deeper
    if held.shape[2] == 3 and now.shape[2] == 4:  # a colour that meant transparent, now alpha
        now = now[..., :3]
    if held.shape[2] == 4 and now.shape[2] == 3:
        assert (held[..., 3] == 255).all()
        held = held[..., :3]
    return bits(held[~mask]) == bits(now[~mask])


def bits(samples: Samples) -> bytes:
    return repr(samples.dtype.kind).encode() + np.ascontiguousarray(samples).tobytes()


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(KINDS)),
    st.tuples(st.integers(2, 40), st.integers(2, 40)),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.02, 0.5, 1.0]),
    st.sampled_from(["auto", "png", "tiff", "webp"]),
)
def test_nothing_outside_the_mask_differs(
    kind: str, size: tuple[int, int], seed: int, part: float, wanted: str
) -> None:
    noise = np.random.default_rng(seed)
    file = made(kind, noise, size)
    mask = noise.random(file.samples.shape[:2]) < part
    saved = erased(file, mask, noise, SavingWish(format=wanted))  # type: ignore[arg-type]
    assert saved.samples_changed_outside == 0
    assert same_outside(file, saved, mask)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_it_is_saved_as_it_was(kind: str) -> None:
    noise = np.random.default_rng(5)
    file = made(kind, noise, (24, 20))
    mask = np.zeros(file.samples.shape[:2], np.bool_)
    mask[4:12, 3:9] = True
    saved = erased(file, mask, noise, SavingWish())
    assert saved.format == file.saved_as == formats_for(file.data)[0]
    assert same_outside(file, saved, mask)
    assert not same_outside(file, saved, np.zeros_like(mask)), "nothing was filled in"
