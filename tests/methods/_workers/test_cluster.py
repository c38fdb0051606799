"""A real Ray cluster on this machine: what dies in it costs little, and strangers stay out."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
from PIL import Image as PillowImage

from methods import (
    Event,
    Failed,
    Finished,
    Image,
    Job,
    Mask,
    Picture,
    Place,
    Started,
    StopToken,
    SweepJob,
    Unavailable,
)
from methods._workers.cluster import line as lines
from methods._workers.cluster import pool as pools
from methods._workers.cluster.address import demand_closed
from methods._workers.cluster.line import AwayStarter
from methods._workers.cluster.pool import ClusterPool
from methods._workers.cluster.session import Session
from methods._workers.cluster.survey import surveyed
from runner_tools import failed, finished, last_of, runs_alive, wait_until

pytest_plugins = ["worker_fixtures", "cluster_fixtures"]
pytestmark = pytest.mark.ray

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(autouse=True)
def quiet_end() -> Iterator[None]:
    yield
    wait_until(lambda: not runs_alive())


def place(cluster: ClusterPool, kind: str) -> Place:
    """The first one of a kind."""
    return next(each for each in cluster.places() if each.kind == kind)


def foreman(cluster: ClusterPool, name: str) -> object:
    """The actor at a place."""
    starter = cluster._seats[name].starter
    assert isinstance(starter, AwayStarter)
    return starter._actor


def report(cluster: ClusterPool, name: str) -> dict[str, object]:
    """What the actor says of itself."""
    import ray

    actor = foreman(cluster, name)
    asked = actor.report.options(concurrency_group="control").remote()  # type: ignore[attr-defined]
    said: dict[str, object] = json.loads(ray.get(asked))
    return said


# --- what an eraser does -----------------------------------------------------------------------


def test_a_crash_costs_its_own_job_and_names_the_signal(
    cluster: ClusterPool, image: Image, mask: Mask
) -> None:
    jobs = [Job("noise", seed=1), Job("segfault", seed=7), Job("noise", seed=2), Job("light_noise")]
    first, crash, behind, beside = last_of(list(cluster.run(jobs, image, mask)))
    assert isinstance(first, Finished) and isinstance(behind, Finished)
    assert isinstance(beside, Finished)
    assert isinstance(crash, Failed) and crash.code == "worker_crashed"
    assert "SIGSEGV" in crash.text
    assert place(cluster, "cpu").lost == 1


def test_an_eraser_that_crashes_three_times_is_given_up(
    cluster: ClusterPool, image: Image, mask: Mask
) -> None:
    jobs = [*(Job("abort", seed=n) for n in range(5)), Job("noise", seed=1)]
    *crashes, good = last_of(list(cluster.run(jobs, image, mask)))
    codes = [end.code for end in crashes if isinstance(end, Failed)]
    assert codes == ["worker_crashed"] * 3 + ["eraser_crashes"] * 2
    assert isinstance(good, Finished)


def test_stop_ends_what_hears_nothing(cluster: ClusterPool, image: Image, mask: Mask) -> None:
    token, events = StopToken(), []
    for event in cluster.run([Job("hung")], image, mask, token=token):
        events.append(event)
        if isinstance(event, Started):
            token.stop()
    assert failed(events).stopped
    assert isinstance(finished(list(cluster.run([Job("noise", seed=3)], image, mask))), Finished)


# --- what is lost from outside -----------------------------------------------------------------


def with_losses(
    cluster: ClusterPool, times: int, lose: Callable[[], None], image: Image, mask: Mask
) -> list[Event]:
    """The events of a job at the place for networks which loses something whenever it has begun."""
    events: list[Event] = []
    for event in cluster.run([Job("patient", {"steps": 40, "seconds": 1})], image, mask):
        events.append(event)
        if isinstance(event, Started) and times:
            times -= 1
            lose()
    return events


def test_a_worker_that_is_killed_once_costs_nothing(
    cluster: ClusterPool, image: Image, mask: Mask
) -> None:
    name = place(cluster, "cpu").id

    def lose() -> None:
        os.kill(int(str(report(cluster, name)["pid"])), signal.SIGKILL)

    events = with_losses(cluster, 1, lose, image, mask)
    assert finished(events).changed_outside == 0
    assert sum(isinstance(event, Started) for event in events) == 2


@pytest.mark.parametrize("times", [1, 2])
def test_an_actor_that_is_lost(cluster: ClusterPool, times: int, image: Image, mask: Mask) -> None:
    """Once it costs nothing, twice the job's own card; its workers go along, and the place is there
    for the next job."""
    import ray

    name = place(cluster, "cpu").id
    workers: list[int] = []

    def lose() -> None:
        workers.append(int(str(report(cluster, name)["pid"])))
        ray.kill(foreman(cluster, name))

    events = with_losses(cluster, times, lose, image, mask)
    if times == 1:
        assert isinstance(finished(events), Finished)
    else:
        assert failed(events).code == "worker_gone"
        assert "机器" in failed(events).sentence.said("zh")
    assert isinstance(finished(list(cluster.run([Job("noise", seed=4)], image, mask))), Finished)
    wait_until(lambda: not any(psutil.pid_exists(pid) for pid in workers))


def test_a_table_uses_both_gpus(cluster: ClusterPool, image: Image, mask: Mask) -> None:
    jobs = [
        SweepJob(Job("gpu_patient", {"seconds": 0.3}, n), lambda: Picture(image, mask))
        for n in range(16)
    ]
    used: set[str] = set()
    ends = []
    for event in cluster.sweep(jobs):
        used |= {each.id for each in cluster.places() if each.at_work}
        ends.append(event)
    assert all(isinstance(end, Finished) for end in last_of(ends)) and len(last_of(ends)) == 16
    assert {name.partition("/")[2] for name in used} == {"gpu0", "gpu1"}


# --- machines that come and go -----------------------------------------------------------------


def test_a_table_goes_on_while_machines_come_and_go(
    cluster: ClusterPool, one_more: Callable[[], Callable[[], None]], image: Image, mask: Mask
) -> None:
    """One that joins works at once; with one that dies no result is lost."""
    at_home = {each.id for each in cluster.places()}
    jobs = [
        SweepJob(Job("gpu_patient", {"steps": 5, "seconds": 0.8}, n), lambda: Picture(image, mask))
        for n in range(40)
    ]
    killed, ends, cut = False, [], None
    for event in cluster.sweep(jobs):
        ends.append(event)
        cut = cut or one_more()
        busy = {each.id for each in cluster.places() if each.at_work} - at_home
        if busy and isinstance(event, Finished) and not killed:
            killed = True
            cut()
    assert killed, "the other machine was never used"
    assert [end.index for end in last_of(ends)] == list(range(40))
    assert all(isinstance(end, Finished) for end in last_of(ends))
    wait_until(lambda: {each.id for each in cluster.places()} == at_home)


def test_without_a_machine_jobs_wait_and_then_are_told(
    cluster: ClusterPool, image: Image, mask: Mask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pools, "PATIENCE", 0.5)
    monkeypatch.setattr(cluster, "_kinds", lambda spec: ("mps",))
    end = failed(list(cluster.run([Job("noise", seed=8)], image, mask)))
    assert end.code == "no_place" and "machine" in end.text


def test_two_programs_share_a_cluster(
    cluster: ClusterPool,
    another_program: ClusterPool,
    image: Image,
    mask: Mask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """GPUs that one has begun to use are not the other's until they are free."""
    both = [Job("gpu_patient", {"seconds": 0.5}, seed) for seed in (20, 21)]
    assert all(isinstance(end, Finished) for end in last_of(list(cluster.run(both, image, mask))))
    monkeypatch.setattr(lines, "_PATIENCE", 0.5)
    monkeypatch.setattr(pools, "PATIENCE", 0.5)
    end = failed(list(another_program.run([Job("gpu_noise", seed=22)], image, mask)))
    assert end.code == "no_place" and lines.IN_USE in end.text
    for starter in cluster.starters():
        starter.give_up()
    monkeypatch.setattr(lines, "_PATIENCE", 20.0)
    another_program._use_again()
    done = list(another_program.run([Job("gpu_noise", seed=23)], image, mask))
    assert isinstance(finished(done), Finished)
    assert finished(list(cluster.run([Job("noise", seed=24)], image, mask)))


