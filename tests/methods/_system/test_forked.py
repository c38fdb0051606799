"""A copy of the process waits for nobody who is not there."""

from __future__ import annotations

import ast
import gc
import os
import sys
import threading
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import methods
from methods._engine.residency import Residency
from methods._system import forked
from methods._system.cache import BoundedCache
from methods._system.lock import DeviceLock

HOME = Path(methods.__file__).parent
MAKERS = {"Lock", "RLock", "Condition"}


def _made_at_import() -> list[tuple[str, str]]:
    """Module and name of every lock that a line at the top of a module of ours makes."""
    found = []
    for file in sorted(HOME.rglob("*.py")):
        tree = ast.parse(file.read_text(encoding="utf-8"))
        for line in tree.body:
            if isinstance(line, ast.Assign) and _makes_lock(line.value):
                module = ".".join(file.relative_to(HOME.parent).with_suffix("").parts)
                names = [name for name in line.targets if isinstance(name, ast.Name)]
                found += [(module, name.id) for name in names]
    return found


def _makes_lock(value: ast.expr) -> bool:
    return any(
        isinstance(part, ast.Call) and ast.unparse(part.func).rpartition(".")[2] in MAKERS
        for part in ast.walk(value)
    )


def test_there_are_locks_to_look_at() -> None:
    assert ("methods._weights.cache", "_hashing") in _made_at_import()


@pytest.mark.parametrize(("module", "name"), _made_at_import())
def test_every_lock_of_a_module_is_renewed(module: str, name: str) -> None:
    found = __import__(module, fromlist=[name])
    before = getattr(found, name)
    try:
        forked._Renewal("methods").of_module(found)
        assert getattr(found, name) is not before and getattr(found, name).acquire(blocking=False)
    finally:
        setattr(found, name, before)


# --- what is renewed ---------------------------------------------------------------------------


class Holder:
    """Of locks, as our classes hold them."""

    __slots__ = ("inner", "lock", "many", "pair")

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.pair = threading.Condition(self.lock)
        self.many = {"a": threading.RLock(), "b": [threading.Lock()]}
        self.inner: Any = self


class Slow:
    @cached_property
    def found(self) -> int:
        return 1


@pytest.fixture
def package() -> Iterator[ModuleType]:
    """A module with such things, which counts as a package of its own."""
    module = ModuleType(__name__)
    module.holder, module.kind = Holder(), Slow  # type: ignore[attr-defined]
    module.guard = module.again = threading.Lock()  # type: ignore[attr-defined]
    module.event = threading.Event()  # type: ignore[attr-defined]
    module.event.set()
    return module


def test_locks_are_found_wherever_objects_keep_them(package: Any) -> None:
    taken = [
        package.guard,
        package.holder.lock,
        package.holder.many["a"],
        package.holder.many["b"][0],
    ]
    thread = threading.Thread(target=lambda: [lock.acquire() for lock in taken])
    thread.start()
    thread.join()
    forked._Renewal(__name__).of_module(package)
    held = package.holder
    assert package.guard is package.again
    for lock in (package.guard, held.lock, held.many["a"], held.many["b"][0]):
        assert lock.acquire(blocking=False)
        lock.release()
    with held.pair:
        assert held.lock.locked()  # they belong together, as before
    assert package.event.is_set()


def test_a_value_that_others_were_finding_is_found_anew(package: Any) -> None:
    lock = getattr(vars(Slow)["found"], "lock", None)
    if lock is None:
        pytest.skip("this Python's cached_property has no lock")
    thread = threading.Thread(target=lock.acquire)
    thread.start()
    thread.join()
    forked._Renewal(__name__).of_module(package)
    assert vars(Slow)["found"].lock.acquire(blocking=False)


def test_lines_and_makings_of_others_are_forgotten() -> None:
    lock, cache, begun = DeviceLock(), BoundedCache[str, int](9, lambda _: 1), threading.Event()
    leave = threading.Event()

    def make() -> int:
        begun.set()
        leave.wait(30)
        return 1

    def work() -> None:
        with lock.hold():
            cache.get("a", make)

    thread = threading.Thread(target=work)
    thread.start()
    begun.wait(30)
    try:
        copy_of_lock, copy_of_cache = DeviceLock(), BoundedCache[str, int](9, lambda _: 1)
        copy_of_lock._line.add("", object())
        copy_of_lock._holders.update(lock._holders)
        copy_of_cache._under_way.update(cache._under_way)
        copy_of_lock.after_fork()
        copy_of_cache.after_fork()
        with copy_of_lock.hold():
            assert copy_of_cache.get("a", lambda: 2) == 2
    finally:
        leave.set()
        thread.join()


def test_garbage_does_not_disturb_it(package: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A finalizer that imports something, at every chance that the collector gets."""

    class Importing:
        count = 0

        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            Importing.count += 1
            sys.modules[f"{__name__}.late{Importing.count}"] = ModuleType("late")
            if Importing.count < 5000:
                Importing()

    monkeypatch.setitem(sys.modules, f"{__name__}.package", package)
    before, known = gc.get_threshold(), set(sys.modules)
    gc.set_threshold(1)
    try:
        Importing()
        for _ in range(20):
            forked.renew(__name__)
    finally:
        gc.set_threshold(*before)
        gc.collect()
        for name in set(sys.modules) - known:
            del sys.modules[name]


def test_a_copy_has_nothing_loaded() -> None:
    residency = Residency(10, DeviceLock())
    residency._loaded["a"] = None  # type: ignore[assignment]
    residency.after_fork()
    assert residency.loaded == ()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_real_copy_goes_on_while_all_is_held() -> None:
    locks = [getattr(__import__(m, fromlist=[n]), n) for m, n in _made_at_import()]
    held, leave = threading.Event(), threading.Event()

    def hold() -> None:
        for lock in locks:
            lock.acquire()
        held.set()
        leave.wait(60)
        for lock in locks:
            lock.release()

    thread = threading.Thread(target=hold)
    thread.start()
    held.wait(60)
    pid = os.fork()
    if pid == 0:
        os._exit(_free_locks())
    leave.set()
    thread.join()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def _free_locks() -> int:
    """In the copy: how many of them are not to be had."""
    try:
        forked.renew("methods")
        found = [getattr(__import__(m, fromlist=[n]), n) for m, n in _made_at_import()]
        return sum(not lock.acquire(timeout=0.1) for lock in found)
    except BaseException:
        return 99
