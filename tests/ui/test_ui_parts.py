"""The small parts of the page's server side: names, limits, memory, controls, errors."""

from __future__ import annotations

import logging
import threading
from enum import Enum
from pathlib import Path
from types import SimpleNamespace
from typing import Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from methods import Job, Settings, Text, UserError, get_eraser, list_erasers, write_atomic
from methods._base import setting
from ui.common.caller import caller_of
from ui.common.errors import described
from ui.common.files import link_or_copy
from ui.common.limits import Rate, RateLimiter, RunSlots
from ui.common.names import is_id, photo_name, plain, safe_file_name, safe_stem
from ui.service.choices.settings_schema import describe_settings
from ui.stores.png_writer import PngWriter

# --- names -------------------------------------------------------------------------------


@given(st.text(max_size=400))
def test_every_name_becomes_a_harmless_file_name(name: str) -> None:
    safe = safe_file_name(name)
    assert safe and len(safe.encode()) < 400
    assert not set(safe) & set('<>:"/\\|?*\0\n\r') and safe not in (".", "..")
    assert not safe.startswith((".", " "))
    safe.encode("utf-8")


@given(st.text(st.characters(), max_size=600), st.integers(1, 300))
def test_plain_text_is_one_line_within_its_length(text: str, length: int) -> None:
    shown = plain(text, length)
    assert len(shown) <= length and shown.isprintable()


def test_names_keep_what_people_read() -> None:
    assert photo_name("C:\\fakepath\\Mein Föto 照片.png") == "Mein Föto 照片.png"
    assert photo_name("../../etc/passwd") == "passwd"
    assert photo_name("a\u202egnp.exe\x00\n") == "agnp.exe"
    assert photo_name("\ud800") == "photo"
    assert len(photo_name("x" * 5000)) == 200
    assert safe_stem("Urlaub.2024.jpeg") == "Urlaub.2024"
    assert safe_file_name("con.png") == "_con.png"
    assert safe_file_name('<img src="x">.png') == "_img src=_x__.png"


@pytest.mark.parametrize("text", ["", "x" * 21, "x" * 23, "x" * 21 + "\n", "../" + "x" * 19])
def test_only_ids_are_ids(text: str) -> None:
    assert not is_id(text) and is_id("aB3_-" + "x" * 17)


# --- files -------------------------------------------------------------------------------


def test_a_write_that_fails_leaves_the_old_file_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "file"
    write_atomic(target, b"old")

    def no_room(self: Path, data: bytes) -> int:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", no_room)
    with pytest.raises(OSError, match="space"):
        write_atomic(target, b"new")
    assert target.read_bytes() == b"old" and list(tmp_path.iterdir()) == [target]