# --- a program that dies -----------------------------------------------------------------------


@pytest.fixture
def photos(tmp_path: Path, rocket: Image) -> Path:
    """A folder of six cases."""
    folder = tmp_path / "photos"
    folder.mkdir()
    hole = np.zeros((200, 300), np.uint8)
    hole[60:120, 100:180] = 255
    for number in range(6):
        crop = rocket[number * 10 : number * 10 + 200, :300]
        PillowImage.fromarray(crop).save(folder / f"{number:02}.png")
        PillowImage.fromarray(hole).save(folder / f"{number:02}-mask.png")
    return folder


def table_of(photos: Path, session: Session) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "examples.tables", str(photos), "--erasers", "patchmatch"]
    command += ["--quick", "--ray", session.address, "--out", str(photos / "out")]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


@pytest.mark.slow
def test_a_table_whose_program_is_killed_goes_on(
    cluster: ClusterPool, ray_session: Session, photos: Path
) -> None:
    """What was finished is kept, what was lent is given back, and no worker stays behind."""
    first = table_of(photos, ray_session)
    assert first.stdout is not None
    finished_lines = (line for line in first.stdout if "patchmatch:" in line)
    next(finished_lines)
    records = photos / "out/results"  # a result is kept once it is judged, too
    wait_until(lambda: any(records.rglob("*.json")))
    seen = [each for each in surveyed() if each.program.endswith(f":{first.pid}")]
    first.kill()
    first.wait()
    first.stdout.close()
    assert seen
    wait_until(lambda: not any(p.program.endswith(f":{first.pid}") for p in surveyed()))
    with table_of(photos, ray_session) as second:
        said, _ = second.communicate(timeout=200)
    assert second.returncode == 0, said
    lines = [line for line in said.splitlines() if "patchmatch:" in line]
    assert len(lines) == 6 and 1 <= sum(line.endswith("kept") for line in lines) < 6


