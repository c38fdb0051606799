"""A Ray cluster on this machine alone, with two GPUs that are not there, for tests marked `ray`.

Used as a plugin beside `worker_fixtures`, whose toys its workers have.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from methods._workers.cluster import session as sessions
from methods._workers.cluster.pool import ClusterPool
from methods._workers.cluster.session import Session
from worker_fixtures import SETUP

CPUS, GPUS = 2, 2


@pytest.fixture(scope="session")
def ray_session() -> Iterator[Session]:
    """As `--ray local` begins it."""
    if find_spec("ray") is None:
        pytest.skip("needs requirements-ray.txt")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sessions, "cores", lambda: CPUS)
        patch.setattr(sessions, "_own_gpus", lambda: GPUS)
        session = sessions.join("local")
    yield session
    session.close()


@pytest.fixture(scope="module")
def cluster(ray_session: Session, toys: None) -> Iterator[ClusterPool]:
    """The pool of a program that has joined it; shared by the module's tests."""
    with pool_in(ray_session) as made:
        yield made


@pytest.fixture
def another_program(ray_session: Session, toys: None) -> Iterator[ClusterPool]:
    """The pool of a second one in the same cluster."""
    with pool_in(ray_session) as made:
        yield made


@pytest.fixture
def one_more(ray_session: Session) -> Iterator[Callable[[], Callable[[], None]]]:
    """Begins a further node with a GPU that is not there, on this machine, and returns what kills
    it as a power cut does."""
    nodes: list[Any] = []

    def begin() -> Callable[[], None]:
        from ray._private.node import Node
        from ray._private.parameter import RayParams

        asked = RayParams(
            gcs_address=ray_session.address,
            node_ip_address="127.0.0.1",
            num_cpus=0,
            num_gpus=1,
            object_store_memory=10**8,
            include_log_monitor=False,
        )
        nodes.append(Node(asked, head=False, shutdown_at_exit=False, spawn_reaper=False))
        return lambda: _kill(nodes[-1])

    yield begin
    for node in nodes:
        _kill(node)


def _kill(node: Any) -> None:
    node.kill_all_processes(check_alive=False, allow_graceful=False, wait=True)


def pool_in(session: Session) -> ClusterPool:
    """One more program's; closing it leaves the cluster."""
    kept = Session(session.address, session.is_own, session.machine, close=lambda: None)
    return ClusterPool(kept, setup=SETUP, path=tuple(sys.path))
