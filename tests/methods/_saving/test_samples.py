"""All kinds of files: saved, read by others, and compared with what they held."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from methods import (
    BadInput,
    Change,
    MadeBy,
    SavedFile,
    SavingWish,
    formats_for,
    load_image,
    save_result,
)
from sample_files import KINDS, Made, Samples, made, stored, tiff_bytes
from tiers import EXAMPLES

BY = MadeBy("Eraser Lab 1", ("telea, radius 5",))


def erased(file: Made, mask: np.ndarray, noise: np.random.Generator, wish: SavingWish) -> SavedFile:
    """The result of an eraser that paints noise. Of a JPEG that stays one, blocks are kept, not
    samples: other tests' business. Inks become TIFF then."""
    if file.saved_as == "jpeg" and wish.format == "auto":
        wish = SavingWish(format="png")
    photo = load_image(file.data)
    result = photo.rgb.copy()
    result[mask] = noise.integers(0, 256, (int(mask.sum()), 3))
    return save_result(file.data, Change(result, photo.alpha, mask), BY, wish)


def same_outside(file: Made, saved: SavedFile, mask: np.ndarray) -> bool:
    """Each sample of the file is in what was saved, bit for bit."""
    held, now = file.samples, stored(saved.data)
    if file.deeper and saved.format != "avif":
        now = now >> file.deeper
    if held.shape[2] == 3 and now.shape[2] == 4:  # a colour that meant transparent, now alpha
        now = now[..., :3]
    if held.shape[2] == 4 and now.shape[2] == 3:
        assert (held[..., 3] == 255).all()
        held = held[..., :3]
    return bits(held[~mask]) == bits(now[~mask])


def bits(samples: Samples) -> bytes:
    return repr(samples.dtype.kind).encode() + np.ascontiguousarray(samples).tobytes()


@settings(max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.sampled_from(sorted(KINDS)),
    st.tuples(st.integers(2, 40), st.integers(2, 40)),
    st.integers(0, 2**32),
    st.sampled_from([0.0, 0.02, 0.5, 1.0]),
    st.sampled_from(["auto", "png", "tiff", "webp", "avif"]),
)
def test_nothing_outside_the_mask_differs(
    kind: str, size: tuple[int, int], seed: int, part: float, wanted: str
) -> None:
    noise = np.random.default_rng(seed)
    file = made(kind, noise, size)
    if kind == "jpeg" and wanted == "auto":
        wanted = "png"  # test_jpeg.py has those that stay JPEGs
    mask = noise.random(file.samples.shape[:2]) < part
    saved = erased(file, mask, noise, SavingWish(format=wanted))  # type: ignore[arg-type]
    assert saved.samples_changed_outside == 0
    assert same_outside(file, saved, mask)


@pytest.mark.parametrize("kind", sorted({*KINDS} - {"jpeg"}))
def test_it_is_saved_as_it_was(kind: str) -> None:
    noise = np.random.default_rng(5)
    file = made(kind, noise, (24, 20))
    mask = np.zeros(file.samples.shape[:2], np.bool_)
    mask[4:12, 3:9] = True
    saved = erased(file, mask, noise, SavingWish())
    assert file.saved_as == formats_for(file.data)[0]
    assert saved.format == file.saved_as or kind == "jpeg, inks"
    assert same_outside(file, saved, mask)
    assert not same_outside(file, saved, np.zeros_like(mask)), "nothing was filled in"


# --- what is not read, and what is not kept, with the sentence for it ----------------------------


def sixteen(*shape: int) -> Samples:
    return np.random.default_rng(1).integers(0, 4096, shape).astype(np.uint16)


