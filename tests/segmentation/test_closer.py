"""When a part of a large photo is looked at by itself, and whose answer counts."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from methods import BadInput
from segmentation import Embedding, PromptedObject, Selected, Tile, Tiles, select
from segmentation._engine.closer import REACH, stands_out
from tile_tools import ALL, EMPTY, SIZE, Scene, always, square

TINY = ([square(1 / 256), square(0.015), square(0.5)], [0.6, 0.9, 0.7])
SKY = ([square(0.5), square(1.2, at=(0.5, 0.3)), ALL], [0.7, 0.97, 0.9])
THING = ([square(0.07), square(0.1), square(0.15)], [0.9, 0.95, 0.9])
MIDDLE = (1536.0, 1024.0)


def at(x: float = MIDDLE[0], y: float = MIDDLE[1], **more: Any) -> PromptedObject:
    return PromptedObject.model_validate({"points": [{"x": x, "y": y}], **more})


def found(scene: Scene, *objects: PromptedObject, **options: Any) -> Selected:
    options = {"tiles": scene.tiles, **options}
    return select(scene.segmenter, scene.whole, objects or (at(),), **options)


@pytest.mark.parametrize(
    "whole",
    [
        TINY,
        ([square(0.5), ALL, ALL], [0.6, 0.95, 0.9]),  # everything
        ([square(0.05), square(0.08), square(0.2)], [0.6, 0.7, 0.7]),  # unsure
        ([square(0.015), *SKY[0][1:]], [0.8, 0.97, 0.9]),  # divided
    ],
)
def test_what_the_whole_photo_shows_badly_is_looked_at_closely(whole: Any) -> None:
    scene = Scene(always(*whole), always(*THING))
    selection = found(scene)
    assert selection.looks == ("closer",) and len(scene.segmenter.encoded) == 1
    tile = scene.segmenter.encoded[0]
    rows, columns = np.nonzero(selection.mask)
    assert selection.mask.sum() == pytest.approx((0.1 * tile[0]) ** 2, rel=0.05)
    assert abs(rows.mean() - MIDDLE[1]) < 3 and abs(columns.mean() - MIDDLE[0]) < 3


def test_what_the_whole_photo_shows_well_is_not() -> None:
    scene = Scene(always([square(0.1), square(0.2), square(0.4)], [0.8, 0.95, 0.9]), always(*THING))
    alone = select(scene.segmenter, scene.whole, [at()])
    selection = found(scene)
    assert selection.looks == ("whole",) and not scene.segmenter.encoded
    assert np.array_equal(selection.mask, alone.mask) and selection.levels == alone.levels
    assert len(scene.segmenter.asked) == 1


def test_small_photos_and_those_who_give_no_tiles_are_left_alone() -> None:
    scene = Scene(always(*TINY), always(*THING))
    assert found(scene, tiles=None).looks == ("whole",)
    small = Embedding("small", scene.segmenter.spec.id, (1000, 1500), None, 0)
    selection = select(scene.segmenter, small, [at(400, 400)], tiles=scene.tiles)
    assert selection.looks == ("whole",) and not scene.segmenter.encoded


def test_an_encode_is_made_once_a_tile_and_an_answer_once_an_object() -> None:
    scene = Scene(always(*TINY), always(*THING))
    for level, dilate, side in ((None, 0, None), (0, 9, None), (1, -2, 500)):
        found(scene, at(level=level), dilate=dilate, longest_side=side)
    assert len(scene.segmenter.encoded) == 1 and len(scene.segmenter.asked) == 2
    found(scene, at(MIDDLE[0] + 20, MIDDLE[1] - 9))
    assert len(scene.segmenter.encoded) == 1 and len(scene.segmenter.asked) == 4
    found(scene, at(300, 300))
    assert len(scene.segmenter.encoded) == 2


@pytest.mark.parametrize(
    "near",
    [
        ([square(0.5), square(0.9), ALL], [0.6, 0.9, 0.95]),  # it goes on beyond the tile
        ([square(0.1), square(0.2), square(0.3)], [0.3, 0.5, 0.6]),  # no better
        ([EMPTY, EMPTY, EMPTY], [0.9, 0.9, 0.9]),
    ],
)
def test_the_whole_photos_answer_stays_where_the_tile_knows_no_better(near: Any) -> None:
    scene = Scene(always(*TINY), always(*near))
    alone = select(scene.segmenter, scene.whole, [at()])
    for _ in range(2):
        selection = found(scene)
        assert selection.looks == ("whole",) and np.array_equal(selection.mask, alone.mask)
    assert len(scene.segmenter.encoded) == 1


def test_levels_go_from_the_tiles_to_what_the_whole_photo_has_chosen() -> None:
    near = ([square(0.1), square(0.2), ALL], [0.9, 0.95, 0.9])
    scene = Scene(always([square(0.5), ALL, ALL], [0.6, 0.95, 0.9]), always(*near))
    (levels,) = found(scene).levels
    areas = [level.area for level in levels]
    assert areas == pytest.approx([0.01 * 512**2 / 6e6, 0.04 * 512**2 / 6e6, 1], rel=0.1)
    sizes = [int(found(scene, at(level=level)).mask.sum()) for level in (0, 1, 2)]
    assert sizes == sorted(sizes) and sizes[2] == SIZE[0] * SIZE[1]
    assert found(scene).chosen == (1,) and len(scene.segmenter.encoded) == 1


def test_both_scales_agree_on_the_object() -> None:
    """The tile's best is a part; one nearly as good is about as large as what the whole saw."""
    near = ([square(0.1), square(0.05), square(0.15)], [0.8, 0.96, 0.93])
    scene = Scene(always([square(0.01), square(0.035), ALL], [0.2, 0.76, 0.8]), always(*near))
    assert found(scene).mask.sum() == pytest.approx((0.15 * 512) ** 2, rel=0.05)


