"""OpenAI's images/edits, by an owner's eraser."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from methods import Failed, Finished, Image, Mask, get_eraser
from methods._own.servers import results
from openai_lookalike import COLOUR, EDITS, MADE, REFUSED, OpenaiLookalike
from own_tools import Own
from server_fixtures import WITH_KEY, check_told, serve
from troubled_server import Trouble, Troubled, troubled

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]
Server = tuple[str, type[Troubled]]

TABLE = """
    model = "dall-e-2"
    prompt = "a {settings.what}"
"""
BY_URL = f'{TABLE}    response_format = "url"\n'
MORE = """
    [canvas]
    whole = true
    [settings.what]
    type = "text"
    default = "lawn"
    help = "h"
"""
KEY = 'key = "THEIR_KEY"\nseconds = 20\nretries = 1'


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("THEIR_KEY", "sk-planted-key")
    with troubled(OpenaiLookalike, wishes=[]) as found:
        yield found


def test_its_form_is_what_the_manifest_says(
    own: Own, erase: Erase, server: Server, image: Image, mask: Mask
) -> None:
    table = (
        f'{TABLE}    size = "{{width}}x{{height}}"\n    fields = {{ hd = true, seed = "{{seed}}" }}'
    )
    serve(own, "openai", server[0], table, MORE, KEY)
    last = erase("theirs", {"seamless": False, "what": "pond"}, seed=7)
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    assert (last.image[mask] == np.array(COLOUR)).all()
    height, width = mask.shape
    assert server[1].wishes == [  # type: ignore[attr-defined]
        {
            "model": "dall-e-2",
            "prompt": "a pond",
            "n": "1",
            "size": f"{width}x{height}",
            "hd": "true",
            "seed": "7",
        }
    ]
    assert server[1].seen[0][2]["authorization"] == "Bearer sk-planted-key"


def test_an_address_that_ends_with_the_version(own: Own, erase: Erase, server: Server) -> None:
    serve(own, "openai", f"{server[0]}/v1/", TABLE, MORE)
    assert isinstance(erase("theirs"), Finished)
    assert [path for _, path, _ in server[1].seen] == [EDITS]
    assert "authorization" not in server[1].seen[0][2]


def test_a_result_at_an_address_is_fetched_without_the_key(
    own: Own, erase: Erase, server: Server, mask: Mask
) -> None:
    serve(own, "openai", server[0], BY_URL, MORE, KEY)
    last = erase("theirs", {"seamless": False})
    assert isinstance(last, Finished), last
    assert (last.image[mask] == np.array(COLOUR)).all()
    assert [path for _, path, _ in server[1].seen] == [EDITS, MADE]
    assert "authorization" not in server[1].seen[1][2]


def test_another_host_is_asked_where_it_is_named(own: Own, erase: Erase, server: Server) -> None:
    with troubled(OpenaiLookalike, wishes=[]) as (other, elsewhere):
        server[1].place = f"{other.replace('127.0.0.1', 'localhost')}{MADE}?secret=1"  # type: ignore[attr-defined]
        serve(own, "openai", server[0], BY_URL, MORE, KEY)
        last = erase("theirs")
        assert isinstance(last, Failed)
        assert "its result at localhost, which is not asked" in last.text
        assert not elsewhere.seen
        serve(own, "openai", server[0], f'{BY_URL}    result_hosts = ["localhost"]', MORE, KEY)
        erase("theirs")
        assert [(how, path) for how, path, _ in elsewhere.seen] == [("GET", MADE)]
        assert "authorization" not in elsewhere.seen[0][2]


@pytest.mark.parametrize(
    ("text", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        *((each, False) for each in ("127.0.0.1", "10.1.2.3", "169.254.169.254", "0.0.0.0")),
        *((each, False) for each in ("::1", "fe80::1%eth0", "fd00::1", "::ffff:127.0.0.1")),
        *((each, False) for each in ("224.0.0.1", "100.64.0.1")),
    ],
)
def test_what_a_public_address_is(text: str, public: bool) -> None:
    assert results._is_public_address(text) == public


@pytest.mark.parametrize(
    ("place", "asked"),
    [
        ("https://files.example/a", True),
        ("http://files.example/a", False),
        ("https://me@files.example/a", False),
        ("https://files.example.evil/a", False),
        ("https://inner.example/a", False),
    ],
)
def test_from_outside_only_what_is_public_is_asked(
    own: Own, erase: Erase, monkeypatch: pytest.MonkeyPatch, place: str, asked: bool
) -> None:
    """Of the two hosts that the owner has named, one is in a private network."""
    from methods._own.servers.web import Web

    inside = {"inner.example": "10.0.0.1"}
    monkeypatch.setattr(
        results.socket,  # type: ignore[attr-defined]
        "getaddrinfo",
        lambda host, *_, **__: [(0, 0, 0, "", (inside.get(host, "93.184.216.34"), 0))],
    )
    gone: list[str] = []

    def send(self: Web, method: str, url: str, **more: object) -> results.httpx.Response:  # type: ignore[name-defined]
        gone.append(method)
        return results.httpx.Response(200, json={"data": [{"url": place}]})  # type: ignore[attr-defined]

    monkeypatch.setattr(Web, "send", send)
    hosts = f'{TABLE}    result_hosts = ["files.example", "inner.example"]'
    serve(own, "openai", "https://api.example", hosts, MORE)
    last = erase("theirs")
    assert isinstance(last, Failed)
    assert gone == (["POST", "GET"] if asked else ["POST"])


@pytest.mark.parametrize(("troubles", "words"), WITH_KEY)
def test_each_way_to_fail_is_a_sentence(
    own: Own, erase: Erase, server: Server, troubles: list[Trouble], words: str | None
) -> None:
    with troubled(OpenaiLookalike, wishes=[]) as (other, elsewhere):
        server[1].troubles[EDITS] = [*troubles]  # they are used up
        server[1].elsewhere = f"{other}{EDITS}"
        serve(own, "openai", server[0], TABLE, MORE, KEY)
        last = erase("theirs")
        assert not elsewhere.seen
    check_told(last, words)


def test_its_own_words_are_told(own: Own, erase: Erase, server: Server) -> None:
    table = 'model = "dall-e-2"\nprompt = "{settings.what}"'
    serve(own, "openai", server[0], table, MORE, KEY)
    last = erase("theirs", {"what": "violence"})
    assert isinstance(last, Failed)
    assert f"says: {REFUSED}" in last.text
    server[1].troubles[MADE] = [403]
    serve(own, "openai", server[0], f'{table}\nresponse_format = "url"', MORE, KEY)
    last = erase("theirs", {"what": "lawn"})
    assert isinstance(last, Failed)
    assert "says: no: 403" in last.text, "no key was sent there: it is not to blame"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('model = "m"', "“prompt” is missing"),
        ('model = "m"\nprompt = "{settings.wat}"', "did you mean “settings.what”"),
        ('model = "m"\nprompt = "p"', "the setting what reaches nothing"),
        (f"{TABLE}fields = {{ n = 2 }}", "“n” does not belong in fields"),
        (f'{TABLE}result_hosts = ["https://a.example"]', "result_hosts"),
        (f'{TABLE}[pictures]\nmask = "grey"', "transparent where it is to be erased"),
    ],
)
def test_what_it_cannot_be(own: Own, text: str, words: str) -> None:
    serve(own, "openai", "https://api.example", text, MORE)
    assert words in str(get_eraser("theirs").spec.unavailable)
