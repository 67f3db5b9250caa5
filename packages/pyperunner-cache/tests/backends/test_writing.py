"""Writing where it cannot go well: full and read-only disks, limits, modes, planted links, swept files."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import stat
import subprocess
import threading

import pytest

from pyperunner_cache import (
    CacheError,
    ReadOnlyStoreError,
    StoreFullError,
    open_store,
)
from pyperunner_cache.backends import locks
from pyperunner_cache.backends.writing import sweep_file

KEY = "T()/0123456789abcdef0123456789abcdef"
OLD = {"version": "old", "data": b"o" * 200_000}


@pytest.fixture
def small_disk(mounted):
    return mounted("size=2m")


@pytest.mark.root
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_full_disk(small_disk, kind, leftovers):
    url = small_disk / "store" if kind == "file" else f"sqlite:///{small_disk}/s.db"
    with open_store(url) as store:
        store.save(KEY, OLD)
        with pytest.raises(StoreFullError) as caught:
            store.save(KEY, {"data": random.Random(1).randbytes(3_000_000)})
        text = str(caught.value)
        assert KEY in text
        assert "No space left" in text
        assert "bytes" in text
        assert store.load(KEY) == OLD
        assert leftovers(small_disk) == []
        store.save("T()/2", 1)


def test_a_limit_on_the_file_size(tmp_path, leftovers):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            try:
                open_store(tmp_path / "s").save(KEY, random.Random(1).randbytes(500_000))
            except StoreFullError as error:
                code = 0 if "bytes" in str(error) else 2
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    assert leftovers(tmp_path) == []


@pytest.mark.root
def test_a_read_only_store_serves_hits(small_disk):
    store = open_store(small_disk / "store")
    store.save(KEY, {"small": 1})
    damaged = store.locate("T()/bad")
    store.save("T()/bad", {"small": 1})
    with open(damaged, "r+b") as file:
        file.truncate(100)
    with open_store(f"sqlite:///{small_disk}/s.db") as other:
        other.save(KEY, {"small": 2})
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    try:
        assert open_store(small_disk / "store").load(KEY) == {"small": 1}
        with open_store(f"sqlite:///{small_disk}/s.db") as other:
            assert other.load(KEY) == {"small": 2}
            assert other.missing([KEY, "T()/2"]) == {"T()/2"}
            with pytest.raises(ReadOnlyStoreError):
                other.save(KEY, 1)
        with pytest.raises(ReadOnlyStoreError, match="Read-only"):
            store.save(KEY, 1)
        with pytest.raises(ReadOnlyStoreError), store.lock(KEY):
            pass
        with pytest.warns(UserWarning, match="counts as absent"), pytest.raises(KeyError):
            store.load("T()/bad")
    finally:
        subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)


def test_modes_under_any_umask(tmp_path):
    for mask, shared, file_mode, folder_mode in [
        (0, False, 0o600, 0o700),
        (0o077, False, 0o600, 0o700),
        (0o002, True, 0o664, 0o775),
    ]:
        before = os.umask(mask)
        try:
            for kind in ("file", "sqlite"):
                where = tmp_path / f"{mask}-{kind}"
                url = where / "store" if kind == "file" else f"sqlite:///{where}/in/s.db"
                with open_store(url, shared=shared) as store:
                    store.save(KEY, {"a": 1})
                    store.save(KEY, {"a": os.urandom(500_000)})
                    with store.lock(KEY):
                        pass
                    for folder, _, files in os.walk(where):
                        assert stat.S_IMODE(os.stat(folder).st_mode) == folder_mode
                        for file in files:
                            assert stat.S_IMODE(os.stat(os.path.join(folder, file)).st_mode) == file_mode, file
        finally:
            os.umask(before)


def test_planted_links_lead_nowhere(store, tmp_path):
    victim = tmp_path / "victim"
    victim.write_text("precious")
    store.save(KEY, 1)
    path = store.locate(KEY)
    os.unlink(path)
    os.symlink(victim, path)
    with pytest.warns(UserWarning, match="counts as absent"), pytest.raises(KeyError):
        store.load(KEY)
    assert store.missing([KEY]) == {KEY}
    os.makedirs(os.path.dirname(path), exist_ok=True)
    os.symlink(victim, path)
    store.save(KEY, 2)
    assert not os.path.islink(path)
    lock = os.path.join(store.backend.root, ".lock")
    os.symlink(victim, lock)
    with store.lock(KEY, 1):
        assert not os.path.islink(lock)
    temporary = os.path.join(os.path.dirname(path), ".tmp-0123-result.dump.gz")
    os.symlink(victim, temporary)
    store.gc()
    assert not os.path.lexists(temporary)
    assert victim.read_text() == "precious"
    assert store.load(KEY) == 2


def test_a_pipe_or_a_folder_in_the_entrys_place_does_not_hang(store):
    store.save(KEY, 1)
    path = store.locate(KEY)
    os.unlink(path)
    os.mkfifo(path)
    with pytest.warns(UserWarning, match="counts as absent"), pytest.raises(KeyError):
        store.load(KEY)
    os.makedirs(path)
    with pytest.warns(UserWarning, match="counts as absent"), pytest.raises(KeyError):
        store.load(KEY)
    store.save(KEY, 2)
    assert store.load(KEY) == 2


def test_a_sweep_never_takes_a_living_writers_file(tmp_path, leftovers):
    store = open_store(tmp_path / "s")
    go, stop = threading.Event(), threading.Event()

    def chunks():
        yield b"x" * 10_000_000
        go.set()
        stop.wait(10)
        yield b"y"

    thread = threading.Thread(target=lambda: store.backend.put(KEY, chunks(), "result.dump.gz"))
    thread.start()
    go.wait(10)
    assert len(leftovers(tmp_path)) == 1
    assert store.backend.sweep() == (0, 0)
    child = os.fork()
    if child == 0:
        os._exit(store.backend.sweep() != (0, 0))
    assert os.waitpid(child, 0)[1] == 0
    assert len(leftovers(tmp_path)) == 1
    stop.set()
    thread.join()
    blob = store.backend.get(KEY)
    assert blob.size == 10_000_001
    blob.close()


def test_a_swept_file_is_started_afresh(tmp_path, monkeypatch, leftovers):
    real, swept = locks.LockableFile.lock, []

    def sweep_first(self, byte=0, *, wait):
        if not swept:
            (path,) = leftovers(tmp_path)
            os.unlink(path)
            swept.append(path)
        return real(self, byte, wait=wait)

    monkeypatch.setattr(locks.LockableFile, "lock", sweep_first)
    store = open_store(tmp_path / "s")
    store.save(KEY, 1)
    assert len(swept) == 1
    assert store.load(KEY) == 1
    assert leftovers(tmp_path) == []


def test_what_cannot_be_swept_is_left(tmp_path):
    assert sweep_file(str(tmp_path / "nothing"), dry_run=False) is None


def test_a_file_where_a_folder_should_be(tmp_path):
    (tmp_path / "s").write_text("mine")
    store = open_store(tmp_path / "s")
    assert store.missing([KEY]) == {KEY}
    with pytest.raises(CacheError, match=KEY.replace("(", r"\(").replace(")", r"\)")) as caught:
        store.save(KEY, 1)
    assert isinstance(caught.value, OSError)
    assert (tmp_path / "s").read_text() == "mine"
    assert errno.ENOTDIR
