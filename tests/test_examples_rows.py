"""The documents' tables as data: complete, linked, and with settings that the erasers know."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest

from examples.rows import PhotoRef, Row, document_rows, document_tables
from methods import list_erasers
from methods._registry import get_eraser, settings_of

ROWS = document_rows()
KNOWN = {spec.id for spec in list_erasers()}

each = pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])


def test_the_rows_are_all_there() -> None:
    counts = {"pixelhacker": 3, "powerpaint": 6, "attentive_eraser": 4, "omnieraser": 4}
    assert Counter(row.table for row in ROWS) == counts
    assert [table.id for table in document_tables()] == list(counts)
    assert len({row.id for row in ROWS}) == len(ROWS) == 17


def test_photos_and_pairs_are_as_many_as_in_the_documents() -> None:
    assert len({row.photo.url for row in ROWS}) == 9
    assert len({row.mask.url for row in ROWS}) == 13
    assert len({(row.photo.url, row.mask.url) for row in ROWS}) == 13


def test_rows_with_the_same_photo_and_mask_name_each_other() -> None:
    pairs = set()
    for one, other in combinations(ROWS, 2):
        same = one.photo.url == other.photo.url and one.mask.url == other.mask.url
        assert same == (other.id in one.shares) == (one.id in other.shares)
        if same:
            pairs.add((one.id, other.id))
    assert pairs == {(f"attentive_eraser-{n}", f"omnieraser-{n}") for n in range(1, 5)}


@each
def test_a_row_is_links_and_facts(row: Row) -> None:
    assert row.eraser == row.table
    assert row.id == f"{row.table}-{[r.id for r in ROWS if r.table == row.table].index(row.id) + 1}"
    for ref in (row.photo, row.mask, row.documents_result):
        assert ref is not None
        assert re.fullmatch(r"https://[a-z0-9.]+/[\w/]+\.webp", ref.url)
        assert ref.name
    assert bool(row.remark.en) == bool(row.remark.zh) == (row.problem is not None)
    assert row.settings_note.en and row.settings_note.zh
    assert row.truth is None


@each
def test_the_settings_are_the_erasers_own(row: Row) -> None:
    if row.eraser not in KNOWN:
        pytest.skip(f"{row.eraser} is not among the erasers")
    settings_of(get_eraser(row.eraser), row.settings)


def test_the_settings_are_those_that_the_documents_state() -> None:
    of = {row.table: row.settings for row in ROWS}
    assert of["powerpaint"]["version"] == "v1"
    assert of["powerpaint"]["task"] == "object-removal"
    assert of["omnieraser"] == {"prompt": "There is nothing here."}
    assert [row.id for row in ROWS if row.detail] == ["omnieraser-4"]


def test_a_reference_is_a_path_or_a_link() -> None:
    with pytest.raises(ValueError, match="either"):
        PhotoRef("x.png")
    with pytest.raises(ValueError, match="either"):
        PhotoRef("x.png", path="x.png", url="https://example.org/x.png")
