"""What all tests on a device share."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def _set_apart() -> Iterator[None]:
    """Garbage is sought whenever memory is counted or given back: for the block not in what was
    there before, first of all the libraries."""
    gc.collect()
    gc.freeze()
    yield
    gc.unfreeze()  # garbage that was set apart goes, the libraries stay so (see tests/conftest.py)
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="module")
def no_collections_of_libraries(tiny_erasers: Path) -> Iterator[None]:
    """For tests that use erasers by themselves: what is garbage before the page or the engine
    begins to work may hold what they load."""
    import diffusers  # noqa: F401  # where another process has made the networks
    import transformers  # noqa: F401

    with _set_apart():
        yield


@pytest.fixture
def libraries_apart() -> Iterator[None]:
    """For a single test, which does not ask what stays on the device."""
    with _set_apart():
        yield
