"""The first command of the README: the page starts as it is told to, or says why it cannot."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

import app
from methods import InProcess
from ports import own_port
from ui.service.service import Service

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting of the machine that runs the tests counts."""
    for name in ("HOST", "PORT", "SHARE", "LANG"):
        monkeypatch.delenv(f"ERASER_LAB_{name}", raising=False)
    for name in ("NAME", "PORT"):
        monkeypatch.delenv(f"GRADIO_SERVER_{name}", raising=False)
    monkeypatch.delenv("GRADIO_SHARE", raising=False)
    for name in ("ERASER_LAB", "GRADIO"):
        monkeypatch.delenv(f"{name}_ROOT_PATH", raising=False)


def test_without_a_word_the_page_is_for_this_machine_alone() -> None:
    options = app.parse([])
    assert (options.host, options.port, options.share, options.lang) == (
        "127.0.0.1",
        None,
        False,
        None,
    )


@pytest.mark.parametrize("kind", ["ERASER_LAB", "GRADIO_SERVER"])
def test_the_environment_counts_and_the_command_line_counts_more(
    monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setenv("ERASER_LAB_HOST" if kind == "ERASER_LAB" else "GRADIO_SERVER_NAME", "::1")
    monkeypatch.setenv(f"{kind}_PORT", "8123")
    monkeypatch.setenv("ERASER_LAB_SHARE", "yes")
    monkeypatch.setenv("ERASER_LAB_LANG", "zh")
    options = app.parse([])
    assert (options.host, options.port, options.share, options.lang) == ("::1", 8123, True, "zh")
    options = app.parse(["--host", "0.0.0.0", "--port", "80", "--lang", "en"])
    assert (options.host, options.port, options.lang) == ("0.0.0.0", 80, "en")


@pytest.mark.parametrize(
    ("arguments", "variables"),
    [
        (["--port", "0"], {}),
        (["--port", "http"], {}),
        (["--root-path", "apps"], {}),
        (["--root-path", "/a b"], {}),
        (["--root-path", "/a/../b"], {}),
        (["--root-path", "ftp://example.org/a"], {}),
        ([], {"ERASER_LAB_ROOT_PATH": "/a?b"}),
        (["--lang", "fr"], {}),
        ([], {"ERASER_LAB_LANG": "fr"}),
        ([], {"ERASER_LAB_PORT": "99999"}),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    variables: dict[str, str],
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SystemExit) as ended:
        app.parse(arguments)
    assert ended.value.code == 2
    assert "error:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("variable", "value"), [("ERASER_LAB_MAX_GB", "much"), ("ERASER_LAB_MAX_MEGAPIXELS", "-1")]
)
def test_a_setting_of_the_environment_that_is_no_good_is_named(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str
) -> None:
    monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit, match=f"cannot start: {variable}"):
        app.make_service()


@pytest.mark.parametrize(
    ("arguments", "variable", "asked"),
    [([], "", ""), ([], "auto", "auto"), (["--ray", "10.0.0.1:6379"], "auto", "10.0.0.1:6379")],
)
def test_a_cluster_is_asked_for_by_option_or_variable(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    variable: str,
    asked: str,
) -> None:
    """And the program says which one it is."""

    class Cluster(InProcess):
        def described(self) -> str:
            return "Ray cluster of a test"

    wanted: list[str] = []

    def make(ray: str) -> InProcess:
        wanted.append(ray)
        return Cluster()

    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path))
    monkeypatch.setenv("ERASER_LAB_RAY", variable)
    monkeypatch.setattr("methods.make_executor", make)
    monkeypatch.setattr("ui.service.parts.make_executor", InProcess)
    app.make_service(app.parse(arguments).ray).close()
    assert wanted == ([asked] if asked else [])
    assert ("Ray cluster of a test." in capsys.readouterr().out) == bool(asked)


