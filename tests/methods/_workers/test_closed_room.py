"""Files of strangers in the closed room: the same pixels, and nothing worse than a sentence."""

from __future__ import annotations

import io
import logging
import mmap
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import psutil
import pytest
from PIL import Image as Pil

from closed_toys import KEEPER, UNTOLD
from methods import (
    BadInput,
    Image,
    Limits,
    Unavailable,
    UserError,
    decoding_by,
    load_image,
    make_room,
    png_bytes,
    read_mask,
)
from methods._workers.closed.line import Line, NotBegun
from methods._workers.closed.memory import Memory
from methods._workers.closed.room import Room, bounds_of
from methods._workers.closed.talk import Bounds
from runner_tools import wait_until


def narrow(limits: Limits) -> Bounds:
    """A second of computing, a tenth of a gigabyte."""
    return bounds_of(limits).model_copy(update={"seconds": 1, "memory": 10**8})


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    """With a decoder that does what the file says."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(UNTOLD, "secret")
        with Room(narrow, partial(Line, KEEPER)) as made:
            made._warm_up()
            yield made


@pytest.fixture
def image() -> Image:
    return np.random.default_rng(1).integers(0, 256, (9, 12, 3)).astype(np.uint8)


def saved(pixels: np.ndarray, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    Pil.fromarray(pixels).save(file, kind, **options)
    return file.getvalue()


def refused(room: Room, data: bytes) -> UserError:
    with pytest.raises(UserError) as caught, decoding_by(room):
        load_image(data, name="a.png")
    assert "打" in caught.value.sentence.said("zh") or caught.value.code.startswith("file_")
    return caught.value


def is_back(room: Room, image: Image) -> bool:
    with decoding_by(room):
        return np.array_equal(load_image(png_bytes(image)).rgb, image)


# --- what comes back -----------------------------------------------------------------------


def test_photos_are_the_same_as_here(room: Room, image: Image) -> None:
    alpha = np.dstack((image, np.arange(108, dtype=np.uint8).reshape(9, 12)))
    sideways = Pil.Exif()
    sideways[274] = 6
    files = [
        saved(image, "JPEG", exif=sideways),
        saved(alpha, "PNG"),
        saved(image[..., 0].astype(np.uint16) * 257, "PNG"),
        saved(image, "TIFF"),
        saved(alpha, "WEBP"),
        saved(image, "GIF"),
    ]
    for data in files:
        here = load_image(data, name="照片.x")
        with decoding_by(room):
            there = load_image(data, name="照片.x")
        assert (there.key, there.notes, there.name) == (here.key, here.notes, here.name)
        assert there.format == here.format and not there.rgb.flags.writeable


def test_masks_are_the_same_as_here(room: Room) -> None:
    half = np.repeat(np.array([0, 90, 200], np.uint8), 36).reshape(9, 12)
    for data in (saved(half, "PNG"), saved(half.astype(np.uint16) * 99, "PNG"), saved(half, "BMP")):
        for size in ((9, 12), (18, 24)):
            here = read_mask(data, size, name="m.png")
            with decoding_by(room):
                there = read_mask(data, size, name="m.png")
            assert there.notes == here.notes and len(there.readings) == len(here.readings)
            for one, other in zip(there.readings, here.readings, strict=True):
                assert one.said == other.said and np.array_equal(one.mask, other.mask)
                assert one.mask.dtype == np.bool_ and not one.mask.flags.writeable


def test_what_a_file_is_refused_for_is_the_same_as_here(room: Room, image: Image) -> None:
    png, small = png_bytes(image), Limits(megapixels=1e-5)
    for data, limits in ((b"nothing", None), (png[:60], None), (png, small)):
        said = []
        for decoder in (room, None):
            with pytest.raises(BadInput) as caught:
                if decoder is None:
                    load_image(data, name="x", limits=limits)
                else:
                    with decoding_by(decoder):
                        load_image(data, name="x", limits=limits)
            said.append((caught.value.sentence, caught.value.details))
        assert said[0] == said[1]


def test_many_at_once_get_each_their_own(room: Room) -> None:
    images = [np.full((5, 6, 3), level, np.uint8) for level in range(0, 240, 20)]
    with decoding_by(room), ThreadPoolExecutor(6) as threads:
        for image, photo in zip(
            images, threads.map(load_image, map(png_bytes, images)), strict=True
        ):
            assert np.array_equal(photo.rgb, image)


# --- what cannot be done from inside -------------------------------------------------------


def test_nothing_is_within_reach(room: Room) -> None:
    up = room._living().up
    said = str(refused(room, b"reach").details["name"])
    assert said.startswith("(None, 6, ")  # three that lead nowhere, file, pixels, answer
    assert said.count("reached") == (not up.files) + (not up.network) + (not up.processes)


@pytest.mark.parametrize(
    ("command", "code", "reason"),
    [
        (b"crash", "decoder_crashed", "SIGSEGV"),
        (b"babble", "decoder_crashed", "no answer"),
        (b"lie", "decoder_crashed", "no answer"),
        (b"eat", "file_memory", "memory"),
        (b"spin", "decoder_slow", "1 second"),
    ],
)
def test_what_goes_wrong_in_there_is_one_sentence(
    room: Room, image: Image, command: bytes, code: str, reason: str
) -> None:
    error = refused(room, command)
    assert error.code == code and reason in str(error) and "a.png" in str(error)
    assert isinstance(error, BadInput) and is_back(room, image)


def test_pixels_that_somebody_could_still_change_are_not_taken() -> None:
    with Memory("pixels") as pixels:
        os.write(pixels.file, b"123")
        kept = mmap.mmap(pixels.file, 3)
        with pytest.raises(OSError, match="busy"):
            pixels.sealed()
        kept.close()
        found = pixels.sealed()
        with pytest.raises(OSError, match="not permitted"):
            os.pwrite(pixels.file, b"4", 0)
    assert found[:] == b"123"


def test_a_file_that_takes_for_ever_is_given_up(image: Image) -> None:
    def brief(limits: Limits) -> Bounds:
        return bounds_of(limits).model_copy(update={"patience": 0.3})

    with Room(brief, partial(Line, KEEPER)) as room:
        assert refused(room, b"sleep").code == "decoder_slow"


# --- its own end ---------------------------------------------------------------------------


@pytest.mark.slow
def test_a_keeper_that_was_killed_is_begun_again(room: Room, image: Image) -> None:
    assert is_back(room, image)
    pid = room.pid
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: room.pid != pid)
    assert is_back(room, image) and room.pid != pid


def test_a_copy_that_is_killed_twice_is_said(room: Room) -> None:
    def kill_copies() -> None:
        for _ in range(2):
            wait_until(lambda: bool(psutil.Process(room.pid).children()))
            for copy in psutil.Process(room.pid).children():
                copy.kill()
                copy.wait(60)

    with ThreadPoolExecutor(1) as threads:
        killing = threads.submit(kill_copies)
        error = refused(room, b"sleep")
        killing.result()
    assert isinstance(error, Unavailable) and error.code == "decoder_lost"
    assert "try again" in str(error)


def test_a_room_that_cannot_be_begun_is_said() -> None:
    def begin() -> Line:
        raise NotBegun("no more processes")

    with Room(begin=begin) as room:
        assert refused(room, b"x").code == "decoder_not_started"
    with Room(begin=partial(Line, "nothing.of.the.kind")) as room:
        assert "exit code" in str(refused(room, b"x"))


def test_it_says_how_closed_it_is(caplog: pytest.LogCaptureFixture, room: Room) -> None:
    with caplog.at_level(logging.INFO):
        room._warm_up()
    assert "closed room" in caplog.text


@pytest.mark.slow
def test_where_no_workers_are_wanted_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_WORKERS", "0")
    assert make_room() is None
    monkeypatch.setenv("ERASER_LAB_WORKERS", "2")
    assert isinstance(make_room(), Room)
