"""Joining a Ray cluster, or starting one on this machine alone.

Ray's dashboard is off, and so is its report of usage. One of our own listens on loopback alone and
has a token of its own, in a file that only this user can read.
"""

from __future__ import annotations

import logging
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from methods._base import Unavailable
from methods._system.container import cores
from methods._workers.cluster.address import cluster_address, demand_closed, demand_ray
from methods._workers.process.processes import ROOT

logger = logging.getLogger(__name__)

NAMESPACE = "eraser-lab"
"""Where the actors of all programs have their names."""

_OWN_STORE = 2**30
"""Bytes of pictures and results that a cluster of our own keeps in memory."""

_ALWAYS = {
    "RAY_USAGE_STATS_ENABLED": "0",
    # A program outlives a head that is gone: its jobs then have a sentence.
    "RAY_gcs_rpc_server_reconnect_timeout_s": str(30 * 24 * 3600),
}

_QUIET = {
    "include_dashboard": False,
    "log_to_driver": False,
    "configure_logging": False,
    "logging_level": "ERROR",
}


@dataclass(frozen=True, slots=True)
class Session:
    """A cluster that this process has joined. is_own: it was started here, and ends with it.
    machine: id of the node that this process belongs to. close: leave it."""

    address: str
    is_own: bool
    machine: str
    close: Callable[[], None]


def join(wanted: str) -> Session:
    """wanted: see `cluster_address`. Raises Unavailable or BadInput with a sentence on what is in
    the way."""
    demand_ray()
    address = cluster_address(wanted)
    if address:
        demand_closed(address)
    os.environ.update(_ALWAYS)
    return _joined(address) if address else _started()


def _started() -> Session:
    """On loopback: Ray's word for that is a variable that is meant for other systems."""
    folder = Path(tempfile.mkdtemp(prefix="eraser-lab-ray-"))
    before = {name: os.environ.get(name) for name in _own_environment(folder)}
    os.environ.update(_own_environment(folder))
    os.environ.pop("RAY_AUTH_TOKEN", None)  # would go before the file
    _write_token(folder)

    def close() -> None:
        import ray

        ray.shutdown()
        shutil.rmtree(folder, ignore_errors=True)
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value

    try:
        _init(num_cpus=cores(), num_gpus=_own_gpus(), object_store_memory=_OWN_STORE)
    except BaseException:
        close()
        raise
    return Session(_own_address(), True, _own_machine(), close)


def _own_environment(folder: Path) -> dict[str, str]:
    return {
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN_PATH": str(folder / "token"),
    }


def _write_token(folder: Path) -> None:
    file = os.open(folder / "token", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "w", encoding="ascii") as opened:
        opened.write(secrets.token_hex(32))


def _joined(address: str) -> Session:
    """The program's own code goes along, so that all machines erase with the same."""
    code = {"py_modules": [str(ROOT / "methods")], "excludes": ["**/__pycache__/**"]}

    def close() -> None:
        import ray

        ray.shutdown()

    _init(address=address, runtime_env=code)
    return Session(address, False, _own_machine(), close)


def _init(**more: object) -> None:
    """Ray's own errors become sentences; what they say further goes to the log."""
    import ray

    address = str(more.setdefault("address", "local"))
    try:
        ray.init(namespace=NAMESPACE, **_QUIET, **more)
    except Exception as error:
        logger.exception("Ray could not be joined")
        with suppress(Exception):
            ray.shutdown()
        raise _explained(error, address) from error


def _explained(error: Exception, address: str) -> Unavailable:
    text = f"{type(error).__name__}: {error}"
    if "ersion mismatch" in text:
        return Unavailable("ray_version", address=address)
    if "uthentication" in text or "InvalidAuthToken" in text:
        return Unavailable("ray_refused", address=address)
    if address == "local":  # one of its own, for which Ray waits half a minute
        return Unavailable("ray_not_started")
    return Unavailable("ray_unreachable", address=address)


def _own_gpus() -> int | None:
    """None: Ray counts them."""
    return None


def _own_address() -> str:
    import ray

    return str(ray.get_runtime_context().gcs_address)


def _own_machine() -> str:
    import ray

    return str(ray.get_runtime_context().get_node_id())
