"""Commands of the owner's: what they are given, what they give, and each way to fail."""

from __future__ import annotations

import ast
import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import psutil
import pytest

from methods import OWN_CLIENT, Failed, Finished, Image, Mask, StopToken, get_eraser
from methods._own.manifest import PicturesPart
from methods._own.pictures import written
from own_tools import SCRIPT, Own, gone

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]


def stopping(token: StopToken, begun: Path) -> threading.Thread:
    """Presses Stop when a file is there."""

    def press() -> None:
        until = time.monotonic() + 60
        while not begun.exists() and time.monotonic() < until:
            time.sleep(0.02)
        token.stop()

    thread = threading.Thread(target=press)
    thread.start()
    return thread


def test_its_result_is_pasted_back(own: Own, erase: Erase, image: Image, mask: Mask) -> None:
    own.command("mine", SCRIPT)
    last = erase("mine", {"seamless": False})
    assert isinstance(last, Finished), last
    assert last.changed_outside == 0
    assert np.array_equal(last.image[~mask], image[~mask])
    assert (last.image[mask] == 200).all()


def test_it_gets_its_settings_as_data_and_no_token(
    own: Own, erase: Erase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_planted_secret")
    monkeypatch.setenv("NAMED_KEY", "named-planted-secret")
    said = tmp_path / "said"
    script = f"""
        import json, os, sys
        open({str(said)!r}, "w").write(json.dumps([sys.argv[4:], dict(os.environ)]))
        print(os.environ["NAMED_KEY"])
        sys.exit(3)
    """
    settings = """
        [settings.prompt]
        type = "text"
        help = "h"
        [settings.fast]
        type = "bool"
        default = true
        help = "h"
    """
    words = '"{seed}", "--prompt={settings.prompt}", "{settings.prompt}", "{settings.fast}"'
    own.command("mine", script, settings, words, keep='["NAMED_KEY"]', environment='{A = "b"}')
    typed = "a b; $(touch x) {seed} 'q"
    last = erase("mine", {"prompt": typed}, seed=5)
    assert isinstance(last, Failed)
    assert last.code == "own_failed"
    assert "exit code 3" in last.text
    assert "planted" not in repr(last.details)  # what was given in confidence is not shown
    arguments, environment = json.loads(said.read_text())
    assert arguments == ["5", f"--prompt={typed}", typed, "true"]
    assert environment["A"] == "b"
    assert environment["NAMED_KEY"] == "named-planted-secret"
    assert "HF_TOKEN" not in environment
    assert environment["CUDA_VISIBLE_DEVICES"] == ""


def test_what_is_typed_becomes_no_option(own: Own, erase: Erase) -> None:
    settings = '[settings.prompt]\ntype = "text"\nhelp = "h"'
    own.command("mine", SCRIPT, settings, '"{settings.prompt}"')
    last = erase("mine", {"prompt": "--output=/etc/passwd"})
    assert isinstance(last, Failed)
    assert last.code == "own_setting"


@pytest.mark.parametrize(
    ("script", "code", "words"),
    [
        ("import os; os.abort()", "own_failed", "signal 6"),
        ("pass", "own_result", "without writing"),
        ("import sys; open(sys.argv[3], 'w').write('<html>')", "own_result", "cannot be used"),
        (
            "import sys\nfrom PIL import Image\nImage.new('RGB', (9, 7)).save(sys.argv[3])",
            "own_result",
            "9 × 7",
        ),
        ("import time; time.sleep(60)", "own_late", "longer than 0.7 s"),
    ],
)
def test_each_way_to_fail_is_a_sentence(
    own: Own, erase: Erase, script: str, code: str, words: str
) -> None:
    own.command("mine", script, seconds="0.7" if code == "own_late" else "60")
    last = erase("mine")
    assert isinstance(last, Failed)
    assert (last.code, words in last.text) == (code, True), last


def test_there_may_be_no_program_and_no_folder(own: Own, erase: Erase) -> None:
    own.put("a.toml", 'kind = "command"\n[command]\nrun = ["no-such", "{image}{output}"]')
    own.put(
        "b.toml",
        'kind = "command"\n[command]\nfolder = "gone"\nrun = ["x", "{image}{output}"]',
    )
    first, second = erase("a"), erase("b")
    assert isinstance(first, Failed) and isinstance(second, Failed)
    assert "no program no-such" in first.text
    assert "no folder gone" in second.text


def test_a_flood_of_words_is_read_and_its_end_is_kept(own: Own, erase: Erase) -> None:
    script = """
        import sys
        for n in range(40000):
            sys.stderr.write("x" * 100 + "\\n")
        sys.stderr.write("the last line\\n")
        sys.exit(1)
    """
    own.command("mine", script)
    last = erase("mine")
    assert isinstance(last, Failed)
    printed = str(last.details["printed"])
    assert printed.endswith("the last line")
    assert len(printed) < 5000


FORKS = """
    import os, signal, subprocess, sys, time
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)", "{mark}"],
                     start_new_session=True, preexec_fn=lambda: signal.signal(15, signal.SIG_IGN))
    open({begun!r}, "w").close()
    time.sleep(300)
"""


def test_stop_ends_all_that_it_has_begun(own: Own, erase: Erase, tmp_path: Path) -> None:
    """It ignores SIGTERM, and its child has a session of its own."""
    begun, mark = tmp_path / "begun", f"mark-{os.getpid()}-stop"
    own.command("mine", FORKS.format(mark=mark, begun=str(begun)))
    token = StopToken()
    thread = stopping(token, begun)
    last = erase("mine", token=token)
    thread.join()
    assert isinstance(last, Failed) and last.stopped
    assert gone(mark)
    assert gone(own.script("mine"))


def test_masks_have_the_form_that_is_asked_for(image: Image, mask: Mask) -> None:
    from PIL import Image as PillowImage

    def mask_of(**how: str) -> np.ndarray:  # type: ignore[type-arg]
        with written(image, mask, PicturesPart.model_validate(how)) as files:
            return np.array(PillowImage.open(files.mask))

    assert np.array_equal(mask_of() > 0, mask)
    assert np.array_equal(mask_of(erase="black") == 0, mask)
    assert mask_of(mask="rgb").shape == (48, 64, 3)
    alpha = mask_of(mask="alpha")
    assert np.array_equal(alpha[..., 3] == 0, mask)
    assert np.array_equal(alpha[~mask][:, :3], image[~mask])


# --- kept running ------------------------------------------------------------------------------


def test_it_is_kept_running_and_loaded_once(
    own: Own, image: Image, mask: Mask, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    own.kept("mine", f"open({str(log)!r}, 'a').write(str(os.getpid()) + '\\n')")
    eraser = get_eraser("mine")()
    assert eraser.spec.holds_device
    eraser.load("cpu", None)
    try:
        steps: list[tuple[int, int]] = []
        for seed in (3, 4):
            told = lambda step, total: steps.append((step, total))  # noqa: E731
            found = eraser.erase(image, mask, eraser.Settings(), seed, told)
            assert (found[mask] == seed).all()
        assert len(set(log.read_text().split())) == 1
        assert (1, 2) in steps
        psutil.Process(int(log.read_text().split()[0])).kill()
        time.sleep(0.3)
        found = eraser.erase(image, mask, eraser.Settings(), 5, lambda *_: None)
        assert (found[mask] == 5).all()  # it is begun again
    finally:
        eraser.unload()
    assert gone(own.script("mine"))


def test_what_it_says_is_a_sentence_and_it_lives_on(own: Own, erase: Erase) -> None:
    own.kept("mine", "assert seed != 1, 'odd seed'")
    bad, good = erase("mine", seed=1), erase("mine", seed=2)
    assert isinstance(bad, Failed) and "odd seed" in bad.text
    assert isinstance(good, Finished)


def test_stop_is_heard_at_its_next_step_or_ends_it(own: Own, erase: Erase, tmp_path: Path) -> None:
    begun = tmp_path / "begun"
    body = f"open({str(begun)!r}, 'w').close()"
    body += "; [(progress(1, 9), time.sleep(.02)) for _ in range(9999)]"
    for more in (body, body.replace("progress(1, 9)", "1")):
        begun.unlink(missing_ok=True)
        own.kept("mine", more)
        token = StopToken()
        thread = stopping(token, begun)
        last = erase("mine", token=token)
        thread.join()
        assert isinstance(last, Failed) and last.stopped


def test_one_that_speaks_no_such_lines_is_ended(own: Own, erase: Erase) -> None:
    own.command("mine", "print('Traceback: no module'); raise SystemExit(4)", stays="true")
    last = erase("mine")
    assert isinstance(last, Failed)
    assert "exit code 4" in last.text
    assert "no module" in str(last.details["printed"])


def test_the_client_needs_nothing_of_ours_and_runs_on_old_pythons() -> None:
    text = OWN_CLIENT.read_text("utf-8")
    tree = ast.parse(text, feature_version=(3, 7))
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import)]
    names = {alias.name for node in imports for alias in node.names}
    assert names <= {"json", "os", "queue", "sys", "threading", "numpy"}
    assert len(text.splitlines()) <= 85
