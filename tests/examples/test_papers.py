"""The numbers that papers print: all there, each with its source, none out of its table."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from examples.papers import PaperTable, paper_tables


def one(paper: str, dataset: str) -> PaperTable:
    """The table of a paper on a dataset."""
    (found,) = (t for t in paper_tables() if (t.paper, t.dataset.en) == (paper, dataset))
    return found


def test_all_numbers_are_there() -> None:
    printed = [v for t in paper_tables() for row in t.rows for v in row.values if v is not None]
    assert len(printed) == 204


def test_every_table_says_where_it_comes_from() -> None:
    for table in paper_tables():
        for words in (table.dataset, table.source, *table.notes):
            assert words.en
            assert words.said("zh")
        assert table.url.startswith("https://")
        assert len({metric.name for metric in table.metrics}) == len(table.metrics)
        assert len({row.method for row in table.rows}) == len(table.rows)


def test_the_ways_of_the_metrics_are_the_fields() -> None:
    lower = {"FID", "LPIPS", "Local FID", "Time s", "inferior to EraDiff %"}
    for table in paper_tables():
        for metric in table.metrics:
            assert (metric.better == "lower") == (metric.name in lower), metric


def test_a_number_as_it_is_printed() -> None:
    table = one("RORem", "RORem's test set, 512 × 512")
    column = [metric.name for metric in table.metrics].index("Success rate %")
    values = {row.method: row.values[column] for row in table.rows}
    assert values["RORem"] == 76.2
    assert values["LaMa"] == 55.4
    assert [table.rows[place].method for place in table.best(column)] == ["RORem"]


def test_the_best_is_the_lowest_where_lower_is_better() -> None:
    table = one("MagicEraser", "RealHM")
    column = [metric.name for metric in table.metrics].index("FID")
    assert [table.rows[place].method for place in table.best(column)] == ["SD Inpainting"]


def test_what_failed_to_train_is_no_best() -> None:
    table = one("Erase Diffusion", "OpenImages V5, ablation")
    assert "NaN" in table.rows[-1].values
    assert len(table.rows) - 1 not in table.best(0)


def test_a_row_that_does_not_fit_is_refused() -> None:
    whole = paper_tables()[0].model_dump()
    whole["rows"][0]["values"] = whole["rows"][0]["values"][1:]
    with pytest.raises(ValidationError, match="one value for each metric"):
        PaperTable.model_validate(whole)
