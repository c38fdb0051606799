"""Whatever is sent to `segment`, it answers: a mask, or a sentence with a known code.

The requests are grown from the endpoint's own structure, with anything at all in any
place of it. The limits are what keeps a call cheap, so that is what is held: a refused
request never reaches the segmenter, and one that is accepted reaches it once an object.
"""

from __future__ import annotations

import base64
import io
import json
import math
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image as Pil

from segmentation import Candidates, Embedding, PromptedObject, get_segmenter
from segmentation._prompts.prompts import MAX_OBJECTS
from tiers import EXAMPLES
from ui.common.limits import Rate, RateLimiter
from ui.service.service import Service
from ui_tools import png_file

Answer = Mapping[str, Any]
SIZE = (90, 120)


class Lab:
    """A service with one photo and one uploaded mask, that counts what its segmenter does."""

    def __init__(self, service: Service, photo: str, upload: str) -> None:
        self.service, self.photo, self.upload = service, photo, upload
        self.asked: list[PromptedObject] = []

    def segment(self, request: Any) -> Answer:
        self.asked.clear()
        return self.service.segment(request, "fuzz")


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as folder:
        patch.setenv("GRADIO_TEMP_DIR", str(Path(folder, "uploads")))
        patch.setattr("ui.service.selections.select.is_ready", lambda spec: not spec.weights)
        service = Service(Path(folder, "data"))
        patch.setattr(service, "clicks", RateLimiter(Rate(per_second=1e9, burst=10**9)))
        photo = service.photos.add_copy(_file(folder), "fuzz.png").id
        made = Lab(service, photo, service.masks.put(photo, np.eye(*SIZE, dtype=np.bool_)))
        segmenter = get_segmenter("grabcut")
        real = segmenter.segment

        def counting(embedding: Embedding, prompted: PromptedObject) -> Candidates:
            made.asked.append(prompted)
            return real(embedding, prompted)

        patch.setattr(segmenter, "segment", counting)
        yield made
        service.close()


def _file(folder: str) -> Path:
    path = Path(folder, "photo.png")
    path.write_bytes(png_file())
    return path


# --- requests ----------------------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=6)
    | st.sampled_from(["", "../../etc/passwd", "\x00", "NaN", "1e999", "__proto__", "<b>", "九"])
)
anything: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
xs, ys = st.floats(0, 119) | st.integers(0, 120), st.floats(0, 89) | st.integers(0, 90)
points = st.fixed_dictionaries({"x": xs, "y": ys}, optional={"label": st.sampled_from([0, 1])})


@st.composite
def boxes(draw: st.DrawFn) -> Answer:
    x0, y0 = draw(st.floats(-20, 119)), draw(st.floats(-20, 89))
    return {
        "x0": x0,
        "y0": y0,
        "x1": x0 + draw(st.floats(0.5, 90)),
        "y1": y0 + draw(st.floats(0.5, 90)),
    }


objects = st.fixed_dictionaries(
    {"points": st.lists(points, min_size=1, max_size=3), "box": st.none() | boxes()},
    optional={
        "negative_boxes": st.lists(boxes(), max_size=2),
        "level": st.sampled_from([0, 1, 2, None]),
        "on": st.booleans(),
        "view": st.none() | st.floats(1, 9000),
    },
)
strokes = st.fixed_dictionaries(
    {"points": st.lists(st.tuples(xs, ys), min_size=1, max_size=5), "width": st.floats(0.1, 60)},
    optional={"erase": st.booleans()},
)
shapes = st.fixed_dictionaries(
    {},
    optional={
        "dilate": st.floats(-50, 100),
        "dilate_unit": st.sampled_from(["px", "%"]),
        "fill_holes": st.booleans(),
        "drop_speckles": st.booleans(),
        "smooth": st.floats(0, 64),
        "precision": st.floats(0, 1),
        "invert": st.booleans(),
    },
)
requests = st.fixed_dictionaries(
    {"objects": st.lists(objects, max_size=2), "strokes": st.lists(strokes, max_size=3)},
    optional={
        "n": st.integers(0, 2**53),
        "upload": st.sampled_from(["the upload", None]),
        "shape": shapes,
        "show": st.sampled_from(["mask", "margin"]),
    },
)


@st.composite
def damaged(draw: st.DrawFn) -> Answer:
    """A good request with anything in one place of it, or one name more or less."""
    request = draw(requests)
    place: Any = request
    while True:
        steps = list(place) if isinstance(place, dict) else list(range(len(place)))
        if not steps:
            return request
        step = draw(st.sampled_from(steps))
        deeper = isinstance(place[step], dict | list) and draw(st.booleans())
        if not deeper:
            break
        place = place[step]
    match draw(st.sampled_from(["replace", "replace", "repeat", "remove", "add"])):
        case "replace":
            place[step] = draw(anything)
        case "repeat" if isinstance(place, list):
            place.extend([place[step]] * draw(st.sampled_from([60, 700, 10_000])))
        case "remove":
            place.pop(step)
        case "add" if isinstance(place, dict):
            place[draw(st.text(max_size=5))] = draw(anything)
    return request


