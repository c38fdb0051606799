"""Sweeps: the cells that axes make, under which names, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from methods import BadInput, Job, fingerprint
from segmentation import (
    CasePhoto,
    Selection,
    Sweep,
    cell_name,
    cells_of,
    read_case,
    read_sweep,
    sweep_in,
    write_case,
)

TELEA, PATCHES = Job("telea"), Job("patchmatch", {"patch_size": 5}, seed=7)


def axes_of(sweep: Sweep | None, *jobs: Job) -> list[tuple[str, dict[str, Any]]]:
    return [(cell.job.eraser, dict(cell.axes)) for cell in cells_of(sweep, jobs)]


def test_cells_go_through_all_axes_the_last_one_fastest() -> None:
    sweep = sweep_in(["dilate=0,8", "telea.radius=3,5"])
    assert axes_of(sweep, TELEA) == [
        ("telea", {"dilate": 0, "radius": 3}),
        ("telea", {"dilate": 0, "radius": 5}),
        ("telea", {"dilate": 8, "radius": 3}),
        ("telea", {"dilate": 8, "radius": 5}),
    ]
    assert [cell.dilate for cell in cells_of(sweep, [TELEA])] == [0, 0, 8, 8]
    assert [cell.job.settings["radius"] for cell in cells_of(sweep, [TELEA])] == [3, 5, 3, 5]


def test_an_axis_concerns_its_own_eraser_and_seeds_those_that_throw_dice() -> None:
    sweep = sweep_in(["telea.radius=3,5"], seeds=(0, 1, 2))
    assert axes_of(sweep, TELEA, PATCHES) == [
        ("telea", {"radius": 3}),
        ("telea", {"radius": 5}),
        ("patchmatch", {"seed": 0}),
        ("patchmatch", {"seed": 1}),
        ("patchmatch", {"seed": 2}),
    ]
    last = cells_of(sweep, [TELEA, PATCHES])[-1].job
    assert (last.seed, last.settings) == (2, {"patch_size": 5}), "what is not swept stays"


def test_without_a_sweep_each_job_is_a_cell() -> None:
    assert [cell.job for cell in cells_of(None, [TELEA, PATCHES])] == [TELEA, PATCHES]


def test_each_cell_has_a_name_and_an_identity_of_its_own() -> None:
    sweep = sweep_in(["dilate=0,8.5", "patchmatch.patch_size=3,7"], seeds=(0, 1))
    cells = cells_of(sweep, [PATCHES])
    names = [cell_name(cell.axes) for cell in cells]
    assert names[0] == "--dilate-0--patch_size-3--seed-0"
    assert names[-1] == "--dilate-8.5--patch_size-7--seed-1"
    assert len(set(names)) == 8
    keys = {fingerprint(cell.job, f"mask grown by {cell.dilate}") for cell in cells}
    assert len(keys) == 8


@pytest.mark.parametrize(
    "said",
    [
        {"axes": [{"name": "telea.radius", "values": [3, 5]}]},
        {"telea.radius": [3, 5]},
        {"telea.radius": ["3", 5.0]},
    ],
)
def test_one_sweep_may_be_said_in_several_ways(said: object) -> None:
    assert axes_of(read_sweep(said), TELEA) == axes_of(sweep_in(["telea.radius=3,5"]), TELEA)


def test_values_with_commas_stand_in_a_list() -> None:
    sweep = sweep_in(['powerpaint.prompt=["a, b", "c"]'])
    assert [axes["prompt"] for _, axes in axes_of(sweep, Job("powerpaint"))] == ["a, b", "c"]


@pytest.mark.parametrize(
    ("words", "seeds", "code", "said"),
    [
        (["telea.radius"], (), "sweep_form", "telea.radius=3,5,9"),
        (["telea.radius="], (), "sweep_form", "telea.radius"),
        (["radius=3"], (), "sweep_form", "axes"),
        (["telea.radius=[3"], (), "sweep_form", "telea.radius"),
        (["telea.radius=3,,5"], (), "bad_setting", "radius"),
        (["telea.radius=3,5,3.0"], (), "sweep_twice", "3"),
        (["dilate=8,8.0"], (), "sweep_twice", "8"),
        (["telea.radius=3", "telea.radius=5"], (), "sweep_axis_twice", "telea.radius"),
        (["seed=0,1"], (0, 1), "sweep_axis_twice", "seed"),
        (["telea.colour=3"], (), "unknown_setting", "colour"),
        (["telea.radius=-3"], (), "bad_setting", "radius"),
        (["lama.tile=3"], (), "sweep_not_chosen", "lama"),
        (["dilate=wide"], (), "sweep_dilate", "wide"),
        (["dilate=100000"], (), "dilate_out_of_range", "256"),
        (["seed=-1"], (), "sweep_seed", "-1"),
        (["seed=1.5"], (), "sweep_seed", "1.5"),
        (["telea.radius=1,2,3,4,5,6,7,8,9", "dilate=0,2,4,6,8,10,12"], (), "sweep_too_many", "70"),
    ],
)
def test_what_is_no_sweep_is_refused_with_a_sentence(
    words: list[str], seeds: tuple[int, ...], code: str, said: str
) -> None:
    with pytest.raises(BadInput) as refused:
        cells_of(sweep_in(words, seeds), [TELEA, PATCHES])
    assert refused.value.code == code and said in str(refused.value)


def test_seeds_alone_change_nothing_for_who_throws_no_dice() -> None:
    with pytest.raises(BadInput, match="throws dice"):
        cells_of(sweep_in([], (0, 1)), [TELEA])


def test_a_swept_eraser_stands_once() -> None:
    with pytest.raises(BadInput, match="several times"):
        cells_of(sweep_in(["telea.radius=3,5"]), [TELEA, Job("telea", {"radius": 9})])


def test_very_many_cells_are_counted_and_not_made() -> None:
    values = list(range(1, 33))
    axes = {"telea.radius": values[:12], "dilate": values, "seed": values}
    with pytest.raises(BadInput, match=str(32 * (12 + 32))):
        cells_of(read_sweep(axes), [TELEA, PATCHES])


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {},
        {"axes": []},
        {"axes": [{"name": "x" * 300, "values": [1]}]},
        {"telea.radius": []},
        {"telea.radius": [float("nan")]},
        {"telea.radius": [{"path": "/etc/passwd"}]},
        {"telea.radius": list(range(65))},
        {f"telea.a{n}": [1] for n in range(9)},
        {"telea.radius": [1], "evil": [2]},
    ],
)
def test_untrusted_values_are_one_sentence(said: object) -> None:
    with pytest.raises(BadInput) as refused:
        read_sweep(said)
    assert len(str(refused.value)) < 400


def test_a_case_keeps_its_sweep_and_says_nothing_without_one() -> None:
    photo = CasePhoto(name="a.png", sha256="0" * 64, width=20, height=10)
    sweep = sweep_in(["dilate=0,8", "telea.radius=3,5"])
    written = write_case(photo, Selection(), [TELEA], sweep)
    again = read_case(json.loads(json.dumps(written)))
    assert again.sweep is not None
    assert cells_of(again.sweep, again.jobs) == cells_of(sweep, [TELEA])
    assert "sweep" not in write_case(photo, Selection(), [TELEA])
