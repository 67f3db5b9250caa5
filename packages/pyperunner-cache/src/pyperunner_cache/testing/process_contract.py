"""Process contract: how a backend behaves in other processes, beside a fork, after a death, and when nothing opens."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Any

import pytest

from pyperunner_cache.cache import open_store
from pyperunner_cache.errors import CacheError
from pyperunner_cache.ports import Backend, SupportsLock
from pyperunner_cache.testing.store_contract import FILENAME, StoreContract, read_entry

if TYPE_CHECKING:
    from pyperunner_cache.cache import Cache

__all__ = ["ProcessContract"]

_KEY = "T()/1"
_FORKS = "fork" in multiprocessing.get_all_start_methods()


class ProcessContract(StoreContract):
    """The tests of `BackendContract` that take several processes."""

    lease: float = 0.0
    """Seconds for which the lock of a dead holder may stay locked: 0 where the system frees it."""
    patience: float = 30.0
    """Seconds after which a child that says nothing counts as hanging."""

    def test_another_process_opens_it_from_its_spec(self, store: Cache) -> None:
        """A process started afresh opens the same store from its spec."""
        spec = store.spec()
        if spec is None:
            pytest.skip("this backend cannot be opened by another process, and says so")
        store.save("T()/1", {"a": 1}, {"seconds": 1.0})
        context = multiprocessing.get_context("spawn")
        with context.Pool(1) as pool:
            assert pool.apply(_add_one, (spec,)) == {"a": 1}
        assert store.load("T()/2") == {"a": 1, "b": 2}

    def test_its_options_travel(self, url: str, options: dict[str, Any], store: Cache) -> None:
        """Its spec has the options that it was opened with, and an option that it does not know is refused."""
        with pytest.raises(TypeError):
            open_store(url, **options, no_such_option=1)
        spec = store.spec()
        if spec is not None:
            assert {name: spec.get(name) for name in options} == options

    def test_a_forked_child_uses_it(self, store: Cache) -> None:
        """A forked child opens the same store and leaves its parent's usable, or the backend says that it hangs."""
        spec = store.spec()
        if spec is None or store.forbids_fork or not _FORKS:
            pytest.skip("needs fork and a backend that may be forked and that another process can open")
        store.save("T()/1", {"a": 1})
        with self._child(store, _open_and_add, spec) as pipe:
            assert self._said(pipe) == {"a": 1}
        assert store.load("T()/2") == {"a": 1, "b": 2}

    def test_what_survives_a_fork_is_used_on_both_sides(self, store: Cache) -> None:
        """An object that may be inherited gives both processes one store, also at the same time."""
        if not store.survives_fork or not _FORKS:
            return
        store.backend.put("T()/0", [bytes(1000)], FILENAME)
        with self._child(store, _put_and_read, store.backend, "theirs") as pipe:
            assert _faults_beside(store.backend, "ours") == []
            assert self._said(pipe) == []
        assert (
            store.backend.missing([f"{whose}/{number}" for whose in ("ours", "theirs") for number in range(30)])
            == set()
        )

    def test_a_lock_ends_with_its_process(self, store: Cache) -> None:
        """The lock of a process that was killed is free, at once or after a lease, though a child of it lives on."""
        spec = store.spec()
        if spec is None or not isinstance(store.backend, SupportsLock):
            return
        with self._child(store, _hold, spec) as pipe:
            holder, orphan = self._said(pipe)
            try:
                with pytest.raises(TimeoutError), store.backend.lock(_KEY, 0):
                    pass
                os.kill(holder, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)
                with store.backend.lock(_KEY, self.lease + 5):
                    pass
            finally:
                if orphan:
                    os.kill(orphan, signal.SIGKILL)

    def test_where_nothing_can_be_opened(self, store: Cache) -> None:
        """With no descriptor left, each method works all the same or raises an error of the cache, and invents nothing.

        What a medium raises when it fails is `StorageError`; it is no ``KeyError`` and not an empty store.
        """
        spec = store.spec()
        if spec is None or os.name == "nt":
            return
        with self._child(store, _ask_without_descriptors, spec) as pipe:
            assert self._said(pipe) == []

    @contextlib.contextmanager
    def _child(self, store: Cache, target: Callable[..., Any], *args: Any) -> Iterator[Connection]:
        """Run ``target(pipe, *args)`` in a child, which is gone afterwards."""
        context: Any = multiprocessing.get_context("fork" if _FORKS and not store.forbids_fork else "spawn")
        ours, theirs = context.Pipe()
        child = context.Process(target=target, args=(theirs, *args))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            child.start()
        try:
            yield ours
        finally:
            child.join(0.5)
            child.kill()
            child.join()
            ours.close()
            theirs.close()

    def _said(self, pipe: Connection) -> Any:
        assert pipe.poll(self.patience), "the child hangs"
        return pipe.recv()


