"""Fixtures for finding by words: a tiny detector in place of the weights, or none at all.

Used as a plugin: `pytest_plugins = ["grounding_fixtures"]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from methods._system.cache import BoundedCache
from segmentation._detection import detect
from tiny_grounding import NAME, save_tiny_grounding


@pytest.fixture(scope="session")
def tiny_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a tiny Grounding DINO, written once."""
    return save_tiny_grounding(tmp_path_factory.mktemp("local weights"))


@pytest.fixture
def fresh_grounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is loaded and nothing is remembered; as before afterwards."""
    monkeypatch.setattr(detect, "_shared", {})
    monkeypatch.setattr(detect, "_detections", BoundedCache(2**20, newest_always=True))


@pytest.fixture
def no_weights(
    fresh_grounding: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """As on a machine that has never fetched a detector and cannot."""
    monkeypatch.setenv("ERASER_LAB_WEIGHTS", str(tmp_path / "weights"))
    monkeypatch.setenv("ERASER_LAB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.delenv("ERASER_LAB_LOCAL_WEIGHTS", raising=False)
    yield


@pytest.fixture
def tiny_detector(
    fresh_grounding: None, tiny_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The tiny network stands where the program looks for a user's own files."""
    assert tiny_folder.name == NAME
    monkeypatch.setenv("ERASER_LAB_LOCAL_WEIGHTS", str(tiny_folder.parent))
    monkeypatch.setenv("ERASER_LAB_DEVICE", "cpu")
    return tiny_folder


@pytest.fixture
def forwards(tiny_detector: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The phrase of every forward pass of the network, as it happens."""
    from transformers import GroundingDinoForObjectDetection

    passed: list[str] = []
    detector: Any = detect.get_detector("grounding_dino_tiny")
    tokenizer = detector._processor.tokenizer
    forward = GroundingDinoForObjectDetection.forward

    def counting(self: Any, *args: Any, **inputs: Any) -> Any:
        passed.append(tokenizer.decode(inputs["input_ids"][0], skip_special_tokens=True))
        return forward(self, *args, **inputs)

    monkeypatch.setattr(GroundingDinoForObjectDetection, "forward", counting)
    return passed
