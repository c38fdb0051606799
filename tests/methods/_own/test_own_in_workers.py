"""Commands of the owner's in worker processes: the same folder, a closed room, a Stop."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import psutil
import pytest

from methods import Finished, Image, Job, Mask, list_erasers, wish_reload
from methods._workers.pool import Pool
from own_tools import SCRIPT, Own
from worker_fixtures import pool_of

pytest_plugins = ["own_fixtures"]
pytestmark = pytest.mark.slow


@pytest.fixture
def pool(own: Own) -> Iterator[Pool]:
    with pool_of((("lane1", "lane"),)) as made:
        yield made


def test_a_worker_knows_them_and_learns_of_new_ones(
    own: Own, pool: Pool, image: Image, mask: Mask
) -> None:
    own.command("mine", SCRIPT)
    first = list(pool.run([Job("mine", {"seamless": False})], image, mask))[-1]
    assert isinstance(first, Finished), first
    assert first.changed_outside == 0
    assert (first.image[mask] == 200).all()
    worker = psutil.Process(pool._seats["lane1"].pid)
    words = [" ".join(child.cmdline()) for child in worker.children()]
    assert any("closed.keeper" in each for each in words), "its answer was decoded in the worker"
    own.command("other", SCRIPT.replace("200", "90"))
    wish_reload()
    assert "other" in [spec.id for spec in list_erasers()]
    second = list(pool.run([Job("other", {"seamless": False})], image, mask))[-1]
    assert isinstance(second, Finished), second
    assert pool._seats["lane1"].pid == worker.pid
    assert np.array_equal(second.image[~mask], image[~mask])
    assert (second.image[mask] == 90).all()
