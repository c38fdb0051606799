"""A Gradio app asked by an owner's eraser, also one that wishes us ill."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from pydantic import JsonValue

from gradio_lookalike import FILE, GradioLookalike, completed, gradio_state
from methods import Failed, Finished, Image, Mask, StopToken, get_eraser
from methods._own.servers import gradio_guard
from methods._own.servers.filling import given
from methods._own.servers.gradio_values import Unfit, editor_of, in_order, picture_in
from own_tools import Own
from server_fixtures import serve, stop_when
from troubled_server import Trouble, Troubled, troubled, until

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]
Server = tuple[str, Any]

TABLE = 'api_name = "/erase"\narguments = { image = "{image}", mask = "{mask}" }'
PLACE = "/tmp/gradio/9/result.png"


def png(pixels: Image) -> bytes:
    done, data = cv2.imencode(".png", pixels[:, :, ::-1])
    assert done
    return bytes(data)


def decoded(data: bytes) -> Image:
    found = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    assert found is not None
    return found.astype(np.uint8)


@pytest.fixture
def server(image: Image) -> Iterator[Server]:
    state = gradio_state(files={PLACE: png(np.full_like(image, 90))})
    with troubled(GradioLookalike, **state) as found:
        yield found


def test_its_picture_is_pasted_back(
    own: Own,
    erase: Erase,
    server: Server,
    image: Image,
    mask: Mask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_planted_secret")
    server[1].events = [completed({"path": PLACE, "meta": FILE})]
    serve(own, "gradio", server[0], TABLE, "[canvas]\nwhole = true")
    last = erase("theirs", {"seamless": False})
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    assert (last.image[mask] == 90).all()
    photo, hole = map(decoded, server[1].uploads)
    assert photo.shape == image.shape and set(np.unique(hole)) == {0, 255}
    assert "planted" not in repr(server[1].seen)  # this machine's token is nobody's business


@pytest.mark.parametrize(
    ("events", "words"),
    [
        ([completed(success=False, error="no GPU left")], "says: no GPU left"),
        ([completed(success=False, error=None)], "says:"),
        ([completed("no picture")], "has not what theirs.toml names"),
        ([completed({"path": None, "url": "http://127.0.0.1:9/x.png"})], "no result"),
        ([completed({"path": "http://127.0.0.1:9/x.png", "meta": FILE})], "no result"),
        ([], "no result"),
        ([{"msg": "unheard of"}], "no result"),
        ([{"no": "message"}], "no result"),
    ],
)
def test_each_answer_that_is_none_is_a_sentence(
    own: Own, erase: Erase, server: Server, events: list[dict[str, Any]], words: str
) -> None:
    server[1].events = events
    serve(own, "gradio", server[0], TABLE)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert (last.code, words in last.text) == ("own_server", True), last.text


@pytest.mark.parametrize(
    ("path", "trouble", "words"),
    [
        ("/config", 401, "without a key"),
        ("/config", "html", "no result"),
        ("/gradio_api/info", 500, "no result"),
        ("/gradio_api/upload", 413, "says: no: 413"),
        ("/gradio_api/queue/join", 503, "takes no more requests"),
        ("/gradio_api/queue/data", "html", "no result"),
        (f"/gradio_api/file={PLACE}", "half", "no result"),
    ],
)
def test_each_way_to_fail_is_a_sentence(
    own: Own, erase: Erase, server: Server, path: str, trouble: Trouble, words: str
) -> None:
    server[1].events = [completed({"path": PLACE, "meta": FILE})]
    server[1].troubles[path] = [trouble]
    serve(own, "gradio", server[0], TABLE)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert (last.code, words in last.text) == ("own_server", True), last.text


def test_an_answer_that_has_no_end_is_cut(
    own: Own, erase: Erase, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gradio_guard, "MOST_BYTES", 20_000)
    server[1].events = [{"msg": "log", "log": "x" * 1000, "level": "info"}] * 100
    server[1].hangs = True
    serve(own, "gradio", server[0], TABLE)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "no result" in last.text


def test_no_other_host_is_asked(own: Own, erase: Erase, server: Server) -> None:
    with troubled(Troubled) as (other, elsewhere):
        server[1].prefix = f"{other}/gradio_api"
        serve(own, "gradio", server[0], TABLE)
        last = erase("theirs")
        assert not elsewhere.seen
    assert isinstance(last, Failed)
    assert "no result" in last.text


def test_no_file_of_ours_is_sent(own: Own, erase: Erase, server: Server, tmp_path: Path) -> None:
    """Gradio's own client uploads a file that a server's default names."""
    (tmp_path / "secret.txt").write_text("planted", encoding="utf-8")
    stolen = {"path": str(tmp_path / "secret.txt"), "meta": FILE}
    server[1].parameters = [
        *GradioLookalike.parameters,
        {
            "parameter_name": "more",
            "parameter_has_default": True,
            "parameter_default": {"deep": [stolen]},
        },
    ]
    server[1].events = [completed({"path": PLACE, "meta": FILE})]
    serve(own, "gradio", server[0], TABLE, "[canvas]\nwhole = true")
    assert isinstance(erase("theirs"), Finished)
    assert len(server[1].uploads) == 2
    assert b"planted" not in b"".join(server[1].uploads)


def test_no_file_of_ours_is_the_result(own: Own, erase: Erase, server: Server) -> None:
    server[1].events = [completed({"path": "/etc/passwd", "meta": FILE})]
    server[1].troubles["/gradio_api/file=/etc/passwd"] = [404]
    serve(own, "gradio", server[0], TABLE)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "says: no: 404" in last.text


def test_its_key_goes_to_it_and_into_no_sentence(
    own: Own, erase: Erase, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THEIR_KEY", "planted-key")
    server[1].events = [completed(success=False, error="who is planted-key?")]
    serve(own, "gradio", server[0], TABLE, server='key = "THEIR_KEY"')
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "says: who is …?" in last.text
    assert "planted" not in repr(last)
    sent = [
        headers.get("x-hf-authorization")
        for _, path, headers in server[1].seen
        if path != "/config"
    ]
    assert set(sent) == {"Bearer planted-key"}


def test_stop_reaches_it(own: Own, erase: Erase, server: Server) -> None:
    server[1].events, server[1].hangs = [{"msg": "process_starts"}], True
    serve(own, "gradio", server[0], TABLE)
    token = StopToken()
    asked = stop_when(lambda: server[1].calls, token)
    last = erase("theirs", token=token)
    asked.join()
    assert isinstance(last, Failed)
    assert last.code == "stopped"
    assert until(lambda: server[1].farewells)
    assert server[1].farewells[0]["event_id"] == "e1"


def test_the_time_ends_it_and_its_threads(own: Own, erase: Erase, server: Server) -> None:
    server[1].events, server[1].hangs = [{"msg": "process_starts"}], True
    before = threading.active_count()
    serve(own, "gradio", server[0], TABLE, server="seconds = 1.5")
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "longer than 1.5 s" in last.text
    # the server's own threads, one for each connection, are not counted once it is cut
    assert until(lambda: threading.active_count() <= before + 3)


def test_progress_is_told(own: Own, server: Server) -> None:
    unit = {"index": 3, "length": 20, "unit": "steps", "progress": None, "desc": "x"}
    server[1].events = [{"msg": "progress", "progress_data": [unit]}]
    server[1].hangs = True
    serve(own, "gradio", server[0], TABLE, server="seconds = 1.5")
    told: list[tuple[int, int]] = []
    eraser = get_eraser("theirs")()
    photo, hole = np.zeros((16, 16, 3), np.uint8), np.zeros((16, 16), bool)
    with pytest.raises(Exception, match="longer"):
        eraser.erase(photo, hole, eraser.Settings(), 0, lambda *step: told.append(step))
    assert (3, 20) in told


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('arguments = ["{image}", "{masks}"]', "did you mean “mask”"),
        ('arguments = ["{image}"]', "must name {image} and {mask}"),
        ('arguments = ["{editor}"]\n[settings.x]\ntype = "text"\nhelp = "h"', "x reaches nothing"),
    ],
)
def test_what_the_arguments_must_name(own: Own, text: str, words: str) -> None:
    serve(own, "gradio", "http://127.0.0.1:9", f'api_name = "/erase"\n{text}')
    assert words in str(get_eraser("theirs").spec.unavailable)


def test_a_space_has_a_host_of_its_own(own: Own) -> None:
    serve(own, "gradio", "Some.Owner/My_Space", TABLE)
    spec = get_eraser("theirs").spec
    assert any("some-owner-my-space.hf.space" in str(note) for note in spec.notes)


def test_arguments_keep_their_kinds() -> None:
    values = {"seed": 7, "settings.x": True, "image": {"path": "p"}}
    wish: JsonValue = {
        "a": ["{image}", "{seed}"],
        "b": "seed {seed} of {{5}}",
        "c": "{ settings.x }",
        "d": None,
    }
    assert given(wish, values) == {
        "a": [{"path": "p"}, 7],
        "b": "seed 7 of {5}",
        "c": True,
        "d": None,
    }


def test_arguments_by_name_and_in_order() -> None:
    wanted: list[dict[str, Any]] = [
        {"parameter_name": "a"},
        {"parameter_name": "b", "parameter_has_default": True, "parameter_default": 5},
    ]
    assert in_order({"a": 1}, wanted) == [1, 5]
    assert in_order([1, 2], wanted) == [1, 2]
    wrong: list[Any] = [{"c": 1}, [1, 2, 3], {}]
    for arguments in wrong:
        with pytest.raises(Unfit):
            in_order(arguments, wanted)


@pytest.mark.parametrize(
    ("answer", "path", "found"),
    [
        ({"path": "/a"}, "", "/a"),
        ([{"image": {"path": "/a"}, "caption": None}, {"image": {"path": "/b"}}], "1", "/b"),
        ([7, {"background": None, "layers": [], "composite": {"path": "/c"}}], "", "/c"),
        ([["x", {"path": "/d"}]], "0.1.path", None),
        ("data:image/png;base64,AAEC", "", b"\0\1\2"),
        ({"value": "data:image/png;base64,AAEC"}, "value", b"\0\1\2"),
        ([1], "5", None),
    ],
)
def test_where_the_picture_is(answer: object, path: str, found: object) -> None:
    if found is None:
        with pytest.raises(Unfit):
            picture_in(answer, path)
    else:
        assert picture_in(answer, path) == found


def test_the_editor_holds_the_mask_as_paint(image: Image, mask: Mask, tmp_path: Path) -> None:
    hole = np.repeat(mask[:, :, None].astype(np.uint8) * 255, 3, axis=2)
    editor = editor_of(png(image), png(hole), tmp_path)
    layer = decoded(Path(editor["layers"][0]["path"]).read_bytes())
    assert np.array_equal(layer[:, :, 3] > 127, mask)
    assert layer[mask].min() == 255
    composite = decoded(Path(editor["composite"]["path"]).read_bytes())[:, :, ::-1]
    assert (composite[mask] == 255).all()
    assert np.array_equal(composite[~mask], image[~mask])
