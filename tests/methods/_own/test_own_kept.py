"""Commands that are kept running and do not behave: each costs its own job, and nothing stays."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from methods import Failed, Finished, Image, Job, Mask, Stepped, get_eraser, run
from own_tools import Own, gone, marked
from tiers import rest_is_slow

pytest_plugins = ["own_fixtures"]

Erase = Callable[..., Finished | Failed]


@pytest.mark.parametrize(
    ("body", "code", "words"),
    rest_is_slow(
        [
            ("os.write(2, b'the last words'); os._exit(7)", "own_failed", "7"),
            ("return image[:-1]", "own_result", "64 × 47"),
            ("os.abort()", "own_failed", "signal 6"),
            ("return 'no picture'", "own_said", "Error"),
            ("os.close(1); os.close(0); os._exit(0)", "own_failed", "ended"),
        ],
        first=2,
        several=True,
    ),
)
def test_each_way_to_fail_is_a_sentence_and_the_next_picture_is_made(
    own: Own, erase: Erase, body: str, code: str, words: str
) -> None:
    own.kept("mine", f"if seed == 1: {body}")
    bad, good = erase("mine", {"seamless": False}, seed=1), erase("mine", seed=2)
    assert isinstance(bad, Failed)
    assert (bad.code, words in bad.text) == (code, True), bad
    if "last words" in body:
        assert str(bad.details["printed"]).endswith("the last words")
    assert isinstance(good, Finished), good


def test_one_that_hangs_is_ended_with_its_children(own: Own, erase: Erase) -> None:
    """The child has a session of its own."""
    mark = f"mark-{os.getpid()}-kept"
    sleeping = f"[sys.executable, '-c', 'import time; time.sleep(300)', {mark!r}]"
    child = f"subprocess.Popen({sleeping}, start_new_session=True)"
    own.kept("mine", f"{child}; time.sleep(300)", seconds="1.5")
    last = erase("mine")
    assert isinstance(last, Failed)
    assert (last.code, "1.5 s" in last.text) == ("own_late", True), last
    assert gone(mark) and gone(own.script("mine"))


@pytest.mark.slow
def test_a_flood_on_its_output_is_read(own: Own, erase: Erase) -> None:
    """Lines of no protocol, and steps that make no sense."""
    flood = "[os.write(2, b'x' * 5000 + b'\\n') for _ in range(400)]"
    nonsense = "[progress(n - 5, n % 7) for n in range(3000)]"
    own.kept("mine", f"{flood}; {nonsense}")
    last = erase("mine", seed=3)
    assert isinstance(last, Finished), last


def test_its_steps_are_those_of_the_job(own: Own, image: Image, mask: Mask) -> None:
    own.kept("mine", "[(progress(step, 7), time.sleep(.5)) for step in (3, 5)]")
    events = list(run([Job("mine", {}, 1)], image, mask))
    steps = [(each.step, each.total) for each in events if isinstance(each, Stepped)]
    assert isinstance(events[-1], Finished)
    assert {(3, 7), (5, 7)} & set(steps)  # of steps that nobody has read the newest is told


def test_words_of_one_picture_are_not_shown_with_another(own: Own, erase: Erase) -> None:
    own.kept("mine", "print('about', seed, flush=True); time.sleep(.2); assert seed < 70, 'no'")
    good, bad = erase("mine", seed=66), erase("mine", seed=77)
    assert isinstance(good, Finished) and isinstance(bad, Failed)
    assert "about 77" in str(bad.details["printed"])
    assert "66" not in str(bad.details["printed"])


def test_it_goes_when_it_is_unloaded_even_if_it_does_not_listen(own: Own) -> None:
    deaf = "__import__('signal').signal(15, lambda *_: None)"
    stays = "__import__('threading').Thread(target=time.sleep, args=(300,)).start()"
    own.kept("mine", loading=f"{deaf}; {stays}")
    eraser = get_eraser("mine")()
    eraser.load("cpu", None)
    assert marked(own.script("mine"))
    eraser.unload()
    assert gone(own.script("mine"))


@pytest.mark.slow
def test_what_is_named_in_environment_reaches_it(own: Own, erase: Erase, tmp_path: Path) -> None:
    own.kept("mine", "assert os.environ['A'] == 'b c'", environment='{A = "b c"}')
    last = erase("mine")
    assert isinstance(last, Finished), last
