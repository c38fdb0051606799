"""A Ray cluster on this machine alone, with two GPUs that are not there, for tests marked `ray`.

Used as a plugin beside `worker_fixtures`, whose toys its workers have.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib.util import find_spec

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


def pool_in(session: Session) -> ClusterPool:
    """One more program's; closing it leaves the cluster."""
    kept = Session(session.address, session.is_own, session.machine, close=lambda: None)
    return ClusterPool(kept, setup=SETUP, path=tuple(sys.path))
