"""Every setting of every eraser has a name of its own on the page, in every language."""

from __future__ import annotations

from methods import catalogues, get_eraser, list_erasers

PREFIX = "page.setting."
OTHER_AXES = {"dilate", "seed"}


def test_every_setting_is_named() -> None:
    names = {name for spec in list_erasers() for name in get_eraser(spec.id).Settings.model_fields}
    assert len(names) > 40
    for catalogue in catalogues().values():
        said = {key for key in catalogue.sentences if key.startswith(PREFIX)}
        left_over = {key.removeprefix(PREFIX) for key in said} - names - OTHER_AXES
        assert not left_over, f"{catalogue.code} names {sorted(left_over)}, which nothing has"
        missing = {name for name in names if PREFIX + name not in said}
        assert not missing, f"{catalogue.code} lacks the names of {sorted(missing)}"
