"""What all tests on a device share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def no_collections_of_libraries(tiny_erasers: Path) -> Iterator[None]:
    """Before memory is counted garbage is collected, again and again: it is spared a look at all
    that was there before, first of all the libraries that making the networks has imported. For
    tests that use erasers by themselves: what is garbage before the page or the engine begins to
    work may hold what they load."""
    import diffusers  # noqa: F401  # where another process has made the networks
    import transformers  # noqa: F401

    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()
