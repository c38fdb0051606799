"""Photos of which something has to be told: without an end, with more in them, of rare numbers."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pil

from methods import BadInput, Image, load_image


def _ramp(height: int = 80, width: int = 120) -> Image:
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(2).integers(0, 9, (height, width))
    return np.stack((2 * x + noise, 3 * y + noise, x + y), -1).clip(0, 255).astype(np.uint8)


def _saved(kind: str, **options: Any) -> bytes:
    file = io.BytesIO()
    Pil.fromarray(_ramp()).save(file, kind, **options)
    return file.getvalue()


def _notes(data: bytes) -> list[str]:
    return [note.id.removeprefix("note.photo.") for note in load_image(data).notes]


# --- JPEG without its end ----------------------------------------------------------------


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("missing", [1, 2])
def test_a_jpeg_without_its_end_marker_is_whole(progressive: bool, missing: int) -> None:
    data = _saved("JPEG", quality=90, progressive=progressive)
    photo = load_image(data[:-missing])
    assert np.array_equal(photo.rgb, load_image(data).rgb)
    assert [note.id for note in photo.notes] == ["note.photo.no_end"]
    assert load_image(data).notes == ()


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_jpeg_that_is_cut_off_is_refused(progressive: bool, share: float) -> None:
    data = _saved("JPEG", quality=90, progressive=progressive)
    with pytest.raises(BadInput) as caught:
        load_image(data[: int(share * len(data))])
    assert caught.value.code == "file_damaged"


# --- more in the file than is shown ------------------------------------------------------


def _two_pictures() -> bytes:
    return _saved("MPO", save_all=True, append_images=[Pil.fromarray(_ramp(40, 60))])


def test_a_second_picture_in_a_jpeg_is_told() -> None:
    assert _notes(_two_pictures()) == ["first_picture"]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "notes"), [(0x010002, []), (0x020002, ["first_picture"])])
def test_a_preview_in_a_jpeg_is_no_second_picture(order: str, kind: int, notes: list[str]) -> None:
    entries = struct.pack(order + "12xI", 0) + struct.pack(order + "IIIHH", kind, 9, 9, 0, 0)
    index = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "IH", 8, 2)
    index += struct.pack(order + "HHII", 0xB001, 4, 1, 2)
    index += struct.pack(order + "HHII", 0xB002, 7, 32, 38) + bytes(4) + entries
    data = _saved("JPEG")
    segment = b"\xff\xe2" + struct.pack(">H", 6 + len(index)) + b"MPF\0" + index
    assert _notes(data[:2] + segment + data[2:]) == notes


BROKEN = [b"", b"II", b"II*\0\xff\xff\xff\xff", b"MM\0*\0\0\0\x08\xff\xff"]


@pytest.mark.parametrize("index", BROKEN)
def test_a_broken_list_of_pictures_is_passed_over(index: bytes) -> None:
    data = _saved("JPEG")
    segment = b"\xff\xe2" + struct.pack(">H", 6 + len(index)) + b"MPF\0" + index
    assert _notes(data[:2] + segment + data[2:]) == []


@pytest.mark.parametrize(
    "mark",
    [
        b"http://ns.adobe.com/hdr-gain-map/1.0/",
        b"urn:iso:std:iso:ts:21496:-1",
        b"urn:com:apple:photo:2020:aux:hdrgainmap",
    ],
)
def test_a_gain_map_is_told(mark: bytes) -> None:
    """It lies behind the first picture, and says so in its own segment or in the first one's."""
    assert _notes(_two_pictures() + mark) == ["gain_map"]


def _chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


@pytest.mark.parametrize(
    ("cicp", "notes"),
    [
        ((9, 16, 0, 1), ["wide_colors"]),
        ((12, 13, 0, 1), ["wide_colors"]),
        ((1, 18, 0, 1), ["wide_colors"]),
        ((1, 13, 0, 1), []),
        ((), []),
    ],
)
def test_colours_that_a_png_names_by_number_are_told(
    cicp: tuple[int, ...], notes: list[str]
) -> None:
    data = _saved("PNG")
    assert _notes(data[:33] + _chunk(b"cICP", bytes(cicp)) + data[33:]) == notes


# --- rare numbers ------------------------------------------------------------------------


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_transparent_grey_is_named_in_the_files_own_bits(bits: int) -> None:
    levels = np.arange(8) % 2**bits
    packed = np.unpackbits(levels.astype(np.uint8)[:, None], axis=1)[:, 8 - bits :]
    row = b"\0" + np.packbits(packed.ravel()).tobytes()
    head = struct.pack(">IIBBBBB", 8, 2, bits, 0, 0, 0, 0)
    for key in {0, 1, 2**bits - 1}:
        file = b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"tRNS", bytes([0, key]))
        file += _chunk(b"IDAT", zlib.compress(2 * row)) + _chunk(b"IEND", b"")
        photo = load_image(file)
        expected = np.where(levels == key, 0, 255)
        alpha = np.full(8, 255) if photo.alpha is None else photo.alpha[0]
        assert np.array_equal(alpha, expected)


def _tiff(pixels: np.ndarray) -> bytes:
    """An uncompressed TIFF of one strip, whatever its numbers."""
    height, width = pixels.shape[:2]
    colors = 1 if pixels.ndim == 2 else 3
    bits, kind = 8 * pixels.dtype.itemsize, 3 if pixels.dtype.kind == "f" else 1
    start = 8 + 2 + 12 * 10 + 4
    data = start + 12
    many = [(258, bits, start), (339, kind, start + 6)]
    single = {256: width, 257: height, 259: 1, 262: 2 if colors > 1 else 1, 273: data, 277: colors}
    single |= {278: height, 279: pixels.nbytes}
    entries = [struct.pack("<HHII", tag, 4, 1, value) for tag, value in single.items()]
    for tag, value, place in many:
        entries.append(struct.pack("<HHII", tag, 3, colors, value if colors == 1 else place))
    entries.sort(key=lambda entry: struct.unpack_from("<H", entry)[0])
    head = b"II*\0" + struct.pack("<IH", 8, 10) + b"".join(entries) + bytes(4)
    return head + struct.pack("<6H", *[bits] * 3, *[kind] * 3) + pixels.tobytes()


GREY = np.linspace(0, 1, 60).reshape(6, 10)


def test_a_tiff_of_numbers_that_are_not_read_is_refused_for_that() -> None:
    with pytest.raises(BadInput) as caught:
        load_image(_tiff(GREY.astype(np.float64)), name="scan.tif")
    assert caught.value.code == "file_format" and "64 bits" in str(caught.value)


def test_a_tiff_of_floats_in_grey_is_opened() -> None:
    photo = load_image(_tiff(GREY.astype(np.float32)))
    assert np.abs(photo.rgb[..., 1] - 255 * GREY).max() <= 0.51
    colors = (np.dstack([GREY] * 3) * 65535).astype(np.uint16)
    assert np.abs(load_image(_tiff(colors)).rgb[..., 1] - 255 * GREY).max() <= 1.01
