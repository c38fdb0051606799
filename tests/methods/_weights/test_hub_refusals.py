"""What the hub keeps back: five refusals, five sentences, and a bad token that stops nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from hub_files import REPO, body, pinned
from loopback_hub import Answer, Hub, Repo, Token
from methods._base import WeightFile, WeightsUnavailable
from methods._weights.facts import examine
from methods._weights.progress import Notice
from methods._weights.status import WeightState, weight_status
from methods._weights.store import fetch

pytest_plugins = ["hub_fixtures"]

BODY = body()
SMALL = b"{}"

Scene = Callable[[Hub, pytest.MonkeyPatch], None]


def gated(hub: Hub) -> WeightFile:
    return pinned(BODY, hub.publish(REPO, {"net.bin": BODY}, gated=True))


def with_token(hub: Hub, patch: pytest.MonkeyPatch, token: Token | None) -> None:
    if token is not None:
        hub.tokens["hf_mine"] = token
    patch.setenv("HF_TOKEN", "hf_mine")


def no_token(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    """A stranger before a gate."""


def no_licence(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    with_token(hub, patch, Token())


def no_permission(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    with_token(hub, patch, Token(frozenset({REPO}), may_read_gated=False))


def bad_token(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    with_token(hub, patch, None)


def gone(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    del hub.repos[REPO]


def gone_for_an_account(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    gone(hub, patch)
    with_token(hub, patch, Token())


def gone_for_a_bad_token(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    gone(hub, patch)
    bad_token(hub, patch)


def disabled(hub: Hub, patch: pytest.MonkeyPatch) -> None:
    hub.repos[REPO].disabled = True


REFUSALS = [
    (no_token, "weights_login", "{endpoint}/org/repo"),
    (no_licence, "weights_licence", "{endpoint}/org/repo"),
    (no_permission, "weights_permission", "{endpoint}/settings/tokens"),
    (bad_token, "weights_token", "{endpoint}/settings/tokens"),
    (gone, "weights_no_model", "{endpoint}/org/repo"),
    (gone_for_an_account, "weights_no_model", "{endpoint}/org/repo"),
    (gone_for_a_bad_token, "weights_no_model", "{endpoint}/org/repo"),
    (disabled, "weights_no_model", "{endpoint}/org/repo"),
]
refusals = pytest.mark.parametrize(
    ("scene", "code", "page"), REFUSALS, ids=[scene.__name__ for scene, *_ in REFUSALS]
)


@refusals
def test_each_refusal_has_its_sentence_and_the_page_to_open(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, scene: Scene, code: str, page: str
) -> None:
    wanted = gated(hub)
    scene(hub, monkeypatch)
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(wanted)
    error, address = caught.value, page.format(endpoint=hub.endpoint)
    assert error.code == code and address in str(error)
    assert address in error.sentence.said("zh")
    assert "Connect to the internet" not in str(error) and "hf_mine" not in str(error)
    assert weight_status(wanted).code == code


@refusals
def test_the_same_is_told_by_heads_alone(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, scene: Scene, code: str, page: str
) -> None:
    wanted = gated(hub)
    scene(hub, monkeypatch)
    (facts,) = examine([wanted])
    assert (facts.opens, facts.gated, facts.code) == (False, True, code)
    assert page.format(endpoint=hub.endpoint) in facts.why
    assert hub.asked("GET") == [] and hub.asked("HEAD", "content") == []


def test_a_bad_token_does_not_stop_a_public_file_and_is_told(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_token(hub, monkeypatch, None)
    said: list[Notice] = []
    for path, content in {"net.bin": BODY, "config.json": SMALL}.items():
        wanted = pinned(content, hub.publish(REPO, {path: content}), path)
        assert fetch(wanted, remark=said.append).read_bytes() == content
    assert {notice.code for notice in said} == {"token_ignored"}
    address = f"{hub.endpoint}/settings/tokens"
    assert address in str(said[0])
    assert address in said[0].sentence.said("zh")


def test_a_token_that_opens_the_gate(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    with_token(hub, monkeypatch, Token(frozenset({REPO})))
    wanted = gated(hub)
    (facts,) = examine([wanted])
    assert (facts.opens, facts.size, facts.code) == (True, len(BODY), "")
    assert hub.asked("GET") == []
    assert fetch(wanted).read_bytes() == BODY


def test_a_mirror_that_names_no_reason_wants_a_login(hub: Hub) -> None:
    hub.troubles[REPO, "net.bin"] = [Answer(401)]
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(gated(hub))
    assert caught.value.code == "weights_login"


def test_a_firewalls_refusal_is_not_the_hubs(hub: Hub) -> None:
    hub.troubles[REPO, "net.bin"] = [Answer(403)]
    with pytest.raises(WeightsUnavailable) as caught:
        fetch(gated(hub))
    assert caught.value.code == "weights_unavailable" and "refuses access" in str(caught.value)


# --- for whoever lists what a machine needs ------------------------------------------------


def test_facts_by_heads_alone(hub: Hub) -> None:
    commit = hub.publish(REPO, {"net.bin": BODY, "config.json": SMALL})
    large, small = pinned(BODY, commit), pinned(SMALL, commit, "config.json")
    lost = pinned(BODY, commit, "lost.bin")
    told = {facts.name: facts for facts in examine([large, small, lost])}
    assert [told[w.name].size for w in (large, small)] == [len(BODY), len(SMALL)]
    assert told[large.name].place == "127.0.0.1/org/repo" and told[large.name].opens
    assert told[lost.name].opens is None and "404" in told[lost.name].why
    assert hub.asked("GET") == []
    fetch(small)
    (facts,) = examine([small])
    assert (facts.state, facts.place) == (WeightState.READY, "here")


def test_nobody_is_asked_when_told_so(hub: Hub) -> None:
    (facts,) = examine([gated(hub)], ask=False)
    assert facts.opens is None and hub.seen == []


def test_a_dead_hub_is_no_verdict(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    from huggingface_hub import constants

    wanted = gated(hub)
    monkeypatch.setattr(constants, "ENDPOINT", "http://127.0.0.1:9")
    (facts,) = examine([wanted])
    assert facts.opens is None and "no connection" in facts.why


def test_a_repository_of_another_kind_of_trouble_is_not_a_gate(hub: Hub) -> None:
    hub.repos[REPO] = Repo({"0" * 40: {}})
    (facts,) = examine([pinned(BODY, "0" * 40)])
    assert facts.opens is None and facts.code == ""
