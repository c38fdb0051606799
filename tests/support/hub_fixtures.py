"""Fixtures for downloads from a model hub: the loopback hub in the place of the public one.

Used as a plugin: `pytest_plugins = ["hub_fixtures"]`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from loopback_hub import Hub, loopback_hub
from methods._weights import cache, flights, progress
from methods._weights.transport import http


@pytest.fixture
def clean(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine of its own: nothing fetched, no token, nothing remembered; the cache folder."""
    from huggingface_hub import constants

    for name in list(os.environ):
        if name.startswith(("ERASER_LAB_", "HF_")) or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setattr(constants, "HF_TOKEN_PATH", str(tmp_path / "hf" / "token"))
    for memory in (cache._known, http._dead, flights.failed):
        memory.clear()
    return tmp_path / "cache"


@pytest.fixture
def hub(clean: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """The hub that HF_ENDPOINT names, for us and for the hub's own client."""
    from huggingface_hub import constants

    with loopback_hub() as running:
        monkeypatch.setattr(constants, "ENDPOINT", running.endpoint)
        resolve = running.endpoint + "/{repo_id}/resolve/{revision}/{filename}"
        monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", resolve)
        yield running


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that were waited, in no time."""
    waited: list[float] = []
    monkeypatch.setattr(progress, "sleep", lambda seconds, _check: waited.append(seconds))
    return waited