def test_a_cluster_that_cannot_be_joined_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("methods._workers.cluster.address.find_spec", lambda _: None)
    with pytest.raises(SystemExit, match="cannot start: A cluster needs a package"):
        app.make_service("auto")


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("", ""),
        ("/", ""),
        ("/apps/eraser/", "/apps/eraser"),
        ("https://example.org/eraser", "https://example.org/eraser"),
    ],
)
@pytest.mark.parametrize("variable", ["ERASER_LAB_ROOT_PATH", "GRADIO_ROOT_PATH"])
def test_a_path_before_the_pages_address_may_be_named(
    monkeypatch: pytest.MonkeyPatch, given: str, meant: str, variable: str
) -> None:
    assert app.parse(["--root-path", given]).root_path == meant
    monkeypatch.setenv(variable, given)
    assert app.parse([]).root_path == meant


def test_a_folder_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path / "file"))
    with pytest.raises(SystemExit, match="Choose another folder with ERASER_LAB_DATA"):
        app.make_service()


@pytest.mark.parametrize("command", [["app.py"], ["-m", "methods", "list"]])
def test_without_its_packages_it_says_how_to_get_them(command: list[str]) -> None:
    done = subprocess.run(  # -S: no installed package is found
        [sys.executable, "-S", *command],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 1
    assert "is missing. Run: pip install -r requirements.txt" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_said_in_one_sentence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        place.listen()
        with pytest.raises(SystemExit, match="Choose another with --port or --host"):
            app.main(["--port", str(place.getsockname()[1]), "--no-fetch"])


def test_the_page_is_served_before_anything_heavy_begins(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Even where Gradio's own look at itself, which has 3 seconds, would have failed."""
    begun: list[int] = []
    port = own_port()

    def start(service: Service, *, fetch: bool) -> None:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=60) as answer:
            begun.append(answer.status)
        assert not fetch
        os.kill(os.getpid(), signal.SIGTERM)  # it has seen enough

    monkeypatch.setenv("ERASER_LAB_DATA", str(tmp_path))
    monkeypatch.setenv("GRADIO_TEMP_DIR", str(tmp_path / "uploads"))
    monkeypatch.setenv("GRADIO_DEBUG", "1")
    monkeypatch.setattr("gradio.networking.url_ok", lambda url: False)
    monkeypatch.setattr("methods.leave_at_once", lambda: None)
    monkeypatch.setattr(Service, "start", start)
    app.main(["--port", str(port), "--no-fetch"])
    assert begun == [200]


@pytest.mark.slow
def test_the_command_serves_the_page_in_the_language_that_was_asked_for(tmp_path: Path) -> None:
    port = own_port()
    environment = {**os.environ, "ERASER_LAB_DATA": str(tmp_path), "ERASER_LAB_PORT": str(port)}
    environment.pop("GRADIO_TEMP_DIR", None)
    command = [sys.executable, "app.py", "--no-fetch", "--lang", "zh"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL)
    try:
        page = wait_for_page(f"http://127.0.0.1:{port}/", process)
    finally:
        process.terminate()
        code = process.wait(60)
    assert code == 0  # as after Ctrl-C, not as if it had been killed
    assert 'code === ("zh" ?? kept)' in page


def wait_for_page(url: str, process: subprocess.Popen[bytes]) -> str:
    """The page's source, as soon as it is served."""
    for _ in range(600):
        assert process.poll() is None
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the page did not come")


@pytest.mark.slow
def test_it_ends_in_peace_while_a_network_is_computing() -> None:
    """Torch's threads abort a Python that unwinds under them; what was said is not lost."""
    script = (
        "import threading, torch, methods\n"
        "busy = threading.Event()\n"
        "def compute():\n"
        "    while True:\n"
        "        torch.ones(200, 200) @ torch.ones(200, 200); busy.set()\n"
        "threading.Thread(target=compute, daemon=True).start()\n"
        "busy.wait()\n"
        "print('said', end='')\n"
        "methods.leave_at_once()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "said", "")
