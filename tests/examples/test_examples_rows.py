"""The documents' tables as data: complete, linked, and with settings that the erasers know."""

from __future__ import annotations

import re
from collections import Counter
from itertools import combinations

import pytest

from examples.remote import bring
from examples.rows import (
    FOLDER,
    PhotoRef,
    Row,
    document_rows,
    document_tables,
    stand_in_rows,
    stand_in_table,
)
from methods import list_erasers, load_image, load_mask
from methods._engine.registry import get_eraser, settings_of
from tiers import rest_is_slow

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
    assert bool(row.remark.en) == bool(row.remark.said("zh")) == (row.problem is not None)
    assert row.settings_note.en and row.settings_note.said("zh")
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
    said = {row.settings_note.en for row in ROWS if row.table == "omnieraser"}
    assert len(said) == 1 and '"There is nothing here."' in said.pop()
    assert [row.id for row in ROWS if row.detail] == ["omnieraser-4"]


# --- the stand-in cases ------------------------------------------------------------------

STAND_INS = stand_in_rows()
IDS = {row.id for row in STAND_INS}


def test_every_problem_of_the_documents_has_a_stand_in() -> None:
    assert len(IDS) == len(STAND_INS) >= 12
    assert all(row.stand_ins and set(row.stand_ins) <= IDS for row in ROWS)
    assert {
        "text-behind", "person-beside", "complex-whole", "complex-small", "several-targets",
        "partial", "full", "shadow", "reflection", "large-object", "high-resolution",
    } <= IDS  # fmt: skip


@pytest.mark.parametrize("row", rest_is_slow(STAND_INS, 4), ids=[row.id for row in STAND_INS])
def test_a_stand_in_is_whole_credited_and_free(row: Row) -> None:
    photo = load_image(bring(row.photo))
    mask = load_mask(bring(row.mask), photo.size)
    assert 0.005 < mask.mean() < 0.5
    if row.truth:
        assert load_image(bring(row.truth)).size == photo.size
    assert (
        row.problem
        and row.problem.en
        and row.problem.said("zh")
        and row.title.en
        and row.title.said("zh")
    )
    readme = (FOLDER / "README.md").read_text("utf-8")
    lines = [line for line in readme.splitlines() if f"`{row.id}`" in line]
    assert len(lines) == 1
    for part in row.credit.replace("; lettering added", "").split("; "):
        author, _, license = part.rpartition(", ")
        assert license in {"public domain", "CC0-1.0", "CC-BY-4.0"}
        assert author in lines[0] and license in lines[0]
    assert row.table == stand_in_table().id


def test_some_stand_ins_have_a_truth_one_is_large_and_one_has_many_pixels() -> None:
    assert sum(row.truth is not None for row in STAND_INS) >= 6
    shares = {row.id: load_mask(bring(row.mask), load_image(bring(row.photo)).size).mean()
              for row in STAND_INS if row.id in ("large-object", "partial", "full")}  # fmt: skip
    assert shares["large-object"] > 0.3 > shares["partial"] > shares["full"] / 4
    high = next(row for row in STAND_INS if row.id == "high-resolution")
    assert load_image(bring(high.photo)).rgb.size > 3 * 15_000_000


def test_the_examples_stay_light() -> None:
    files = [path for path in FOLDER.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    assert (
        sum(path.stat().st_size for path in files) < 8_500_000
    )  # of which the prepared results are 0.2 MB


def test_a_reference_is_a_path_or_a_link() -> None:
    with pytest.raises(ValueError, match="either"):
        PhotoRef("x.png")
    with pytest.raises(ValueError, match="either"):
        PhotoRef("x.png", path="x.png", url="https://example.org/x.png")
