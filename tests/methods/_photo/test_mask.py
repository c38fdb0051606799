"""Mask files: what each kind of them means, and what is said of it."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pil

from methods import BadInput, Limits, Mask, ReadMask, read_mask
from methods._photo.files import load_mask

SIZE = (40, 60)


def saved(pixels: NDArray[Any] | Pil.Image, kind: str = "PNG", **options: Any) -> bytes:
    file = io.BytesIO()
    picture = Pil.fromarray(pixels) if isinstance(pixels, np.ndarray) else pixels
    picture.save(file, kind, **options)
    return file.getvalue()


def ids(read: ReadMask) -> list[str]:
    """Of the notes."""
    return [note.id.removeprefix("note.mask.") for note in read.notes]


def ways(read: ReadMask) -> list[str]:
    """Of all readings."""
    return [each.said.id.removeprefix("note.mask.") for each in read.readings]


def _ramp() -> NDArray[np.uint8]:
    y, x = np.mgrid[0:40, 0:60]
    return np.stack((4 * x, 6 * y, 2 * (x + y)), -1).astype(np.uint8)


def _disc(height: int = 40, width: int = 60) -> NDArray[np.bool_]:
    y, x = np.mgrid[0:height, 0:width]
    return (x - width * 0.4) ** 2 + (y - height * 0.6) ** 2 < (height * 0.3) ** 2


def _layer(color: tuple[int, int, int]) -> Pil.Image:
    """Paint of one colour on a transparent ground."""
    pixels = np.zeros((40, 60, 4), np.uint8)
    pixels[_disc()] = (*color, 255)
    return Pil.fromarray(pixels)


def _masks() -> dict[str, Pil.Image]:
    disc = _disc()
    on_black = np.zeros((40, 60, 3), np.uint8)
    on_black[disc] = (220, 30, 30)
    framed = np.dstack([np.where(disc, 255, 0)] * 3 + [np.full(disc.shape, 255)]).astype(np.uint8)
    framed[:2, :, 3] = 0
    cut_out = np.dstack((_ramp(), np.where(disc, 255, 0).astype(np.uint8)))
    labels = Pil.fromarray(disc.astype(np.uint8))
    classes = labels.convert("P")
    classes.putpalette([0, 0, 0, 128, 0, 0])
    return {
        "bilevel": Pil.fromarray(disc),
        "grey": Pil.fromarray(np.where(disc, 255, 0).astype(np.uint8)),
        "rgb": Pil.fromarray(np.where(disc[..., None], 255, 0).astype(np.uint8).repeat(3, 2)),
        "red on black": Pil.fromarray(on_black),
        "labels 0 and 1": labels,
        "palette of classes": classes,
        "16 bit": Pil.fromarray(np.where(disc, 65535, 0).astype(np.uint16)),
        "16 bit, 0 and 1": Pil.fromarray(disc.astype(np.uint16)),
        "white layer": _layer((255, 255, 255)),
        "black layer": _layer((0, 0, 0)),
        "blue layer": _layer((20, 20, 200)),
        "cut-out object": Pil.fromarray(cut_out),
        "black and white with a transparent edge": Pil.fromarray(framed),
        "grey with alpha": Pil.merge(
            "LA", [Pil.fromarray(np.where(disc, 255, 0).astype(np.uint8))] * 2
        ),
    }


@pytest.mark.parametrize("name", list(_masks()))
def test_what_a_mask_means(name: str) -> None:
    mask = load_mask(saved(_masks()[name], "PNG"), (40, 60))
    assert mask.dtype == np.bool_
    assert not mask.flags.writeable
    assert np.array_equal(mask, _disc())


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "BMP", "GIF"])
def test_mask_formats(kind: str) -> None:
    data = saved(_masks()["grey"].convert("RGB"), kind)
    assert (load_mask(data, (40, 60)) != _disc()).mean() < 0.01


def test_masks_with_nothing_in_them() -> None:
    assert not load_mask(saved(np.zeros((4, 6), np.uint8), "PNG"), (4, 6)).any()
    assert not load_mask(saved(np.zeros((4, 6, 4), np.uint8), "PNG"), (4, 6)).any()
    assert load_mask(saved(np.full((4, 6), 255, np.uint8), "PNG"), (4, 6)).all()


def test_mask_of_another_size_and_the_same_shape() -> None:
    mask = load_mask(saved(_masks()["grey"], "PNG"), (400, 600))
    assert mask.shape == (400, 600)
    assert np.array_equal(mask[5::10, 5::10], _disc())
    assert load_mask(saved(_masks()["grey"], "PNG"), (20, 30)).shape == (20, 30)
    rounded = saved(Pil.new("L", (1024, 768)), "PNG")  # 4000 x 3001 reduced by an editor
    assert load_mask(rounded, (3001, 4000)).shape == (3001, 4000)


@pytest.mark.parametrize("size", [(60, 40), (42, 60), (40, 64), (1, 1), (400, 640)])
def test_mask_of_another_shape_names_both_sizes(size: tuple[int, int]) -> None:
    with pytest.raises(BadInput) as caught:
        load_mask(saved(_masks()["grey"], "PNG"), size)
    assert caught.value.code == "mask_shape"
    assert "60 x 40" in str(caught.value)
    assert f"{size[1]} x {size[0]}" in str(caught.value)
    named = {"mask_width": 60, "mask_height": 40, "photo_width": size[1], "photo_height": size[0]}
    assert caught.value.details == named


def test_mask_is_turned_as_its_exif_says() -> None:
    exif = Pil.Exif()
    exif[0x0112] = 6
    turned = load_mask(saved(_masks()["grey"], "PNG", exif=exif.tobytes()), (60, 40))
    assert np.array_equal(turned, np.rot90(_disc(), -1))


def test_bad_mask_files() -> None:
    for data, code in (
        (b"", "file_empty"),
        (b"text", "file_format"),
        (saved(_disc()), "file_pixels"),
    ):
        with pytest.raises(BadInput) as caught:
            load_mask(data, (40, 60), limits=Limits(megapixels=0.001))
        assert caught.value.code == code


# --- what a person sees in it ------------------------------------------------------------


def _painted(value: Any, dtype: Any = np.uint8, ground: Any = 0) -> NDArray[Any]:
    color = np.atleast_1d(value)
    pixels = np.full((*SIZE, len(color)), ground, dtype)
    pixels[_disc()] = color
    return pixels[..., 0] if len(color) == 1 else pixels


def _voc_cat() -> Pil.Image:
    """Class 8 of Pascal VOC's palette, (64, 0, 0)."""
    picture = Pil.fromarray(_painted(8)).convert("P")
    picture.putpalette([0] * 24 + [64, 0, 0])
    return picture


