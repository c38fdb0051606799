"""Thousands of broken files through the closed room: each is a photo or a sentence.

ERASER_LAB_BROKEN_FILES says how many, ERASER_LAB_BROKEN_SEED which ones.
"""

from __future__ import annotations

import logging
import os
from collections import Counter

import pytest

from broken_files import BREAKS, broken_files, whole_files
from methods import BadInput, Limits, UserError, decoding_by, load_image, read_mask
from methods._workers.closed.room import Room

COUNT = int(os.environ.get("ERASER_LAB_BROKEN_FILES", "500"))
SEED = int(os.environ.get("ERASER_LAB_BROKEN_SEED", "1"))
LIMITS = Limits(megapixels=12, megabytes=1)


def test_the_same_seed_makes_the_same_files() -> None:
    first, again = dict(broken_files(90, 5)), dict(broken_files(90, 5))
    assert first == again != dict(broken_files(90, 6)) and len(set(first.values())) > 80
    assert {name.split(":")[0] for name in first} == set(whole_files())
    assert all(any(how in name for name in first) for how in BREAKS)


@pytest.mark.slow
@pytest.mark.timeout(300 + COUNT)
def test_no_broken_file_is_more_than_a_sentence() -> None:
    """Nothing is out of bounds, nothing takes the room or this process down."""
    ends: Counter[str] = Counter()
    with Room() as room, decoding_by(room):
        for data in whole_files().values():
            assert load_image(data, limits=LIMITS).size in ((32, 48), (48, 32))
        pid = room.pid
        for name, data in broken_files(COUNT, SEED):
            ends[_end_of(name, data)] += 1
        assert room.pid == pid != 0
    logging.getLogger(__name__).info("%s", sorted(ends.items()))
    assert ends.total() == COUNT and ends["photo"] and ends["file_damaged"]
    for unexpected in ("decoder_lost", "decoder_slow", "decoder_not_started"):
        assert not ends[unexpected], ends


def _end_of(name: str, data: bytes) -> str:
    as_mask = len(data) % 4 == 0
    try:
        if as_mask:
            read_mask(data, (32, 48), name=name, limits=LIMITS)
        else:
            height, width = load_image(data, name=name, limits=LIMITS).size
            assert height * width <= 12e6
        return "photo"
    except UserError as error:
        assert isinstance(error, BadInput), f"{name}: {error}"
        assert all(words for words in error.sentence.plain().values())
        return error.code
