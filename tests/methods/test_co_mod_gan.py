"""Co-Mod-GAN's card: listed, said to be unable to run and why, everywhere alike."""

from __future__ import annotations

import json

import numpy as np
import pytest

from methods import (
    Failed,
    Job,
    Unavailable,
    default_erasers,
    get_eraser,
    list_erasers,
    run,
)
from methods.co_mod_gan import OBSTACLE, CoModGan
from ui.cli.__main__ import main
from ui.cli.weights.markdown import erasers_as_markdown
from ui.service.choices.catalog import describe_erasers

UNAVAILABLE = [spec for spec in list_erasers() if spec.unavailable is not None]


def test_it_is_the_one_that_cannot_run() -> None:
    assert "co_mod_gan" in [spec.id for spec in UNAVAILABLE]
    assert "co_mod_gan" not in [spec.id for spec in default_erasers()]
    assert CoModGan.spec.weights == () and CoModGan.spec.non_commercial


@pytest.mark.parametrize("spec", UNAVAILABLE, ids=lambda spec: spec.id)
def test_running_it_says_why_and_leaves_the_others_alone(spec: object) -> None:
    eraser_id = spec.id  # type: ignore[attr-defined]
    image = np.zeros((40, 40, 3), np.uint8)
    mask = np.zeros((40, 40), bool)
    mask[10:20, 10:20] = True
    ends = [e for e in run([Job(eraser_id), Job("telea")], image, mask) if e.index == 0]
    assert isinstance(ends[-1], Failed)
    assert ends[-1].code == "eraser_unavailable"
    assert str(ends[-1].details["why"]) in ends[-1].text
    *_, last = run([Job(eraser_id), Job("telea")], image, mask)
    assert last.index == 1 and not isinstance(last, Failed)
    assert OBSTACLE.said("zh") in ends[-1].sentence.said("zh")


def test_nothing_pretends_to_erase() -> None:
    eraser = get_eraser("co_mod_gan")()
    picture, mask = np.zeros((8, 8, 3), np.uint8), np.eye(8, dtype=bool)
    with pytest.raises(Unavailable):
        eraser.load("cpu", None)
    with pytest.raises(Unavailable):
        eraser.erase(picture, mask, eraser.Settings(), 0, lambda step, total: None)


def test_the_page_shows_the_reason() -> None:
    (card,) = (one for one in describe_erasers() if one["id"] == "co_mod_gan")
    assert card["available"] is False and card["default"] is False
    assert card["why"] == OBSTACLE.plain()


def test_the_command_line_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["list", "--json"]) == 0
    rows = {row["id"]: row for row in json.loads(capsys.readouterr().out)}
    assert rows["co_mod_gan"]["state"] == "cannot run here"


def test_the_readme_does_not_say_where_it_runs() -> None:
    (row,) = (line for line in erasers_as_markdown().splitlines() if "co_mod_gan" in line)
    assert row.endswith("| - |")