# --- weights -----------------------------------------------------------------------------------


def test_another_file_on_a_machine_is_said(
    cluster: ClusterPool,
    image: Image,
    mask: Mask,
    tmp_path: Path,
    migan_weights: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The machine has the pinned one; this program was given another one."""
    monkeypatch.setattr(
        "methods._workers.process.ledger.expected_weights",
        lambda weights: {weight.name: "0" * 64 for weight in weights},
    )
    end = failed(list(cluster.run([Job("migan")], image, mask)))
    assert end.code == "weights_differ" and "migan" in end.text
    assert "重新获取" in end.sentence.said("zh")


def test_weights_are_the_machines_own(
    cluster: ClusterPool,
    image: Image,
    mask: Mask,
    migan_weights: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """None is at home: it has their pins alone."""
    monkeypatch.setattr("methods._weights.store.find_weights", lambda weight: None)
    done = finished(list(cluster.run([Job("migan")], image, mask)))
    assert done.changed_outside == 0 and all(len(each) == 64 for each in done.weights.values())


# --- who is there ------------------------------------------------------------------------------


def test_anybody_in_the_cluster_sees_who_does_what(
    cluster: ClusterPool, image: Image, mask: Mask
) -> None:
    events = cluster.run([Job("endless")], image, mask)
    while not isinstance(next(events), Started):
        pass
    seen = {each.id: each for each in surveyed()}
    events.close()  # type: ignore[attr-defined]
    assert set(seen) == {each.id for each in cluster.places()}
    busy = [each for each in seen.values() if each.at_work]
    assert [each.at_work for each in busy] == ["endless"]
    assert str(os.getpid()) in busy[0].program


# --- who gets in -------------------------------------------------------------------------------


def test_our_own_cluster_listens_on_loopback_alone(cluster: ClusterPool) -> None:
    """And has no dashboard."""
    listening = {
        (" ".join(child.cmdline()), connection.laddr.ip.removeprefix("::ffff:"))
        for child in psutil.Process().children(recursive=True)
        for connection in child.net_connections(kind="inet")
        if connection.status == psutil.CONN_LISTEN
    }
    assert any("gcs_server" in command for command, _ in listening)
    assert {address for _, address in listening} == {"127.0.0.1"}
    assert not any("dashboard.py" in command for command, _ in listening)
    assert os.environ["RAY_USAGE_STATS_ENABLED"] == "0"


def test_its_token_is_this_users_secret(cluster: ClusterPool, image: Image, mask: Mask) -> None:
    """In a file that nobody else reads, in no log, on no command line, and with no eraser."""
    import ray

    file = Path(os.environ["RAY_AUTH_TOKEN_PATH"])
    token = file.read_text("ascii")
    assert len(token) == 64 and file.stat().st_mode & 0o077 == 0
    assert file.parent.stat().st_mode & 0o077 == 0
    finished(list(cluster.run([Job("noise", seed=9)], image, mask)))
    logs = Path(ray._private.worker._global_node.get_session_dir_path())
    assert not any(token.encode() in f.read_bytes() for f in logs.rglob("*") if f.is_file())
    for child in psutil.Process().children(recursive=True):
        assert not any(token in word for word in child.cmdline())
    worker = psutil.Process(int(str(report(cluster, place(cluster, "cpu").id)["pid"])))
    assert not any(name.startswith("RAY_") for name in worker.environ())


def test_a_cluster_with_a_token_is_closed(
    ray_session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who has it comes in; who has none, or another one, does not."""
    demand_closed(ray_session.address)
    wrong = tmp_path / "token"
    wrong.write_text("1" * 64, encoding="ascii")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(wrong))
    with pytest.raises(Unavailable) as caught:
        demand_closed(ray_session.address)
    assert caught.value.code == "ray_refused"
