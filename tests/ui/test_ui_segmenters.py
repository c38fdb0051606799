"""Choosing a segmenter: what the page is told of each, and what switching costs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from methods import Image
from segmentation import Embedding, PromptedObject, SegmenterSpec, Selection, list_segmenters
from segmentation._engine import registry
from segmentation.grabcut import GrabCut
from ui.service.choices import catalog
from ui.service.choices.entries import SegmenterEntry
from ui.service.selections.select import Question, Selecting
from ui.service.service import Service
from ui_tools import box, picture, prompts

pytest_plugins = ["ui_fixtures"]


class First(GrabCut):
    """GrabCut under another name, which notes its encodes."""

    spec: ClassVar[SegmenterSpec] = replace(GrabCut.spec, id="first", name="First")
    encoded: ClassVar[list[str]] = []
    seen: ClassVar[threading.Event] = threading.Event()

    def encode(self, image: Image, key: str) -> Embedding:
        self.encoded.append(f"{self.spec.id} {key}")
        embedding = super().encode(image, key)
        self.seen.set()
        return embedding


class Second(First):
    spec: ClassVar[SegmenterSpec] = replace(GrabCut.spec, id="second", name="Second")


@pytest.fixture
def encoded(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The encodes of two segmenters that are in the registry for one test."""
    for kind in (First, Second):
        monkeypatch.setitem(registry.found(), kind.spec.id, kind)
    monkeypatch.setattr(registry, "_shared", {})
    First.encoded.clear()
    First.seen.clear()
    yield First.encoded


def question(key: str, segmenter: str, dx: int = 0) -> Question:
    image = picture()
    (entry,) = box()
    moved = {**entry, "box": {**entry["box"], "x1": entry["box"]["x1"] + dx}}
    thing = PromptedObject.model_validate(moved)
    selection = Selection(objects=(thing,), segmenter=segmenter)
    return Question(key, image.shape[:2], lambda: image, selection)


def test_switching_back_costs_no_encode(encoded: list[str]) -> None:
    selecting = Selecting()
    for click, wanted in enumerate(["first", "first", "second", "first", "second", "first"]):
        _, spec = selecting.select(question("photo", wanted, dx=click))
        assert spec is not None and spec.id == wanted
    assert encoded == ["first photo", "second photo"]
    selecting.select(question("another photo", "second"))
    assert encoded[2:] == ["second another photo"]
    selecting.close()


def test_the_chosen_one_is_encoded_ahead_of_the_click(encoded: list[str]) -> None:
    selecting, asked = Selecting(), question("photo", "second")
    selecting.encode_soon(asked.key, asked.pixels, "second")
    assert First.seen.wait(60)
    selecting.select(asked)
    assert encoded == ["second photo"]
    selecting.close()


def test_the_page_chooses_by_id(service: Service, photo: str, encoded: list[str]) -> None:
    for wanted in ("second", "first", "second"):
        answer = service.segment({**prompts(photo), "segmenter": wanted})
        assert answer["ok"], answer
        assert answer["segmenter"] == wanted
    # Once each, in any order: the photo's opening has already asked for the preferred one.
    assert sorted(entry.split()[0] for entry in encoded) == ["first", "second"]


# --- what the page is told ---------------------------------------------------------------


def described(segmenter_id: str) -> SegmenterEntry:
    return next(one for one in catalog.describe_segmenters() if one["id"] == segmenter_id)


@pytest.fixture
def roomy(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with memory for all of them, and none of their weights."""
    machine = {"kind": "cpu", "name": "test", "memory": 2**40}
    monkeypatch.setattr(catalog, "describe_device", lambda: machine)
    monkeypatch.setattr(catalog, "is_ready", lambda spec: not spec.weights)


def test_all_are_listed_with_what_they_cost(roomy: None) -> None:
    shown = catalog.describe_segmenters()
    assert [one["id"] for one in shown] == [spec.id for spec in list_segmenters()]
    for one in shown:
        assert one["levels"] == 3 and one["summary"]["zh"]
        assert one["available"] is (one["why"] is None)
        assert one["weights"] or one["memory"] == 0


def test_a_gated_one_says_where_to_ask(roomy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    shown = described("sam3")
    assert shown["gated"] is True and shown["available"] is False and shown["why"]
    for said in shown["why"].values():
        assert "/facebook/sam3" in str(said) and "HF_TOKEN" in str(said)
    assert described("sam2_1_large")["available"] is True


def test_a_login_or_the_files_open_the_gate(roomy: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "hf_secret")
    shown = described("sam3")
    assert shown["available"] is True and "hf_secret" not in str(shown)
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    monkeypatch.setattr(catalog, "is_ready", lambda spec: True)
    assert described("sam3")["available"] is True


def test_one_that_does_not_fit_the_machine_says_so(
    roomy: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = {"kind": "cpu", "name": "test", "memory": 2 * 2**30}
    monkeypatch.setattr(catalog, "describe_device", lambda: small)
    assert described("mobile_sam")["available"] is True
    shown = described("sam_vit_h")
    assert shown["available"] is False
    assert shown["why"] and "9 GB" in shown["why"]["en"]


def test_a_photo_is_looked_at_by_the_segmenter_that_will_be_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    service = Service(tmp_path / "data")
    asked: list[str | None] = []
    monkeypatch.setattr(
        service.selecting, "encode_soon", lambda _key, _pixels, wanted=None: asked.append(wanted)
    )
    assert service.open_example({"id": "rocket", "segmenter": "grabcut"})["ok"]
    assert service.open_example({"id": "rocket"})["ok"]
    assert service.open_example({"id": "rocket", "segmenter": "../evil"})["ok"] is False
    assert asked == ["grabcut", None]
    service.close()
