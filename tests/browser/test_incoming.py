"""What comes in from elsewhere: pastes wherever the focus is, links, masks of several meanings."""

from __future__ import annotations

import base64
import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as Pillow

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SEND = """([kind, where, texts, file]) => {
    const carried = new DataTransfer();
    for (const [type, text] of Object.entries(texts)) carried.setData(type, text);
    if (file) {
        const bytes = Uint8Array.from(atob(file), (letter) => letter.charCodeAt(0));
        carried.items.add(new File([bytes], "image.png", { type: "image/png" }));
    }
    const options = { bubbles: true, cancelable: true };
    const event = kind === "paste"
        ? new ClipboardEvent("paste", { clipboardData: carried, ...options })
        : new DragEvent("drop", { dataTransfer: carried, ...options });
    document.querySelector(where).dispatchEvent(event);
    return event.defaultPrevented; }"""
WIDE = "eraserLab.photo && eraserLab.photo.width === 70"


def small_png() -> bytes:
    file = io.BytesIO()
    Pillow.fromarray(np.full((50, 70, 3), 90, np.uint8)).save(file, "PNG")
    return file.getvalue()


def send(tab: Any, kind: str, where: str, texts: dict[str, str], file: bytes = b"") -> bool:
    """Dispatch it there; whether the page took it."""
    taken: bool = tab.page.evaluate(SEND, [kind, where, texts, base64.b64encode(file).decode()])
    return taken


def test_a_picture_is_pasted_also_where_a_field_has_the_focus(tab: Any, examples_dir: Path) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    field = ".lab-detect input"
    assert not send(tab, "paste", field, {"text/plain": "a red car"}, small_png())
    assert send(tab, "paste", field, {"text/html": "<p>a picture</p>"}, small_png())
    tab.page.wait_for_function(WIDE)


LINKS = [
    {"text/uri-list": "{base}/lab/examples/rocket/thumb.jpg"},
    {
        "text/uri-list": "{base}/?a=page",
        "text/html": "<a href='x'><img src='{base}/lab/examples/rocket/thumb.jpg'></a>",
    },
    {"text/html": "<img src='data:image/png;base64,{data}'>"},
    {"text/plain": "{base}/lab/examples/rocket/thumb.jpg"},
]


@pytest.mark.parametrize("texts", LINKS[:2], ids=["its address", "a picture in a link"])
def test_a_dropped_link_is_fetched_by_the_browser(tab: Any, texts: dict[str, str]) -> None:
    base = tab.page.evaluate("location.origin")
    filled = {kind: text.replace("{base}", base) for kind, text in texts.items()}
    assert send(tab, "drop", ".lab-stage", filled)
    tab.page.wait_for_function("eraserLab.photo && eraserLab.photo.name === 'thumb.jpg'")


def test_a_picture_written_out_and_a_pasted_link_are_opened(tab: Any) -> None:
    data = base64.b64encode(small_png()).decode()
    html = LINKS[2]["text/html"].replace("{data}", data)
    assert send(tab, "drop", ".lab-stage", {"text/html": html})
    tab.page.wait_for_function(WIDE)
    base = tab.page.evaluate("location.origin")
    text = LINKS[3]["text/plain"].replace("{base}", base)
    assert send(tab, "paste", "body", {"text/plain": text})
    tab.page.wait_for_function("eraserLab.photo.name === 'thumb.jpg'")


@pytest.mark.parametrize(
    ("texts", "words"),
    [
        pytest.param({"text/uri-list": "{base}/?no=picture"}, "cannot be fetched", id="a page"),
        pytest.param({"text/uri-list": "file:///etc/passwd"}, "no picture", id="a file here"),
        pytest.param({"text/html": "<p>words</p>"}, "no picture", id="no link"),
        pytest.param(
            {"text/uri-list": "http://127.0.0.1:9/picture.jpg"},
            "cannot be fetched",
            id="nobody there",
        ),
    ],
)
def test_what_cannot_be_opened_has_a_sentence(tab: Any, texts: dict[str, str], words: str) -> None:
    base = tab.page.evaluate("location.origin")
    filled = {kind: text.replace("{base}", base) for kind, text in texts.items()}
    assert send(tab, "drop", ".lab-stage", filled)
    assert words in tab.page.locator(".lab-notice").first.inner_text()
    assert tab.page.evaluate("eraserLab.photo") is None
    assert set(tab.foreign) <= {"http://127.0.0.1:9/picture.jpg"}  # by the browser, when asked to
    tab.foreign.clear()


def test_a_mask_that_means_several_things_is_shown_in_all_of_them(
    tab: Any, examples_dir: Path, tmp_path: Path
) -> None:
    tab.photo(examples_dir / "rocket.jpg")
    labels = np.zeros((427, 640), np.uint8)
    labels[100:200, 100:200], labels[300:350, 400:500] = 3, 7
    Pillow.fromarray(labels).save(tmp_path / "labels.png")
    before = tab.count()
    tab.page.set_input_files("[data-testid=mask-file]", tmp_path / "labels.png")
    tab.drawn(before)
    both = tab.mask()
    choices = tab.page.locator(".lab-mask-reading")
    assert choices.count() == 3 and choices.first.get_attribute("aria-pressed") == "true"
    assert "3, 7" in tab.page.locator(".lab-notice").inner_text()
    before = tab.count()
    choices.nth(2).click()
    tab.drawn(before)
    assert 0.3 < tab.mask().sum() / both.sum() < 0.37
    assert choices.nth(2).get_attribute("aria-pressed") == "true"
    tab.page.keyboard.press("Control+z")
    tab.idle()
    assert np.array_equal(tab.mask(), both)
