"""Results saved in the closed room: the same files as without it, and no more than that."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from broken_files import broken_files
from methods import (
    BadInput,
    Change,
    Limits,
    MadeBy,
    SavedFile,
    SavingWish,
    UserError,
    decoding_by,
    load_image,
    save_result,
)
from methods._workers.closed.reading import believed, saved_told
from methods._workers.closed.room import Room
from methods._workers.closed.talk import Told, ToldSaved, sent
from sample_files import KINDS, made
from tiers import rest_is_slow

BY = MadeBy("Eraser Lab 1", ("telea, radius 5", "擦除"))


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with Room() as opened:
        yield opened


@pytest.mark.parametrize("kind", rest_is_slow(sorted(KINDS), 6))
def test_a_result_is_the_same_as_here(room: Room, kind: str) -> None:
    """Also that all of a format's code is there before the room is closed."""
    noise = np.random.default_rng(4)
    file = made(kind, noise, (20, 24))
    photo = load_image(file.data)
    mask = np.zeros(photo.size, np.bool_)
    mask[3:9, 5:15] = True
    change = Change(np.where(mask[..., None], 255 - photo.rgb, photo.rgb), photo.alpha, mask)
    for wish in (SavingWish(), SavingWish(format="tiff")):
        here = save_result(file.data, change, BY, wish)
        with decoding_by(room):
            there = save_result(file.data, change, BY, wish)
        assert there.data == here.data and there.format == here.format
        assert (there.notes, there.removed) == (here.notes, here.removed)
        assert there.samples_changed_outside == here.samples_changed_outside
        assert nothing_changed(there)


def nothing_changed(saved: SavedFile) -> bool:
    """Outside the mask, in samples; of a JPEG whose blocks were kept, outside these."""
    if saved.coefficients_changed_outside is None:
        return saved.samples_changed_outside == 0
    return saved.format == "jpeg" and saved.coefficients_changed_outside == 0


def test_what_is_refused_is_the_same_as_here(room: Room) -> None:
    data = made("png, 3 x 8", np.random.default_rng(4), (20, 24)).data
    photo, mask = load_image(data), np.ones((20, 24), np.bool_)
    change = Change(photo.rgb, None, mask)
    other = Change(photo.rgb[:9], None, mask[:9])
    cases = [
        (data[:-200], change, Limits()),
        (data, other, Limits()),
        (data, change, Limits(megapixels=1e-5)),
        (data, change, Limits(megabytes=1e-5)),
    ]
    for file, changed, limits in cases:
        said = []
        for decoder in (room, None):
            with pytest.raises(BadInput) as caught:
                if decoder is None:
                    save_result(file, changed, BY, name="x.png", limits=limits)
                else:
                    with decoding_by(decoder):
                        save_result(file, changed, BY, name="x.png", limits=limits)
            said.append((caught.value.code, caught.value.details))
        assert said[0] == said[1]


def test_nonsense_from_inside_is_a_sentence() -> None:
    answer = sent(
        Told(
            it=ToldSaved(
                format="png",
                samples_changed_outside=0,
                coefficients_changed_outside=None,
                removed=(),
                holds=(),
                notes=(),
            )
        )
    )
    for said, memory in (
        (answer, b""),
        (answer[:-9], b"x"),
        (answer.replace(b"png", b"exe"), b"x"),
    ):
        with pytest.raises(BadInput) as caught, believed("a.png"):
            saved_told(said, memory, "a.png")
        assert caught.value.code == "decoder_crashed"


@pytest.mark.slow
def test_damaged_files_that_still_open_are_saved_or_refused(room: Room) -> None:
    """Decoders of all samples look at them where so far only those of the seen picture did."""
    saved = 0
    for name, data in broken_files(160, seed=8):
        try:
            with decoding_by(room):
                photo = load_image(data)
        except UserError:
            continue
        mask = np.zeros(photo.size, np.bool_)
        mask[: photo.size[0] // 2] = True
        change = Change(255 - photo.rgb, photo.alpha, mask)
        try:
            with decoding_by(room):
                result = save_result(data, change, BY)
        except BadInput as error:
            assert error.code.startswith("file_"), name
            continue
        assert nothing_changed(result), name
        saved += 1
    assert saved > 20