def test_a_further_point_does_not_throw_the_selection_back() -> None:
    def whole(prompted: PromptedObject) -> Any:
        return TINY if len(prompted.points) == 1 else SKY

    scene = Scene(whole, always(*THING))
    points = [{"x": MIDDLE[0], "y": MIDDLE[1]}, {"x": 1590, "y": 1024, "label": 0}]
    assert found(scene, PromptedObject.model_validate({"points": points})).looks == ("closer",)
    assert len(scene.segmenter.asked[-1].points) == 2


def test_a_zoomed_view_is_the_scale_that_is_meant() -> None:
    scene = Scene(always([square(0.1), square(0.2), square(0.3)], [0.9] * 3), always(*THING))
    assert found(scene, at()).looks == ("whole",)
    assert found(scene, at(view=900.0)).looks == ("closer",)
    assert scene.segmenter.encoded == [(1024, 1024)]
    assert found(scene, at(view=2500.0)).looks == ("whole",)  # there is hardly more to see
    assert len(scene.segmenter.encoded) == 1


@pytest.mark.parametrize("view", [0, -5, True, "700", float("nan"), float("inf"), 1e9, [], {}])
def test_a_view_that_cannot_be_is_refused(view: Any) -> None:
    with pytest.raises(BadInput):
        at(view=view)


def test_a_view_is_written_only_where_there_is_one() -> None:
    assert at(view=700.5).model_dump(mode="json")["view"] == 700.5
    assert "view" not in at().model_dump(mode="json") and "view" not in at(view=None).model_dump()


# --- a click into the sky, or onto a bird in it ---------------------------------------------


def bird(contrast: int, size: int = 4) -> Any:
    photo = np.random.default_rng(0).integers(118, 123, (*SIZE, 3), dtype=np.uint8)
    x, y = (int(place) for place in MIDDLE)
    photo[y - size : y + size, x - size : x + size] -= np.uint8(contrast)
    return photo


def test_a_thing_that_stands_out_is_not_the_sky_around_it() -> None:
    scene = Scene(always(*SKY), always(*THING), bird(90))
    assert found(scene).looks == ("closer",)
    assert found(scene, at(2300, 600)).looks == ("whole",)
    assert len(scene.segmenter.encoded) == 1  # the sky itself costs nothing


def test_what_does_not_reach_the_photos_edge_is_an_object() -> None:
    """A button on a coat: who clicks the coat anywhere means the coat."""
    coat = ([square(0.2), square(0.4), square(0.6)], [0.8, 0.97, 0.9])
    scene = Scene(always(*coat), always(*THING), bird(90))
    assert found(scene).looks == ("whole",) and not scene.segmenter.encoded


def test_stands_out() -> None:
    x, y = (int(place) for place in MIDDLE)

    def there(photo: Any, x: int = x, y: int = y) -> bool:
        tile = Tile(x - REACH, y - REACH, 2 * REACH + 1, 2 * REACH + 1)
        return stands_out(tile.cut(photo), REACH, REACH)

    assert there(bird(90)) and there(bird(90, 2)) and there(bird(90, 15))
    assert not there(bird(90), x + 30) and not there(bird(8)) and not there(bird(90, 200))
    grass = np.random.default_rng(0).integers(0, 255, (*SIZE, 3), dtype=np.uint8)
    assert not there(grass)
    assert not stands_out(np.zeros((1, 1, 3), np.uint8), 0, 0)


# --- nearly the whole photo ------------------------------------------------------------------


def test_nearly_everything_is_never_selected_silently() -> None:
    scene = Scene(always([square(0.5), ALL, ALL], [0.5, 0.97, 0.9]), always([ALL] * 3, [0.9] * 3))
    selection = found(scene)
    assert selection.area > 0.9 and selection.everything
    assert not found(scene, at(level=1)).everything  # it was chosen
    boxed = PromptedObject.model_validate({"box": {"x0": 0, "y0": 0, "x1": 3000, "y1": 2000}})
    assert not found(scene, boxed).everything
    assert not found(scene, at(on=False), boxed).everything


def test_a_sound_smaller_answer_is_taken_instead() -> None:
    scene = Scene(always([square(0.5), ALL, ALL], [0.8, 0.97, 0.9]), always([ALL] * 3, [0.9] * 3))
    selection = found(scene)
    assert selection.chosen == (0,) and not selection.everything
    assert found(scene, at(level=1)).area > 0.9


# --- where a tile cannot be had now ------------------------------------------------------------


class Sparing(Tiles):
    """Gives so many new ones."""

    left = 0

    def embedding(self, tile: Tile) -> Embedding | None:
        known = self.known(tile)
        if known is not None or self.left == 0:
            return known
        self.left -= 1
        return self.encoded(tile)


def test_what_waits_is_said_and_comes_later() -> None:
    scene = Scene(always(*TINY), always(*THING))
    places = [at(x, 1024) for x in (300, 1000, 1700, 2400)]
    tiles = Sparing(scene.segmenter, scene.cache, scene.photo, scene.key)
    assert found(scene, *places, tiles=tiles).looks == ("waiting",) * 4
    tiles.left = 3
    assert found(scene, *places, tiles=tiles).looks == ("closer", "closer", "closer", "waiting")
    alone = select(scene.segmenter, scene.whole, [places[3]])
    assert np.array_equal(found(scene, places[3], tiles=tiles).mask, alone.mask)
    tiles.left = 1
    assert found(scene, *places, tiles=tiles).looks == ("closer",) * 4
    assert len(scene.segmenter.encoded) == 4