UNREAD: dict[str, tuple[Callable[[], bytes], str]] = {
    "a palette of 16 bits": (
        lambda: tiff_bytes(sixteen(9, 9), photometric="palette", colormap=sixteen(3, 1 << 16)),
        "file_format.layout",
    ),
    "fractions of inks": (
        lambda: tiff_bytes(sixteen(9, 9, 4).astype(np.float32), photometric="separated"),
        "file_format.samples",
    ),
    "fractions of 64 bits": (
        lambda: tiff_bytes(sixteen(9, 9, 3).astype(np.float64), photometric="rgb"),
        "file_format.samples",
    ),
    "wide numbers of L*a*b*": (
        lambda: tiff_bytes(sixteen(9, 9, 3).astype(np.uint32), photometric="cielab"),
        "file_format.samples",
    ),
    "cut off": (
        lambda: tiff_bytes(sixteen(99, 99), photometric="minisblack")[:-999],
        "file_damaged",
    ),
}


@pytest.mark.parametrize("name", UNREAD)
def test_what_is_not_read_is_a_sentence(name: str) -> None:
    make, code = UNREAD[name]
    with pytest.raises(BadInput) as caught:
        load_image(make())
    assert caught.value.sentence.id == f"error.{code}" and "保存" in caught.value.sentence.said(
        "zh"
    )


def test_further_channels_are_said_to_be_left() -> None:
    laid = sixteen(20, 20, 5).astype(np.uint8)
    kinds = ["unassalpha", "unspecified"]
    data = tiff_bytes(laid, photometric="rgb", extrasamples=kinds)
    saved = erased(Made(data, laid, "tiff"), np.zeros((20, 20), np.bool_), noise(), SavingWish())
    assert [note.id for note in saved.notes] == ["note.saving.eight_bits"]
    assert np.array_equal(stored(saved.data)[..., :3], load_image(data).rgb)


def noise() -> np.random.Generator:
    return np.random.default_rng(7)


def test_several_pictures_are_said_to_be_left() -> None:
    pages = sixteen(2, 20, 20)
    data = tiff_bytes(pages, photometric="minisblack")
    saved = erased(
        Made(data, pages[0, ..., None], "tiff"), np.zeros((20, 20), np.bool_), noise(), SavingWish()
    )
    assert [note.id for note in saved.notes] == ["note.saving.first_picture"]
    assert np.array_equal(stored(saved.data)[..., 0], pages[0])


def test_a_format_that_cannot_hold_it_is_said() -> None:
    file = made("tiff, inks 16", noise(), (20, 20))
    mask = np.zeros((20, 20), np.bool_)
    for wanted in ("png", "webp", "jpeg", "avif"):
        saved = erased(file, mask, noise(), SavingWish(format=wanted))  # type: ignore[arg-type]
        assert saved.format == "tiff" and wanted in str(saved.notes[-1])
    assert formats_for(file.data) == ("tiff",)


def test_what_a_png_says_of_its_colours_stays() -> None:
    """Gamma, primaries, HDR's numbers: as chunks that were there before, in a file of 16 bits."""
    said = {b"gAMA": b"\0\0\xb1\x8f", b"cICP": b"\x09\x10\0\1", b"cHRM": bytes(32)}
    plain = made("png, 3 x 16", noise(), (20, 20))
    data = plain.data
    for name, content in said.items():
        crc = zlib.crc32(name + content)
        chunk = struct.pack(">I", len(content)) + name + content + struct.pack(">I", crc)
        data = data[:33] + chunk + data[33:]
    file = Made(data, plain.samples, "png")
    saved = erased(file, np.zeros((20, 20), np.bool_), noise(), SavingWish())
    assert all(name + content in saved.data for name, content in said.items())
    assert b"sRGB" not in saved.data


def test_wide_colours_of_ten_bits_are_named_in_a_png() -> None:
    """A HEIC in HLG's curve over BT.2020's primaries, and how many bits count."""
    laid = sixteen(20, 20, 3).astype(np.uint16) << 4
    file = io.BytesIO()
    pillow_heif.from_bytes("RGB;16", (20, 20), laid.tobytes()).save(
        file, quality=90, color_primaries=9, transfer_characteristics=18, matrix_coefficients=9
    )
    photo = load_image(file.getvalue())
    change = Change(photo.rgb, None, np.zeros((20, 20), np.bool_))
    saved = save_result(file.getvalue(), change, BY)
    assert b"cICP\x09\x12\0\1" in saved.data and b"sBIT\x0a\x0a\x0a" in saved.data