def on_photo(lab: Lab, request: Any) -> Any:
    """The request for the lab's photo, unless it names one of its own."""
    if not isinstance(request, dict):
        return request
    named = {"photo": lab.photo, "segmenter": "grabcut", **request}
    if named.get("upload") == "the upload":
        named["upload"] = lab.upload
    return named


# --- what must hold ----------------------------------------------------------------------


def check(lab: Lab, request: Any) -> Answer:
    """Send the request and hold the answer to all that was promised."""
    answer = lab.segment(request)
    text = json.dumps(answer)  # plain values all the way down
    for secret in ("Traceback", str(lab.service.photos.folder.parent), "site-packages", ".py"):
        assert secret not in text
    if answer["ok"]:
        check_mask(request, answer)
        assert len(lab.asked) <= MAX_OBJECTS
    else:
        check_error(answer["error"])
        outside = ("point_outside", "box_outside", "strokes_cover_too_much", "memory")
        assert not lab.asked or answer["error"]["code"] in outside
    return answer


def check_mask(request: Answer, answer: Answer) -> None:
    data = base64.b64decode(answer["overlay"].partition(",")[2])
    opacity = np.asarray(Pil.open(io.BytesIO(data)).convert("RGBA"))[..., 3]
    shown = (opacity > 0) & (opacity == opacity.max())  # a margin is paler
    assert shown.shape == SIZE
    assert math.isclose(float(shown.mean()), answer["area"], abs_tol=1e-9)
    count = len(request.get("objects", ()))
    assert len(answer["levels"]) == len(answer["chosen"]) == len(answer["objects"]) == count
    known = ("rim", "shadow", "everything", "coarse")
    assert all(hint["code"] in known for hint in answer["hints"])
    assert all(0 <= hint["strength"] <= 1 for hint in answer["hints"])


def check_error(error: Answer) -> None:
    assert error["said"]["zh"] not in ("", error["text"]), error
    assert error["code"] != "internal", error
    assert error["text"].strip().endswith((".", "。")) and len(error["text"]) <= 600
    assert len(json.dumps(error)) < 4000


quick = settings(
    max_examples=EXAMPLES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@quick
@given(request=requests)
def test_good_requests_are_answered(lab: Lab, request: Answer) -> None:
    answer = check(lab, on_photo(lab, request))
    if "n" in request:
        assert answer["n"] == request["n"]


@quick
@given(request=damaged())
def test_damaged_requests_are_answered(lab: Lab, request: Answer) -> None:
    check(lab, on_photo(lab, request))


FIELDS = ["photo", "objects", "strokes", "upload", "shape", "segmenter", "n", "show", "dilate"]


@quick
@given(request=anything | st.dictionaries(st.sampled_from(FIELDS), anything, max_size=4))
def test_anything_at_all_is_answered(lab: Lab, request: Any) -> None:
    check(lab, request)
    check(lab, on_photo(lab, request))


@pytest.mark.parametrize(
    "request_",
    [
        {"objects": [{"points": [{"x": 5, "y": 5}]}] * 500},
        {"objects": [{"points": [{"x": 5, "y": 5}] * 10_000}]},
        {"strokes": [{"points": [[5, 5]], "width": 9}] * 10_000},
        {"strokes": [{"points": [[5, 5]] * 10_000, "width": 9}]},
        {"objects": [{"points": [{"x": "9" * 10**5, "y": 5}]}]},
        {"objects": [{"points": [{"x": 10**400, "y": 5}]}]},
        {"shape": {"dilate": 10**400}},
        {"n": 10**400},
        {"x" * 10**5: 1},
        {"photo": "x" * 10**6},
        {"objects": {"points": {}} },
    ],
    ids=range(11),
)  # fmt: skip
def test_what_is_far_too_much_is_refused_before_any_work(lab: Lab, request_: Answer) -> None:
    answer = check(lab, on_photo(lab, request_))
    assert answer["ok"] is False and not lab.asked
    assert len(json.dumps(answer)) < 2000


def test_nesting_without_end_is_refused(lab: Lab) -> None:
    deep: Any = []
    for _ in range(900):
        deep = [deep]
    for name in ("objects", "strokes", "shape", "n", "photo"):
        assert check(lab, on_photo(lab, {name: deep}))["ok"] is False
