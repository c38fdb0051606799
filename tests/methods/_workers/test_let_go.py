"""A run that is over holds nothing of its photo, whenever Python next looks for circles."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from methods import Executor, Finished, Image, InProcess, Job, Mask
from runner_tools import last_of, wait_until
from worker_fixtures import pool_of

pytest_plugins = ["worker_fixtures"]


@pytest.fixture(params=["here", "pool"])
def executor(request: pytest.FixtureRequest) -> Iterator[Executor]:
    if request.param == "here":
        yield InProcess()
        return
    with pool_of() as pool:
        yield pool


@pytest.fixture
def no_search() -> Iterator[None]:
    """What is let go of must need none."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.usefixtures("toys", "no_search")
def test_a_photo_goes_with_its_run(executor: Executor, image: Image, mask: Mask) -> None:
    photo = image.copy()
    held = weakref.ref(photo)
    (last,) = last_of(list(executor.run([Job("noise", seed=3)], photo, mask)))
    assert isinstance(last, Finished), last
    del photo, last
    wait_until(lambda: held() is None)
