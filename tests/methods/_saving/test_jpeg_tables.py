"""Huffman tables of a JPEG saved as a JPEG: the standard ones stay, others are made anew."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from methods import Change, MadeBy, SavingWish, load_image, save_result
from methods._saving.jpeg.layout import layout_of


def a_jpeg(mode: str, **chosen: Any) -> bytes:
    noise = np.random.default_rng(4)
    pixels = np.clip(noise.normal(128, 40, (50, 70, 3)), 0, 255).astype(np.uint8)
    file = io.BytesIO()
    Pil.fromarray(pixels).convert(mode).save(file, "JPEG", quality=90, **chosen)
    return file.getvalue()


def tables(data: bytes) -> bytes:
    """All segments of the kind, as they stand in the file."""
    found, place = [], 2
    while data[place + 1] != 0xDA:
        length = int.from_bytes(data[place + 2 : place + 4], "big")
        found += [data[place + 4 : place + 2 + length]] if data[place + 1] == 0xC4 else []
        place += 2 + length
    return b"".join(sorted(found))


def saved(data: bytes) -> bytes:
    photo = load_image(data)
    mask = np.zeros(photo.size, np.bool_)
    mask[9:30, 20:41] = True
    result = np.where(mask[..., None], 255 - photo.rgb, photo.rgb)
    made = save_result(data, Change(result, None, mask), MadeBy("x"), SavingWish("jpeg"))
    assert made.format == "jpeg" and made.coefficients_changed_outside == 0
    return made.data


@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_standard_tables_stay(mode: str) -> None:
    data = a_jpeg(mode)
    assert layout_of(data).standard
    assert tables(saved(data)) == tables(data)


@pytest.mark.parametrize("chosen", [{"optimize": True}, {"progressive": True}], ids=str)
def test_others_are_made_for_what_is_in_the_file(chosen: dict[str, bool]) -> None:
    data = a_jpeg("RGB", **chosen)
    assert not layout_of(data).standard
    assert tables(saved(data)) != tables(a_jpeg("RGB"))


@pytest.mark.parametrize("body", [b"\x00" * 40, b"\x11" + b"\xff" * 16, b"\x00"], ids=len)
def test_tables_that_are_none_are_not_the_standard_ones(body: bytes) -> None:
    data = a_jpeg("RGB")
    segment = b"\xff\xc4" + (len(body) + 2).to_bytes(2, "big") + body
    assert not layout_of(data[:2] + segment + data[2:]).standard