def _seen_through() -> NDArray[Any]:
    """White on black under an alpha of one level, which tells nothing."""
    pixels = _painted((255, 255, 255, 200))
    pixels[..., 3] = 200
    return pixels


MARKED: dict[str, tuple[NDArray[Any] | Pil.Image, list[str]]] = {
    "brush of 50 %": (_painted((255, 0, 0, 127)), ["opaque", "two_levels"]),
    "brush of 39 %": (_painted((255, 255, 255, 100)), ["opaque", "two_levels"]),
    "a palette's dark colour": (_voc_cat(), ["color"]),
    "dark blue paint": (_painted((0, 0, 120)), ["color"]),
    "grey 100": (_painted(100), ["two_levels"]),
    "12 bits in 16": (_painted(4095, np.uint16), ["two_levels"]),
    "3 on 1": (_painted(3, ground=1), ["two_levels"]),
    "alpha of one level": (_seen_through(), []),
}


@pytest.mark.parametrize("name", list(MARKED))
def test_the_marked_one_counts_and_is_told(name: str) -> None:
    picture, notes = MARKED[name]
    read = read_mask(saved(picture), SIZE)
    assert np.array_equal(read.mask, _disc())
    assert ids(read) == notes
    assert len(read.readings) == 1


@pytest.mark.parametrize("name", ["bilevel", "grey", "rgb", "16 bit"])
def test_of_black_and_white_nothing_need_be_said(name: str) -> None:
    assert read_mask(saved(_masks()[name]), SIZE).notes == ()


def test_a_label_map_can_be_read_whole_or_by_label() -> None:
    labels = _painted(3)
    labels[:4, :6] = 7
    read = read_mask(saved(labels), SIZE)
    assert ways(read) == ["labels", "label", "label"] and ids(read) == ["labels"]
    assert "3, 7" in read.notes[0].en
    assert np.array_equal(read.mask, labels > 0)
    assert np.array_equal(read.readings[1].mask, labels == 3)
    assert np.array_equal(read.readings[2].mask, labels == 7)


def test_another_reading_is_taken_with_its_own_notes() -> None:
    labels = _painted(3, ground=0)
    labels[:4, :6] = 7
    read = read_mask(saved(labels), (80, 120))
    taken = read.taking(2)
    assert read.taking(1) is read and ids(read) == ["labels", "resized"]
    assert ids(taken) == ["label", "resized"] and ways(taken) == ["label", "labels", "label"]
    assert np.array_equal(taken.mask, read.readings[1].mask)


