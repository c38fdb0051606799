"""IOPaint's interface, by an owner's eraser; and what all kinds of servers may do wrong."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import cv2
import numpy as np
import pytest

from iopaint_lookalike import IopaintLookalike
from methods import Failed, Finished, Image, Mask, StopToken, get_eraser
from own_tools import Own
from server_fixtures import WITHOUT_KEY, check_told, serve, stop_when
from troubled_server import Trouble, Troubled, troubled

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]
Server = tuple[str, type[Troubled]]

TELEA = 'cv2_flag = "INPAINT_TELEA"\ncv2_radius = 4'
PATH = "/api/v1/inpaint"


@pytest.fixture
def server() -> Iterator[Server]:
    with troubled(IopaintLookalike, wishes=[]) as found:
        yield found


def test_it_erases_white_and_says_what_the_manifest_says(
    own: Own, erase: Erase, server: Server, image: Image, mask: Mask
) -> None:
    settings = '[settings.cv2_radius]\ntype = "int"\ndefault = 5\nmin = 1\nmax = 9\nhelp = "h"'
    serve(own, "iopaint", server[0], TELEA, f"[canvas]\nwhole = true\n{settings}")
    last = erase("theirs", {"seamless": False, "cv2_radius": 3}, seed=7)
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    flags = cv2.INPAINT_TELEA
    expected = cv2.inpaint(image[:, :, ::-1].copy(), mask.astype(np.uint8), 3, flags)[:, :, ::-1]
    assert np.array_equal(last.image[mask], expected[mask])
    wish = server[1].wishes[0]  # type: ignore[attr-defined]
    assert wish == {"cv2_flag": "INPAINT_TELEA", "cv2_radius": 3, "sd_seed": 7}


def test_another_model_than_the_named_one_is_refused(
    own: Own, erase: Erase, server: Server
) -> None:
    serve(own, "iopaint", server[0], 'model = "lama"')
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert (last.code, "runs the model cv2" in last.text) == ("own_server", True), last
    assert not server[1].wishes  # type: ignore[attr-defined]
    serve(own, "iopaint", server[0], 'model = "cv2"')
    assert isinstance(erase("theirs"), Finished)


@pytest.mark.parametrize(("troubles", "words"), WITHOUT_KEY)
def test_each_way_to_fail_is_a_sentence(
    own: Own, erase: Erase, server: Server, troubles: list[Trouble], words: str | None
) -> None:
    with troubled(IopaintLookalike, wishes=[]) as (other, elsewhere):
        server[1].troubles[PATH] = [*troubles]  # they are used up
        server[1].elsewhere = f"{other}{PATH}"
        serve(own, "iopaint", server[0], TELEA)
        last = erase("theirs")
        assert not elsewhere.seen
    check_told(last, words)


def test_a_slow_answer_ends_with_the_time(own: Own, erase: Erase, server: Server) -> None:
    server[1].troubles[PATH] = ["drip"]
    serve(own, "iopaint", server[0], TELEA, server="seconds = 0.7")
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "longer than 0.7 s" in last.text


def test_its_own_words_are_told(own: Own, erase: Erase, server: Server) -> None:
    """The mask of another size cannot come from us: a server that says so is heard."""
    server[1].troubles[PATH] = [422]
    serve(own, "iopaint", server[0], TELEA)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "says: no: 422" in last.text


def test_nobody_there(own: Own, erase: Erase) -> None:
    serve(own, "iopaint", "http://127.0.0.1:9", TELEA, server="retries = 0")
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "127.0.0.1 cannot be reached" in last.text


def test_stop_ends_the_connection(own: Own, erase: Erase, server: Server) -> None:
    server[1].troubles[PATH] = ["drip"]
    serve(own, "iopaint", server[0], TELEA)
    token = StopToken()
    asked = stop_when(lambda: server[1].seen, token)
    last = erase("theirs", token=token)
    asked.join()
    assert isinstance(last, Failed)
    assert last.code == "stopped"


def test_a_key_is_named_and_never_shown(
    own: Own, erase: Erase, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    serve(own, "iopaint", server[0], TELEA, server='key = "THEIR_KEY"\nretries = 0')
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "environment variable THEIR_KEY" in last.text
    monkeypatch.setenv("THEIR_KEY", "no: 401")  # what the server answers holds it
    server[1].troubles[PATH] = [401]
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "does not accept the key: …" in last.text
    for odd in (
        "sk-first\nsk-second",
        "sk-caf\u00e9",
        "sk-\x7f",
    ):  # an error of the library would hold it
        monkeypatch.setenv("THEIR_KEY", odd)
        last = erase("theirs")
        assert isinstance(last, Failed) and last.code == "own_server", last
        assert "variable THEIR_KEY" in last.text and "sk-" not in last.text
    assert server[1].seen[-1][2]["authorization"] == "Bearer no: 401"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('url = "ftp://a"', "line 4: “url” must be the address"),
        ('url = "http://u:p@a/"', "must be the address"),
        ('url = "http://a"\nkey = "sk-secret"', "must be the name of an environment variable"),
        ('url = "http://a"\nkey = "KEY"', "over http:// to another machine"),
    ],
)
def test_what_a_server_cannot_be(own: Own, text: str, words: str) -> None:
    own.put("theirs.toml", f'kind = "iopaint"\n\n[server]\n{text}\n')
    said = str(get_eraser("theirs").spec.unavailable)
    assert words in said
    assert "secret" not in said


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('[iopaint]\ncv2_flags = "INPAINT_NS"', "did you mean “cv2_flag”"),
        ("[iopaint]\ncv2_radius = 0", "“iopaint.cv2_radius”"),
        ('[pictures]\nerase = "black"', "white where it is to be erased"),
        (
            '[settings.sd_step]\ntype = "int"\ndefault = 1\nmin = 1\nmax = 2\nhelp = "h"',
            "did you mean “sd_steps”",
        ),
    ],
)
def test_what_iopaint_does_not_know_is_refused(own: Own, text: str, words: str) -> None:
    own.put("theirs.toml", f'kind = "iopaint"\n[server]\nurl = "http://127.0.0.1:9"\n{text}\n')
    assert words in str(get_eraser("theirs").spec.unavailable)


def test_where_it_goes_is_said(own: Own) -> None:
    own.put("theirs.toml", 'kind = "iopaint"\n[server]\nurl = "https://paint.example/x/"\n')
    spec = get_eraser("theirs").spec
    assert spec.unavailable is None
    assert any("paint.example" in str(note) for note in spec.notes)
    assert not spec.holds_device
