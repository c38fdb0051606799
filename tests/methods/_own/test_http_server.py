"""Any server, by a template of an owner's: a form or JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from http_lookalike import FORM, JSON, MADE, HttpLookalike
from methods import Failed, Finished, Image, Mask, get_eraser
from openai_lookalike import COLOUR
from own_tools import Own
from server_fixtures import WITH_KEY, check_told, serve
from troubled_server import Trouble, Troubled, troubled

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]
Server = tuple[str, type[Troubled]]

AS_FORM = """
    path = "/v2/form"
    headers = { X-Api-Key = "key {key}", X-Other = "{{}}" }
    form = { photo = "{image}", hole = " { mask }", steps = "{settings.steps}", on = true }
"""
AS_JSON = """
    method = "PUT"
    path = "/v2/json"
    result = "RESULT"
    [http.json]
    steps = "{settings.steps}"
    words = ["{settings.steps} of {seed}", 1.5]
    [http.json.input]
    pictures = ["{image.data_url}"]
    hole = "{mask.base64}"
"""
MORE = """
    [canvas]
    whole = true
    [settings.steps]
    type = "int"
    default = 3
    min = 1
    max = 9
    help = "h"
"""
KEY = 'key = "THEIR_KEY"\nseconds = 20\nretries = 1'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("THEIR_KEY", "sk-planted-key")
    with troubled(HttpLookalike, wishes=[]) as found:
        yield found


def test_a_form(own: Own, erase: Erase, server: Server, image: Image, mask: Mask) -> None:
    serve(own, "http", server[0], AS_FORM, MORE, KEY)
    last = erase("theirs", {"seamless": False, "steps": 5})
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    assert (last.image[mask] == np.array(COLOUR)).all()
    assert server[1].wishes == [{"steps": "5", "on": "true"}]  # type: ignore[attr-defined]
    ((method, path, headers),) = server[1].seen
    assert (method, path) == ("POST", FORM)
    assert (headers["x-api-key"], headers["x-other"]) == ("key sk-planted-key", "{}")
    assert "authorization" not in headers


@pytest.mark.parametrize("result", ["output.0.code", "output.0.data", "output.0.url"])
def test_json(own: Own, erase: Erase, server: Server, mask: Mask, result: str) -> None:
    serve(own, "http", server[0], AS_JSON.replace("RESULT", result), MORE, KEY)
    last = erase("theirs", {"seamless": False, "steps": 5}, seed=7)
    assert isinstance(last, Finished), last
    assert (last.image[mask] == np.array(COLOUR)).all()
    wish = {"steps": 5, "words": ["5 of 7", 1.5], "input": {}}
    assert server[1].wishes == [wish]  # type: ignore[attr-defined]
    first, *others = server[1].seen
    assert (first[0], first[1]) == ("PUT", JSON)
    assert first[2]["authorization"] == "Bearer sk-planted-key"
    assert [path for _, path, _ in others] == ([MADE] if result.endswith("url") else [])
    assert not any("authorization" in headers for _, _, headers in others)


@pytest.mark.parametrize(
    ("result", "words"),
    [
        ("output.0.picture", "has not what theirs.toml names: output.0.picture"),
        ("output.1.code", "has not what theirs.toml names: output.1.code"),
        ("output.first", "has not what theirs.toml names: output.first"),
        ("output", "has not what theirs.toml names: output"),
        ("output.0.bad", "no result"),
    ],
)
def test_a_result_that_is_not_there(
    own: Own, erase: Erase, server: Server, result: str, words: str
) -> None:
    serve(own, "http", server[0], AS_JSON.replace("RESULT", result), MORE, KEY)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert words in last.text


@pytest.mark.parametrize(
    "place", ["http://localhost:9/a", "https://169.254.169.254/latest", "http://[::1]:9/a"]
)
def test_a_result_elsewhere_is_left_there(
    own: Own, erase: Erase, server: Server, place: str
) -> None:
    server[1].place = place  # type: ignore[attr-defined]
    serve(own, "http", server[0], AS_JSON.replace("RESULT", "output.0.url"), MORE, KEY)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "which is not asked" in last.text and "result_hosts" in last.text


@pytest.mark.parametrize(("troubles", "words"), WITH_KEY)
def test_each_way_to_fail_is_a_sentence(
    own: Own, erase: Erase, server: Server, troubles: list[Trouble], words: str | None
) -> None:
    with troubled(HttpLookalike, wishes=[]) as (other, elsewhere):
        server[1].troubles[FORM] = [*troubles]  # they are used up
        server[1].elsewhere = f"{other}{FORM}"
        serve(own, "http", server[0], AS_FORM, MORE, KEY)
        last = erase("theirs")
        assert not elsewhere.seen
    check_told(last, words)


def test_a_key_in_the_servers_words_is_left_out(
    own: Own, erase: Erase, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("THEIR_KEY", "no: 401")  # what the server answers holds it
    server[1].troubles[FORM] = [401]
    serve(own, "http", server[0], AS_FORM, MORE, KEY)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert "does not accept the key: …" in last.text
    assert server[1].seen[-1][2]["x-api-key"] == "key no: 401"


FILES = 'form = { a = "{image}", b = "{mask}", c = "{settings.steps}"'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (f"{FILES} }}", ""),
        (f'{FILES}, d = "{{settings.step}}" }}', "did you mean “settings.steps”"),
        (f'{FILES}, d = "a{{image}}" }}', "image.base64, image.data_url"),
        ('form = { a = "{image}", b = "{mask}" }', "the setting steps reaches nothing"),
        ('form = { a = "{image}", b = "{settings.steps}" }', "must name the photo and the mask"),
        (f'{FILES} }}\n[http.json]\na = "b"', "write one of the two"),
        ('path = "/a"', "write one of the two"),
        ('[http.json]\na = "{image}"', "image.base64, image.data_url"),
        ("[http.json]\na = nan", "should be a finite number"),
        (f'{FILES} }}\nheaders = {{ X-Key = "{{key}}" }}', 'write key = "NAME" in [server]'),
        (f'{FILES} }}\nheaders = {{ X-Key = "{{seed}}" }}', "no “seed” here; there are: key"),
        (f'{FILES} }}\nheaders = {{ host = "a.example" }}', "the header host is made from"),
        (f'{FILES} }}\nheaders = {{ X-A = "a\\r\\nb: c" }}', "http.headers.X-A"),
        (f'{FILES} }}\nheaders = {{ "a b" = "c" }}', "http.headers"),
        (f'{FILES} }}\npath = "@evil.example"', "http.path"),
        (f'{FILES} }}\npath = "/a#b"', "http.path"),
        (f'{FILES} }}\nmethod = "GET"', "http.method"),
        (f"{FILES} }}\nresults = 1", "did you mean “result”"),
    ],
)
def test_what_it_cannot_be(own: Own, text: str, words: str) -> None:
    serve(own, "http", "https://api.example", text, MORE)
    said = str(get_eraser("theirs").spec.unavailable or "")
    assert (words in said) if words else not said, said
