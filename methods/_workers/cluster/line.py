"""The home's side of a foreman: an actor that looks like a worker process to `Seat`."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from methods._engine.worker import Picture
from methods._workers.cluster.foreman import CONTROL, GROUPS, ORDERS, WORK, Foreman
from methods._workers.cluster.machines import Room
from methods._workers.process.losses import Lost
from methods._workers.process.messages import Gone, PictureNote, Post, Start
from methods._workers.process.processes import Carried, NotStarted, Process
from methods._workers.process.shared_picture import SharedPicture, note_of, whole
from methods._workers.process.wire import packed, unpacked

_PATIENCE = 10.0
"""Seconds in which a foreman must have ended its worker, until it is ended itself."""

MACHINE_GONE = "the machine is gone"
IN_USE = "another program uses it"
CLUSTER_SILENT = "the cluster does not answer"


class ClusterPicture(SharedPicture):
    """A picture in the cluster's memory: it goes to each machine once, and is there as long as
    this object is here."""

    def __init__(self, picture: Picture) -> None:
        import ray

        self.files: list[int] = []
        self.note: PictureNote = note_of(picture)
        content = whole(picture)
        self.nbytes = content.nbytes
        self.reference = ray.put(content)


class Line:
    """See `processes.Line`. It begins with the worker's start."""

    def __init__(self, actor: Any, start: Start) -> None:
        self._actor = actor
        self.loss: Lost | None = None
        self.is_actor_lost = False
        self.is_over = threading.Event()
        self._stream = _call(actor.work, WORK, num_returns="streaming").remote(packed(start))

    def send(self, message: object, files: Sequence[int] = (), reference: Any = None) -> None:
        """Ray keeps the order of what is sent; what cannot be delivered ends the stream."""
        arguments = (packed(message),) if reference is None else (packed(message), reference)
        _call(self._actor.hear, ORDERS).remote(*arguments)

    def receive(self) -> tuple[object, list[int]]:
        """See `processes.Line`."""
        import ray

        try:
            message = unpacked(ray.get(next(self._stream)))
        except StopIteration:
            raise EOFError from None
        except Exception as error:  # Ray's own ones are of many kinds
            self._note(error)
            raise EOFError from error
        if isinstance(message, Gone):
            self.loss = Lost(message.reason, message.own_fault, message.out_of_memory)
            raise EOFError
        return message, []

    def close(self) -> None:
        """Of a stream that is over."""
        self.is_over.set()

    def ask(self, method: str) -> None:
        """A call that nobody waits for."""
        _call(getattr(self._actor, method), CONTROL).remote()

    def _note(self, error: Exception) -> None:
        """Ray does not say why an actor is gone, save where memory ran out; and while it may come
        back, it is taken for gone all the same."""
        import ray

        self.is_actor_lost = True
        ran_out = isinstance(error, ray.exceptions.OutOfMemoryError)
        self.loss = Lost(type(error).__name__, False, ran_out, with_machine=True)


class AwayProcess(Process):
    """A worker that a foreman keeps."""

    def __init__(self, line: Line, drop: Callable[[], None]) -> None:
        self._line, self._drop = line, drop
        self._killed_at = 0.0
        super().__init__(_NO_PID, line, self.kill, lambda: None)

    def send(self, message: object, carried: Carried | None = None) -> None:
        """See `Process`."""
        reference = carried.reference if isinstance(carried, ClusterPicture) else None
        self._line.send(message, reference=reference)

    def kill(self) -> None:
        """See `Process`; a foreman that does not do it in time goes as well."""
        now = time.monotonic()
        if not self._killed_at:
            self._killed_at = now
            self._line.ask("kill")
        elif now > self._killed_at + _PATIENCE:
            self._drop()

    def loss(self, killed_before: int) -> Lost:
        """See `Process`: what the foreman has said, or that it is gone."""
        if self._line.is_actor_lost:
            self._drop()
        return self._line.loss or Lost(MACHINE_GONE, own_fault=False, with_machine=True)

    def close(self) -> None:
        """See `Process`."""
        self._line.ask("close")
        if not self._line.is_over.wait(_PATIENCE):
            self._drop()


_NO_PID = -1
_TICK = 0.1
_ROUNDING = 1e-4


class AwayStarter:
    """Begins the workers of one place, all at the same foreman while that lives.

    room: where. post: what the foreman is told. missing: why nothing can be begun there, "" = it
    can.
    """

    def __init__(self, room: Room, post: Post, missing: Callable[[], str]) -> None:
        self._room, self._post, self._missing = room, post, missing
        self._actor: Any = None
        self._closed = False
        self._lock = threading.Lock()

    def start(self, start: Start) -> AwayProcess:
        """See `Starter`."""
        with _told():
            actor = self._living()
            return AwayProcess(Line(actor, start), lambda: self._drop(actor))

    def warm_up(self) -> None:
        """See `Starter`."""
        with _told():
            _call(self._living().warm_up, CONTROL).remote()

    def close(self) -> None:
        """See `Starter`."""
        self._closed = True
        self.give_up()

    def give_up(self) -> None:
        """End the foreman: what its place has taken of the machine is free for others."""
        self._drop(self._actor)

    def _living(self) -> Any:
        with self._lock:
            if missing := MACHINE_GONE if self._closed else self._missing():
                raise NotStarted(missing)
            if self._actor is None:
                _await_room(self._room)
                self._actor = self._begun()
            return self._actor

    def _begun(self) -> Any:
        import ray
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        there = NodeAffinitySchedulingStrategy(self._room.machine.id, soft=False)
        kind = ray.remote(concurrency_groups=GROUPS)(Foreman)
        return kind.options(
            name=f"{self._post.program} {self._post.place} {uuid.uuid4().hex}",
            num_cpus=self._room.cpus,
            num_gpus=self._room.gpus,
            scheduling_strategy=there,
            max_restarts=0,  # who begins another one must know that nothing is loaded there
            max_task_retries=0,
        ).remote(packed(self._post))

    def _drop(self, actor: Any) -> None:
        """End the actor: one that comes back would hold a GPU unseen."""
        import ray

        with self._lock:
            if self._actor is actor:
                self._actor = None
        if actor is not None and ray.is_initialized():
            ray.kill(actor, no_restart=True)


def _await_room(room: Room) -> None:
    """Raises NotStarted where another program keeps it; what an actor that has just ended had is
    free in a moment."""
    deadline = time.monotonic() + _PATIENCE
    while not _is_free(room):
        if time.monotonic() > deadline:
            raise NotStarted(IN_USE)
        time.sleep(_TICK)


def _is_free(room: Room) -> bool:
    """As far as Ray tells: no public call of it does so for one machine."""
    try:
        from ray._private.state import available_resources_per_node
    except ImportError:
        return True
    free = available_resources_per_node().get(room.machine.id, {})
    enough = free.get("CPU", 0) + _ROUNDING >= room.cpus and free.get("GPU", 0) >= room.gpus
    return bool(enough)


@contextmanager
def _told() -> Iterator[None]:
    """What Ray says where it cannot begin anything, in this program's word for that."""
    import ray

    try:
        yield
    except ray.exceptions.RayError as error:
        raise NotStarted(CLUSTER_SILENT) from error


def _call(method: Any, group: str, **options: Any) -> Any:
    return method.options(concurrency_group=group, **options)