def test_linking_falls_back_to_copying(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"bytes")

    def no_links(source: Path, target: Path) -> None:
        raise PermissionError

    monkeypatch.setattr("os.link", no_links)
    link_or_copy(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == b"bytes"
    with pytest.raises(FileNotFoundError):
        link_or_copy(tmp_path / "missing", tmp_path / "c")


# --- limits ------------------------------------------------------------------------------


def test_a_bucket_gives_its_burst_then_its_rate() -> None:
    now = [0.0]
    limiter = RateLimiter(Rate(per_second=2, burst=3), clock=lambda: now[0])
    for _ in range(3):
        limiter.take("a")
    with pytest.raises(UserError) as refused:
        limiter.take("a")
    assert refused.value.code == "too_fast" and refused.value.details["seconds"] == 1
    limiter.take("b")  # another visitor is not held up
    now[0] = 0.5
    limiter.take("a")
    with pytest.raises(UserError):
        limiter.take("a")


def test_many_names_do_not_make_a_visitor_faster_than_a_crowd() -> None:
    limiter = RateLimiter(Rate(per_second=1, burst=2), crowd=5, clock=lambda: 0.0)
    for number in range(10):
        limiter.take(f"name {number}")
    with pytest.raises(UserError) as refused:
        limiter.take("name 11")
    assert refused.value.code == "crowded"


def test_of_a_crowd_the_heaviest_wait_and_not_the_newest() -> None:
    limiter = RateLimiter(Rate(per_second=1, burst=10), crowd=2, clock=lambda: 0.0)
    codes = []
    for _ in range(10):
        for name in ("one", "two"):
            try:
                limiter.take(name)
            except UserError as error:
                codes.append(error.code)
    assert set(codes) == {"crowded"}
    limiter.take("new")


def test_one_run_per_session_and_so_many_in_all() -> None:
    slots = RunSlots(most=lambda: 2)
    slots.take("one", "anna")
    with pytest.raises(UserError) as second:
        slots.take("two", "anna")
    assert second.value.code == "run_in_progress"
    slots.set_free("one")  # stopped: it only winds down
    slots.take("two", "anna")
    with pytest.raises(UserError) as third:
        slots.take("three", "ben")
    assert third.value.code == "busy"
    slots.give_back("one")
    slots.take("three", None)


def test_what_a_request_says_of_its_sender_is_not_believed() -> None:
    def request(host: str, forwarded: str) -> SimpleNamespace:
        return SimpleNamespace(
            client=SimpleNamespace(host=host), headers={"x-forwarded-for": forwarded}
        )

    assert caller_of(request("10.0.0.1", "6.6.6.6, 8.8.8.8")) == "10.0.0.1"
    assert caller_of(request("9.9.9.9", "1.1.1.1")) == "9.9.9.9"
    assert caller_of(SimpleNamespace(client=None)) == caller_of(None) == ""


# --- lossless files in the background ----------------------------------------------------


def test_pictures_wait_outside_when_memory_is_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on, entered = threading.Event(), threading.Semaphore(0)

    def slow_png(rgb: np.ndarray, alpha: object, compress_level: int) -> bytes:
        go_on.wait(10)
        return b"png"

    monkeypatch.setattr("ui.stores.png_writer.png_bytes", slow_png)
    rgb = np.zeros((10, 10, 3), np.uint8)
    writer = PngWriter(most_bytes=2 * rgb.nbytes, workers=1)
    written: list[Exception | None] = []

    def hand_in() -> None:
        for number in range(4):
            writer.write(tmp_path / f"{number}.png", rgb, None, written.append)
            entered.release()

    thread = threading.Thread(target=hand_in)
    thread.start()
    assert entered.acquire(timeout=60) and entered.acquire(timeout=60)
    assert not entered.acquire(timeout=0.2)  # the third has to wait
    go_on.set()
    thread.join(10)
    writer.close()
    assert written == [None] * 4 and len(list(tmp_path.iterdir())) == 4


def test_a_png_that_cannot_be_written_is_reported(tmp_path: Path) -> None:
    writer = PngWriter(workers=1)
    written: list[Exception | None] = []
    rgb = np.zeros((4, 4, 3), np.uint8)
    writer.write(tmp_path / "no folder" / "x.png", rgb, None, written.append)
    writer.close()
    writer.write(tmp_path / "late.png", rgb, None, written.append)
    assert isinstance(written[0], OSError) and isinstance(written[1], RuntimeError)


# --- controls ----------------------------------------------------------------------------


class Color(Enum):
    RED = "red"
    BLUE = "blue"


class Everything(Settings):
    switch: bool = setting(True, "setting.diffusion.strength")
    steps: int = setting(20, "setting.diffusion.strength", gt=0, le=50)
    strength: float = setting(0.5, "setting.diffusion.strength", ge=0, le=1, multiple_of=0.05)
    mode: Literal["fast", "good"] = setting("fast", "setting.diffusion.strength")
    color: Color = setting(Color.RED, "setting.diffusion.strength")
    prompt: str = setting("", "setting.diffusion.strength", max_length=300)
    limit: int | None = setting(None, "setting.diffusion.strength", ge=1)


def test_every_kind_of_setting_becomes_a_control() -> None:
    controls = {control["name"]: control for control in describe_settings(Everything)}
    assert list(controls)[-2:] == ["whole_picture", "seamless"]
    assert controls["switch"]["kind"] == "bool" and controls["switch"]["default"] is True
    assert (controls["steps"]["min"], controls["steps"]["max"]) == (1, 50)
    assert controls["strength"]["step"] == 0.05 and controls["strength"]["kind"] == "float"
    assert controls["mode"]["choices"] == ["fast", "good"]
    assert controls["color"]["choices"] == ["red", "blue"] and controls["color"]["default"] == "red"
    assert controls["prompt"]["kind"] == "text" and controls["prompt"]["max_length"] == 300
    assert controls["limit"]["optional"] is True and controls["limit"]["min"] == 1
    assert controls["steps"]["description"] == Text("setting.diffusion.strength").plain()


def test_a_setting_that_no_control_can_show_is_refused() -> None:
    class Odd(Settings):
        table: dict[str, int] = setting({}, "setting.diffusion.strength")

    with pytest.raises(TypeError, match="table"):
        describe_settings(Odd)


@pytest.mark.parametrize("eraser", [spec.id for spec in list_erasers()])
def test_the_controls_of_every_eraser_start_at_valid_values(eraser: str) -> None:
    settings = get_eraser(eraser).Settings
    controls = describe_settings(settings)
    defaults = {control["name"]: control["default"] for control in controls}
    settings.model_validate(defaults)
    assert all(control["description"]["zh"] for control in controls)


# --- errors ------------------------------------------------------------------------------


def test_inner_errors_become_one_neutral_sentence(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR):
        told = described(RuntimeError("cannot open /srv/secret"))
    assert told["code"] == "internal" and "secret" not in told["text"]
    assert "cannot open /srv/secret" in caplog.text  # the owner can read it


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (MemoryError(), "memory"),
        (OSError(28, "No space left on device", "/srv/secret"), "disk_full"),
        (OSError(5, "Input/output error", "/srv/secret"), "internal"),
        (UserError.retold("A sentence.", "a_code", count=3), "a_code"),
    ],
)
def test_errors_have_codes(error: Exception, code: str) -> None:
    told = described(error)
    assert told["code"] == code and "/srv" not in str(told)


def test_a_refused_request_does_not_repeat_its_values() -> None:
    with pytest.raises(ValidationError) as refused:
        Job.from_plain({"eraser": "/srv/secret", "seed": "x" * 10_000})
    told = described(refused.value)
    assert told["code"] == "bad_request" and "eraser" in told["text"]
    assert "secret" not in str(told) and len(str(told)) < 2000
