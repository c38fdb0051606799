"""A photo with transparent parts goes through every eraser: seen, filled and judged with them."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from methods import Finished, Image, Job, Judged, Mask, judge, load_image, png_bytes, run
from methods._engine import worker
from methods._engine.result_cache import ResultCache
from runner_tools import Noise, finished

pytest_plugins = ["runner_fixtures"]
pytestmark = pytest.mark.usefixtures("lock")

GREEN, BLACK = (20, 200, 40), (0, 0, 0)


def sticker(hidden: tuple[int, int, int]) -> tuple[Image, np.ndarray, Mask]:
    """Two squares on a transparent ground, and a mask around the right one."""
    rgb, alpha = np.full((120, 200, 3), hidden, np.uint8), np.zeros((120, 200), np.uint8)
    for left, color in ((20, (230, 60, 50)), (120, (50, 90, 220))):
        rgb[30:90, left : left + 60], alpha[30:90, left : left + 60] = color, 255
    mask = np.zeros(alpha.shape, bool)
    mask[26:94, 116:184] = True
    return rgb, alpha, mask


@pytest.mark.parametrize("eraser", ["noise", "telea"])
@pytest.mark.parametrize("hidden", [BLACK, GREEN])
def test_what_was_erased_from_nothing_becomes_nothing(
    eraser: str, hidden: tuple[int, int, int]
) -> None:
    rgb, alpha, mask = sticker(hidden)
    done = finished(list(run([Job(eraser)], rgb, mask, alpha=alpha)))
    assert done.alpha is not None and not done.alpha[mask].any()
    assert (done.alpha[~mask] == alpha[~mask]).all()
    assert (done.image[~mask] == rgb[~mask]).all()  # hidden colours among them
    assert done.changed_outside == 0


def test_hidden_colours_change_nothing_in_the_fill() -> None:
    fills = []
    for hidden in (BLACK, GREEN):
        rgb, alpha, mask = sticker(hidden)
        done = finished(list(run([Job("telea")], rgb, mask, alpha=alpha)))
        fills.append(done.image[mask])
    assert (fills[0] == fills[1]).all()


def test_an_eraser_is_not_shown_what_is_hidden(add: Callable[..., str]) -> None:
    seen: list[Image] = []

    class Looking(Noise):
        def erase(self, image: Image, *rest: object) -> Image:
            seen.append(image.copy())
            return image

    add(Looking, "looking", sees_object=True)
    rgb, alpha, mask = sticker(GREEN)
    finished(list(run([Job("looking")], rgb, mask, alpha=alpha)))
    assert seen and not (seen[0] == GREEN).all(axis=2).any()


def test_a_change_of_alpha_outside_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    rgb, alpha, mask = sticker(BLACK)
    monkeypatch.setattr(worker, "filled_alpha", lambda alpha, mask: np.full_like(alpha, 255))
    done = finished(list(run([Job("noise")], rgb, mask, alpha=alpha)))
    assert done.changed_outside == int(((alpha == 0) & ~mask).sum())


def test_the_cache_tells_transparencies_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker, "results", ResultCache())
    rgb, alpha, mask = sticker(BLACK)
    for each, cached in ((alpha, False), (None, False), (alpha, True)):
        done = finished(list(run([Job("noise")], rgb, mask, alpha=each)))
        assert done.cached == cached and (done.alpha is None) == (each is None)
        assert done.alpha is None or not done.alpha[mask].any()


def remarks_of(rgb: Image, alpha: np.ndarray, mask: Mask) -> tuple[set[str], set[str]]:
    """Of the run's own result, and of one that keeps the photo's alpha over a black fill."""
    events = list(run([Job("telea")], rgb, mask, alpha=alpha, judge=judge))
    own = next(event for event in events if isinstance(event, Judged))
    done = next(event for event in events if isinstance(event, Finished))
    black = np.where(mask[..., None], np.uint8(0), done.image)
    photo = load_image(png_bytes(rgb, alpha))
    faulty = load_image(png_bytes(black, alpha))
    said = judge(photo.seen, mask, faulty.seen)
    ids = [{r.id for r in readings if r.remark} for readings in (own.readings, said)]
    return ids[0], ids[1]


def test_the_judge_sees_a_silhouette_that_is_left(lock: object) -> None:
    own, faulty = remarks_of(*sticker(BLACK))
    assert not own
    assert faulty
