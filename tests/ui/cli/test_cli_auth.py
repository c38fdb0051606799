"""The commands for who is let in, and for runs that the page keeps."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from methods import write_atomic
from ui.cli.__main__ import main
from ui.stores.accounts import Accounts
from ui.stores.runs import RunStore


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path))
    monkeypatch.delenv("ERASER_LAB_AUTH", raising=False)
    return tmp_path


def typed(monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    """What is typed at a keyboard, where nothing is shown."""
    answers = iter(words)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("ui.cli.auth.getpass", lambda prompt: next(answers))


def test_people_come_and_go(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    accounts = Accounts(data / "accounts.json")
    typed(monkeypatch, "correct horse", "correct horse")
    assert main(["auth", "add", "anna"]) == 0
    assert f"--auth {data / 'accounts.json'}" in capsys.readouterr().out
    assert accounts.verify("anna", "correct horse")
    monkeypatch.setattr("sys.stdin", io.StringIO("another word\n"))
    assert main(["auth", "add", "anna"]) == 0
    assert accounts.verify("anna", "another word")
    assert main(["auth", "token", "robot"]) == 0
    token = capsys.readouterr().out.split()[-1]
    assert accounts.name_of(token) == "robot" and accounts.name_of("lab_x") is None
    assert main(["auth", "list"]) == 0
    assert capsys.readouterr().out == "anna: password\nrobot: 1 tokens\n"
    assert main(["auth", "remove", "anna"]) == 0
    assert not accounts.verify("anna", "another word")


@pytest.mark.parametrize(
    ("words", "passwords", "said"),
    [
        (["add", "anna"], ["one password", "another one"], "differ"),
        (["add", "anna"], ["short", "short"], "8 to 1024"),
        (["add", "an na"], [], "1 to 63 letters"),
        (["add"], [], "1 to 63 letters"),
        (["remove", "nobody"], [], "not in the file"),
    ],
)
def test_what_cannot_be_is_said(
    data: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    passwords: list[str],
    said: str,
) -> None:
    typed(monkeypatch, *passwords)
    assert main(["auth", *words]) == 2
    assert said in capsys.readouterr().err
    assert not (data / "accounts.json").exists()


def test_the_file_is_that_of_the_setting(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERASER_LAB_AUTH", f"hf:anna {data / 'named.json'}")
    assert main(["auth", "token", "robot"]) == 0
    assert (data / "named.json").is_file()
    assert main(["auth", "token", "robot", "--file", str(data / "other.json")]) == 0
    assert (data / "other.json").is_file()


def test_runs_are_hidden_remarked_and_deleted(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    store, run = RunStore(data / "runs"), "r" * 22
    folder = store.create(run)
    store.mark_ended(run)
    write_atomic(folder / "run.json", b'{"format": 2, "grid": {"cards": [{"index": 0}]}}')
    link = f"http://127.0.0.1:7860/?run={run}&tab=x"
    assert main(["runs", "hide", link]) == 0 and store.ownership(run).private
    assert main(["runs", "show", run]) == 0 and not store.ownership(run).private
    assert main(["runs", "remark", run]) == 2
    assert main(["runs", "delete", run]) == 0 and not store.exists(run)
    assert main(["runs", "delete", run]) == 2
    assert "not on this server" in capsys.readouterr().err