def _add_one(spec: dict[str, Any]) -> Any:
    with open_store(**spec) as store:
        found = store.load("T()/1")
        store.save("T()/2", {**found, "b": 2})
    return found


def _open_and_add(pipe: Connection, spec: dict[str, Any]) -> None:
    pipe.send(_add_one(spec))


def _put_and_read(pipe: Connection, backend: Backend, whose: str) -> None:
    pipe.send(_faults_beside(backend, whose))


def _faults_beside(backend: Backend, whose: str) -> list[str]:
    """Put and read entries of one's own and one that nobody changes; return what was wrong."""
    wrong = []
    for number in range(30):
        key, content = f"{whose}/{number}", f"{whose} {number}".encode() * 100
        backend.put(key, [content], FILENAME)
        wrong += [key] * (read_entry(backend, key) != content) + ["T()/0"] * (
            read_entry(backend, "T()/0") != bytes(1000)
        )
    return wrong


def _hold(pipe: Connection, spec: dict[str, Any]) -> None:
    """Take the lock, fork a child that has nothing to do with it, and wait to be killed."""
    with open_store(**spec) as store, store.lock(_KEY, 10):
        orphan = 0
        if _FORKS and not store.forbids_fork:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DeprecationWarning)
                orphan = os.fork()
        if _FORKS and not store.forbids_fork and orphan == 0:
            time.sleep(600)
            os._exit(0)
        pipe.send((os.getpid(), orphan))
        time.sleep(600)


def _ask_without_descriptors(pipe: Connection, spec: dict[str, Any]) -> None:
    """Ask a store for everything when neither a file nor a connection can be opened; send what was wrong."""
    import resource

    warnings.simplefilter("ignore")  # a store may say what is the matter
    with open_store(**spec) as store:
        backend = store.backend
        backend.put(_KEY, [b"content"], FILENAME)
        asks: dict[str, Callable[[], Any]] = {
            "get": lambda: read_entry(backend, _KEY) == b"content",
            "missing": lambda: backend.missing([_KEY]) == set(),
            "scan": lambda: [info.key for info in backend.scan()] == [_KEY],
            "put": lambda: backend.put(_KEY, [b"content"], FILENAME) == 7,
            "delete": lambda: backend.delete(_KEY),
            "lock": lambda: _locked(backend),
        }
        for ask in asks.values():  # so that nothing is imported later
            ask()
        backend.put(_KEY, [b"content"], FILENAME)
        before = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (3, before[1]))
        wrong = []
        for name, ask in asks.items():
            backend.close()
            try:
                if not ask():
                    wrong.append(f"{name} tells of another store than the one that it could not look at")
            except CacheError:
                pass
            except Exception as error:
                wrong.append(f"{name} raised {type(error).__name__}: {error}")
        resource.setrlimit(resource.RLIMIT_NOFILE, before)
        pipe.send(wrong)


def _locked(backend: Backend) -> bool:
    if isinstance(backend, SupportsLock):
        with backend.lock(_KEY, 1):
            pass
    return True
