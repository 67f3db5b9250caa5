"""The contract of backends fails on the mistakes that authors of backends have made."""

from __future__ import annotations

import contextlib
import fnmatch
import inspect
import os
import queue
import sys
import threading
import time

import pytest

from pyperunner_cache import open_store
from pyperunner_cache.backends.file import FileBackend
from pyperunner_cache.backends.memory import MemoryBackend
from pyperunner_cache.backends.os_errors import translating
from pyperunner_cache.testing import BackendContract


class Sound(FileBackend):
    """Files, under a scheme of their own; each mistake below is one of a subclass."""

    @classmethod
    def from_url(cls, url, **options):
        return cls(url.partition(":")[2], **options)

    def spec(self):
        return {**super().spec(), "url": f"mistake:{self.root}"}


class ForgetsItsOptions(Sound):
    def spec(self):
        return {"url": f"mistake:{self.root}"}


class TakesAnyOption(Sound):
    def __init__(self, root, *, shared=False, durable=False, **others):
        super().__init__(root, shared=shared, durable=durable)


class TakesNameForBeginning(Sound):
    def scan(self, name=None):
        return (info for info in super().scan() if info.key.startswith(name or ""))


class TakesNameForPattern(Sound):
    def scan(self, name=None):
        return (info for info in super().scan() if fnmatch.fnmatchcase(info.key.rpartition("/")[0], name or "*"))


class TakesEmptyNameForAll(Sound):
    def scan(self, name=None):
        return super().scan(name or None)


class RaisesWhatItsLibraryRaises(Sound):
    def get(self, key):
        with contextlib.closing(super().get(key)) as blob, open(blob.path, "rb"):
            return super().get(key)

    def put(self, key, chunks, filename):
        with open(os.devnull, "wb"):
            return super().put(key, chunks, filename)


class TakesFailureForAbsence(Sound):
    def missing(self, keys):
        try:
            with open(os.devnull, "rb"):
                return super().missing(keys)
        except OSError:
            return set(keys)


class LocksByMakingAFile(Sound):
    @contextlib.contextmanager
    def lock(self, key, timeout=None):
        os.makedirs(self.root, exist_ok=True)
        path, end = f"{self.root}.{key.replace('/', '-')}", time.monotonic() + timeout
        while True:
            with translating("lock", key, path), contextlib.suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL))
                break
            if time.monotonic() >= end:
                raise TimeoutError
            time.sleep(0.01)
        yield
        os.unlink(path)


class LeavesItsLockToItsChildren(Sound):
    @contextlib.contextmanager
    def lock(self, key, timeout=None):
        import fcntl

        os.makedirs(self.root, exist_ok=True)
        path, end = f"{self.root}.{key.replace('/', '-')}", time.monotonic() + timeout
        with translating("lock", key, path), open(path, "wb") as file:
            while True:
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError:
                    if time.monotonic() >= end:
                        raise TimeoutError from None
                    time.sleep(0.01)
            yield


class _Asker:
    """A thread of a library, which answers questions; there is none in a forked child."""

    def __init__(self):
        self.questions = queue.Queue()
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self):
        while True:
            answer, ask = self.questions.get()
            answer.put(ask())

    def __call__(self, ask):
        answer = queue.Queue()
        self.questions.put((answer, ask))
        return answer.get()


_askers = []


class HangsAfterAFork(Sound):
    def get(self, key):
        if not _askers:
            _askers.append(_Asker())
        get = super().get
        return _askers[0](lambda: get(key))

    def put(self, key, chunks, filename):
        size = super().put(key, chunks, filename)
        self.get(key).close()
        return size


class SaysItMayBeInherited(MemoryBackend):
    survives_fork = True

    @classmethod
    def from_url(cls, url, **options):
        return cls()


MISTAKES = {
    ForgetsItsOptions: "test_its_options_travel",
    TakesAnyOption: "test_its_options_travel",
    TakesNameForBeginning: "test_a_scan_takes_a_name_as_it_is",
    TakesNameForPattern: "test_a_scan_takes_a_name_as_it_is",
    TakesEmptyNameForAll: "test_a_scan_takes_a_name_as_it_is",
    RaisesWhatItsLibraryRaises: "test_where_nothing_can_be_opened",
    TakesFailureForAbsence: "test_where_nothing_can_be_opened",
    LocksByMakingAFile: "test_a_lock_ends_with_its_process",
    LeavesItsLockToItsChildren: "test_a_lock_ends_with_its_process",
    HangsAfterAFork: "test_a_forked_child_uses_it",
    SaysItMayBeInherited: "test_what_survives_a_fork_is_used_on_both_sides",
}


class Contract(BackendContract):
    patience = 1.0
    lease = -4.5  # half a second for a lock to be free


def run_contract(test, **fixtures):
    """Run one test of the contract with those fixtures that it takes."""
    function = getattr(Contract(), test)
    function(**{name: value for name, value in fixtures.items() if name in inspect.signature(function).parameters})


@pytest.mark.parametrize(("kind", "test"), MISTAKES.items(), ids=lambda each: getattr(each, "__name__", None))
def test_the_contract_fails_on_it(kind, test, tmp_path, register, monkeypatch):
    monkeypatch.setitem(sys.modules, "mistake_plugin", sys.modules[__name__])
    url, options = f"mistake:{tmp_path}/store", {} if kind is SaysItMayBeInherited else {"durable": True}
    for each in (Sound, kind):
        register("pyperunner.backends", "mistake", f"mistake_plugin:{each.__name__}")
        with open_store(url, **({} if kind is SaysItMayBeInherited and each is kind else {"durable": True})) as store:
            assert type(store.backend) is each
            if each is Sound:
                run_contract(test, url=url, options={"durable": True}, store=store, backend=store.backend)
                store.clear()
                continue
            with pytest.raises((AssertionError, TimeoutError, pytest.fail.Exception)):
                run_contract(test, url=url, options=options, store=store, backend=store.backend)