@pytest.mark.parametrize("number", [0, 4])
def test_a_reading_that_there_is_not_is_refused(number: int) -> None:
    labels = _painted(3)
    labels[:4, :6] = 7
    with pytest.raises(BadInput, match="2: Label 3 alone is erased") as refused:
        read_mask(saved(labels), SIZE).taking(number, "labels.png")
    assert refused.value.code == "no_such_reading"
    assert "labels.png" in refused.value.sentence.said("zh")


def test_classes_of_a_palette_are_all_marked() -> None:
    picture = np.zeros((*SIZE, 3), np.uint8)
    picture[_disc()] = (128, 0, 0)
    picture[:4, :6] = (64, 0, 0)
    assert np.array_equal(read_mask(saved(picture), SIZE).mask, picture.any(axis=2))


def test_black_on_white_can_be_read_the_other_way_round() -> None:
    read = read_mask(saved(_painted(0, ground=255)), SIZE)
    assert np.array_equal(read.mask, ~_disc()) and ways(read) == ["white", "black"]
    assert np.array_equal(read.readings[1].mask, _disc()) and "large" in ids(read)


def test_a_large_object_inside_the_photo_means_itself() -> None:
    large = np.zeros(SIZE, np.uint8)
    large[3:37, 3:57] = 255
    assert read_mask(saved(large), SIZE).notes == ()


def test_a_hole_in_the_alpha_can_be_what_is_meant() -> None:
    """As picture editing services mark what they shall fill."""
    read = read_mask(saved(np.dstack((_ramp(), np.where(_disc(), 0, 255).astype(np.uint8)))), SIZE)
    assert ways(read) == ["opaque", "transparent"]
    assert np.array_equal(read.readings[1].mask, _disc())


def test_what_a_threshold_leaves_out_is_told_and_offered() -> None:
    soft = np.zeros(SIZE, np.uint8)
    soft[10:20, 10:20] = 255
    soft[10:20, 20:50] = np.arange(30, 60)[None]
    read = read_mask(saved(soft), SIZE)
    assert ids(read) == ["threshold", "faint"] and ways(read) == ["threshold", "not_black"]
    assert int(read.mask.sum()) == 100 and int(read.readings[1].mask.sum()) == 400
    assert "75 %" in read.notes[1].en


def test_a_dim_soft_mask_is_cut_at_half_of_its_own_height() -> None:
    dim = np.repeat(np.arange(60, dtype=np.uint8)[None], 40, axis=0)
    assert np.array_equal(read_mask(saved(dim), SIZE).mask, dim >= 29.5)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_the_noise_of_a_lossy_format_marks_nothing(kind: str) -> None:
    noise = np.random.default_rng(1).integers(0, 12, (*SIZE, 3)).astype(np.uint8)
    read = read_mask(saved(noise, kind, quality=80), SIZE, name="black.x")
    assert not read.mask.any() and ids(read) == ["empty"] and "black.x" in read.notes[0].en


def test_hidden_colours_of_a_clear_layer_mark_nothing() -> None:
    clear = np.full((*SIZE, 4), 255, np.uint8)
    clear[..., 3] = 0
    assert not read_mask(saved(clear), SIZE).mask.any()


# --- another size ------------------------------------------------------------------------


def test_areas_survive_a_reduction() -> None:
    """Half of a cell counts where the nearest pixel would not, and a third not where it would."""
    edge = np.zeros((400, 600), np.uint8)
    edge[:, 102:300] = 255  # half of column 25 once reduced; its middle is 102
    edge[:, 302] = 255  # a quarter of column 75, and its middle
    small = read_mask(saved(edge), (100, 150)).mask
    columns = np.arange(150)
    assert np.array_equal(small, np.repeat(((columns >= 25) & (columns < 75))[None], 100, axis=0))


def test_pieces_that_a_reduction_loses_are_told_and_offered() -> None:
    fine: Mask = np.zeros((400, 600), np.bool_)
    fine[100:200, 100:200] = True
    fine[300, 10:500] = True
    fine[50, 400] = True
    read = read_mask(saved(fine), (100, 150))
    assert ids(read) == ["resized", "pieces_lost"] and ways(read) == ["white", "every_piece"]
    assert "2 pieces" in read.notes[1].en
    assert int(read.mask.sum()) == 25 * 25
    assert read.readings[1].mask[75, 10] and read.readings[1].mask[12, 100]
