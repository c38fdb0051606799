"""In turn, and within the ledger: what many visitors ask at once waits, and holds nothing."""

from __future__ import annotations

import asyncio
import io
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from types import SimpleNamespace
from typing import Any

import anyio.to_thread
import httpx
import pytest
from starlette.applications import Starlette

from methods import RUNNING, SELECTING, Image, Mask, full_size, running
from methods import judge as real_judge
from ui.page import routes
from ui.page.server_functions import server_functions
from ui.service.erasing.live import LiveRun
from ui.service.reports.archive import stream_zip
from ui.service.reports.reports import digest_of
from ui.service.selections.select import Question
from ui.service.service import Service
from ui_tools import Paint, Slow, last, order, owned, prompts

pytest_plugins = ["ui_fixtures"]
pytestmark = pytest.mark.usefixtures("toy_erasers")

Answer = Mapping[str, Any]
PIXELS = 90 * 120


async def until(true: Callable[[], bool]) -> None:
    """Others go on meanwhile; there is no hurry."""
    for _ in range(60_000):
        if true():
            return
        await asyncio.sleep(0.001)
    raise AssertionError


def from_visitor(name: str) -> Any:
    """A request, as far as it says who asks."""
    return SimpleNamespace(client=SimpleNamespace(host=name))


class Counted:
    """How many are inside at once, at most."""

    def __init__(self, call: Callable[..., Any]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self.inside = self.most = self.calls = 0

    def __call__(self, *given: Any, **more: Any) -> Any:
        with self._lock:
            self.calls += 1
            self.inside += 1
            self.most = max(self.most, self.inside)
        try:
            return self._call(*given, **more)
        finally:
            with self._lock:
                self.inside -= 1


# --- room --------------------------------------------------------------------------------


def test_many_masks_at_once_wait_for_room(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    selecting = Counted(service.selecting.select)
    monkeypatch.setattr(service.selecting, "select", selecting)
    monkeypatch.setattr(full_size, "most", SELECTING * PIXELS)
    mask = next(each for each in server_functions(service) if each.__name__ == "mask")

    async def ask_all() -> list[Answer]:
        asked = prompts(photo, strokes=[])
        return await asyncio.gather(*(mask(asked, from_visitor(f"10.0.0.{n}")) for n in range(16)))

    answers = asyncio.run(ask_all())
    assert all(answer["ok"] for answer in answers)
    assert (selecting.calls, selecting.most) == (16, 1) and full_size.taken == 0


def test_a_zip_opens_no_picture(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid = finished(service, photo)

    def opened(*given: object, **more: object) -> None:
        raise AssertionError

    for place in ("ui.service.reports.report.load_image", "ui.service.reports.report.read_upload"):
        monkeypatch.setattr(place, opened)
    for _ in range(12):
        packed = zipfile.ZipFile(io.BytesIO(b"".join(stream_zip(service.runs, grid["run"]))))
        assert packed.read("report.html").startswith(b"<!doctype html>")


def test_a_report_is_made_once_and_again_for_a_remark(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ui.service.reports import reports

    making = Counted(reports.report_of)
    monkeypatch.setattr(reports, "report_of", making)
    grid = finished(service, photo)
    address = f"/lab/report.html?runs={grid['run']}"
    app = Starlette()
    routes.install(app, service)

    async def fetch_all(known: str = "") -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            asked = [client.get(address, headers={"If-None-Match": known}) for _ in range(12)]
            return list(await asyncio.gather(*asked))

    first = asyncio.run(fetch_all())
    assert making.calls == 1 and {answer.status_code for answer in first} == {200}
    assert service.remark(owned(grid, index=0, text="A spot."))["ok"]
    second = asyncio.run(fetch_all(first[0].headers["etag"]))
    assert making.calls == 2 and all(b"A spot." in answer.content for answer in second)
    third = asyncio.run(fetch_all(second[0].headers["etag"]))
    assert making.calls == 2 and {answer.status_code for answer in third} == {304}


def finished(service: Service, photo: str) -> Answer:
    """The grid of a run whose report is there."""
    grid = last(service.erase(order(photo, "paint", "telea")))
    folder = service.runs.folder / grid["run"]
    report = folder / f"report-{digest_of(service.runs, [grid['run']])}.html"

    async def made() -> None:
        await until(report.is_file)

    asyncio.run(made())
    return grid


def test_runs_wait_for_room_in_turn_and_hold_no_photo_meanwhile(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "most", RUNNING * PIXELS)
    opened: list[str] = []

    def noted(run: str, photos: Any, runs: Any) -> Any:
        opened.append(run)
        return photos.load(photo)

    monkeypatch.setattr("ui.service.erasing.erase.photo_of", noted)
    begun = [order(photo, eraser) for eraser in ("slow", "paint", "paint", "paint")]
    visitors = ("anna", "anna", "anna", "ben")
    grids = []
    for one, visitor in zip(begun, visitors, strict=True):
        grids.append(service.erase(one, None, visitor))
        next(grids[-1])
        assert Slow.begun.wait(60)
    assert opened == [begun[0]["run"]] and running.waiting == 3
    waits = [service.erasing.grid(one["run"])["cards"][0] for one in begun[1:]]  # type: ignore[index]
    assert [card["state"] for card in waits] == ["waiting"] * 3
    assert [card["ahead"] for card in waits] == [2, 3, 1]  # ben is next
    # Who waits can be stopped, and ends at once, without room.
    assert service.stop(owned(begun[2]))["stopped"]
    assert last(grids[2])["state"] == "stopped" and running.waiting == 2
    Slow.go_on.set()
    assert {last(each)["state"] for each in (grids[0], grids[1], grids[3])} == {"done"}
    assert opened == [begun[n]["run"] for n in (0, 3, 1)] and running.taken == 0


# --- places and threads ------------------------------------------------------------------


@pytest.fixture
def slow_judge(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Judges when this is set."""
    go_on = threading.Event()

    def judge(photo: Image, mask: Mask, result: Image, **more: Any) -> Any:
        assert go_on.wait(60)
        return real_judge(photo, mask, result, **more)

    monkeypatch.setattr("ui.service.helper.judge.judge", judge)
    yield go_on
    go_on.set()


async def first_done(grids: Any) -> Answer:
    """The first value with all results."""
    async for grid in grids:
        if grid["state"] != "running":
            return dict(grid)
    raise AssertionError


def test_a_run_that_waits_to_be_judged_holds_no_place(
    service: Service,
    photo: str,
    slow_judge: threading.Event,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = service.visits.places
    monkeypatch.setattr(service.visits, "_most_runs", lambda: 1)

    async def visit() -> None:
        streams = []
        for number in range(9):
            streams.append(service.follow(order(photo, "paint"), f"s{number}", f"10.0.0.{number}"))
            grid = await first_done(streams[-1])
            assert grid["state"] == "done" and grid["judging"]
            assert places.taken == 0
        slow_judge.set()
        for stream in streams:
            async for grid in stream:
                end = grid
            assert "judging" not in end and end["cards"][0]["readings"]

    asyncio.run(visit())


def test_who_waits_for_a_place_holds_no_thread_and_comes_in_turn(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = service.visits.places
    monkeypatch.setattr(service.visits, "_most_runs", lambda: 1)
    begun: list[str] = []
    start = LiveRun.start

    def noted(live: LiveRun) -> None:
        begun.append(live.id)
        start(live)

    monkeypatch.setattr(LiveRun, "start", noted)
    orders = [order(photo, eraser) for eraser in ("slow", "paint", "paint")]

    async def visit() -> None:
        streams = []
        for asked, visitor in zip(orders, ("anna", "anna", "ben"), strict=True):
            stream = service.follow(asked, None, visitor)
            streams.append(asyncio.create_task(first_done(stream)))
            await until(lambda: places.waiting == len(streams) - 1 and bool(begun))
        assert anyio.to_thread.current_default_thread_limiter().borrowed_tokens == 0
        lanes = service.visits.lanes.all().values()
        await until(lambda: all(not lane.room.taken for lane in lanes))
        Slow.go_on.set()
        await asyncio.gather(*streams)

    asyncio.run(visit())
    assert begun == [orders[n]["run"] for n in (0, 2, 1)]


def test_who_waits_is_let_in_when_machines_join(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nobody comes or goes meanwhile."""
    monkeypatch.setattr("ui.service.visits.GROWING_SECONDS", 0.01)
    places, most = service.visits.places, [1]
    monkeypatch.setattr(service.visits, "_most_runs", lambda: most[0])

    async def visit() -> None:
        stays = asyncio.create_task(first_done(service.follow(order(photo, "slow"), None, "anna")))
        await until(lambda: places.taken == 1)
        waits = asyncio.create_task(first_done(service.follow(order(photo, "paint"), None, "ben")))
        await until(lambda: places.waiting == 1)
        most[0] = 2
        await until(lambda: places.taken == 2 or waits.done())
        assert not stays.done()
        Slow.go_on.set()
        assert {grid["state"] for grid in await asyncio.gather(stays, waits)} == {"done"}

    asyncio.run(visit())


class Looking:
    """Looks at a photo when it is let."""

    def __init__(self, eyes: Any) -> None:
        self._eyes = eyes
        self.go_on = threading.Event()
        self.looks: list[str] = []

    def encode(self, key: str, *given: Any, **more: Any) -> None:
        self.looks.append(key)
        assert self.go_on.wait(60)
        self._eyes.encode(key, *given, **more)

    def select(self, asked: Question, *given: Any) -> Any:
        return self._eyes.select(asked, *given)


def test_clicks_that_wait_for_one_look_keep_nobody_waiting(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    eyes = Looking(service.selecting.eyes)
    monkeypatch.setattr(service.selecting, "eyes", eyes)
    calls = {each.__name__: each for each in server_functions(service)}
    app = Starlette()
    routes.install(app, service)

    async def visit() -> list[Answer]:
        visitor = from_visitor("10.0.0.1")
        asked = [calls["segment"](prompts(photo, n=n), visitor) for n in range(45)]
        clicks = [asyncio.ensure_future(each) for each in asked]
        await until(lambda: bool(eyes.looks))
        lanes = service.visits.lanes
        await until(lambda: not lanes.quick.room.taken)
        assert lanes.clicks.room.taken == lanes.clicks.room.waiting == 0
        # Others are served while all of them wait.
        assert (await calls["erasers"]({}, from_visitor("10.0.0.2")))["ok"]
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            assert (await client.get(f"/lab/photos/{photo}/view.jpg")).status_code == 200
        assert not any(click.done() for click in clicks)
        eyes.go_on.set()
        return await asyncio.gather(*clicks)

    answers = asyncio.run(visit())
    assert len(answers) == 45 and all(answer["ok"] for answer in answers)
    assert len(eyes.looks) == 1


def test_one_visitors_clicks_come_in_turn_with_anothers(service: Service) -> None:
    lane, served = service.visits.lanes.clicks, list[str]()
    lane.room.most = 1
    go_on = threading.Event()

    async def visit() -> None:
        def click(name: str) -> Callable[[], None]:
            return lambda: served.append(name) if go_on.wait(60) else None

        names = ["anna"] * 20 + ["ben"]
        tasks = [asyncio.create_task(lane.run(name, click(name))) for name in names]
        await until(lambda: lane.room.waiting == 20)
        go_on.set()
        await asyncio.gather(*tasks)

    asyncio.run(visit())
    assert served.index("ben") == 1


def test_runs_one_after_the_other_work_in_the_same_threads(
    service: Service, photo: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each new one would begin native threads that outlive it."""
    used: set[int] = set()
    erase = Paint.erase

    def noted(self: Paint, *given: Any) -> Image:
        used.add(threading.get_native_id())
        return erase(self, *given)

    monkeypatch.setattr(Paint, "erase", noted)
    for level in range(8):
        jobs = [{"eraser": "paint", "settings": {"level": level}, "seed": 0}]
        assert last(service.erase(order(photo, jobs=jobs)))["state"] == "done"
    assert len(used) <= 2
