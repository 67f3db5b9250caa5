from __future__ import annotations

import errno
import os
import random
import resource
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import warnings

import pytest

from pyperunner_cache import (
    CacheError,
    MissingEntryError,
    ReadOnlyStoreError,
    StoreFullError,
    open_store,
)
from pyperunner_cache.backends._writing import sweep_file

KEY = "T()/0123456789abcdef0123456789abcdef"
OLD, NEW = {"version": "old", "data": b"o" * 200_000}, {"version": "new", "data": b"n" * 3_000_000}

SAVER = """
import sys
from pyperunner_cache import open_store
store = open_store(sys.argv[1], **eval(sys.argv[2]))
new = {"version": "new", "data": b"n" * 3_000_000}
store._codec_named("raw")
from pyperunner_cache._values import pack
print("ready", flush=True)
sys.stdin.readline()
while True:
    store.save("T()/0123456789abcdef0123456789abcdef", new, codec=sys.argv[3])
    if len(sys.argv) < 5:
        break
print("done", flush=True)
"""


def leftovers(root):
    return [
        os.path.join(folder, file)
        for folder, _, files in os.walk(root)
        for file in files
        if not file.startswith(("result.dump.", "s.db")) and file != ".lock"
    ]


def start_saver(url, codec="gzip", *, forever=False, options="{}", wrapper=()):
    command = [*wrapper, sys.executable, "-c", SAVER, str(url), options, codec, *(["forever"] if forever else [])]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def absent_or_exact(store):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            value = store.load(KEY)
        except MissingEntryError:
            return "absent"
    assert value in (OLD, NEW)
    return value["version"]


def _kill_at_random(url, times):
    chance = random.Random(times)
    seen = set()
    with open_store(url) as store:
        for round_ in range(times):
            store.delete(KEY)
            if round_ % 2:
                store.save(KEY, OLD)
            child = start_saver(url, chance.choice(["gzip", "raw"]), forever=True)
            assert child.stdout.readline() == "ready\n", child.stderr.read()
            child.stdin.write("\n")
            child.stdin.flush()
            time.sleep(chance.random() * 0.03)
            child.kill()
            child.communicate()
            seen.add(absent_or_exact(store))
            store.gc()
            assert leftovers(os.path.dirname(url.removeprefix("sqlite:///"))) == []
    return seen


@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_killed_writer_leaves_an_absent_or_an_exact_entry(tmp_path, kind):
    url = f"{tmp_path}/in/store" if kind == "file" else f"sqlite:///{tmp_path}/in/s.db"
    _kill_at_random(url, 4)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_killed_writer_leaves_an_absent_or_an_exact_entry_at_a_thousand_moments(tmp_path, kind):
    url = f"{tmp_path}/in/store" if kind == "file" else f"sqlite:///{tmp_path}/in/s.db"
    assert _kill_at_random(url, 500) >= {"old", "new"}


needs_strace = [
    pytest.mark.strace,
    pytest.mark.skipif(shutil.which("strace") is None, reason="needs strace"),
]
CALLS = ["openat", "mkdir", "fcntl", "writev", "fsync", "rename", "close", "unlink"]


def _inject(tmp_path, call, fault, when, url="{}"):
    """Save in a process whose ``when``-th ``call`` after it is ready ends in ``fault``; return process and output."""
    root = tmp_path / f"{call}-{when}"
    child = start_saver(url.format(root), options="{'durable': True}")
    assert child.stdout.readline() == "ready\n", child.stderr.read()
    tracer = subprocess.Popen(
        [
            "strace",
            "-f",
            "-qq",
            "-e",
            f"trace={call}",
            "-e",
            f"inject={call}:{fault}:when={when}",
            "-p",
            str(child.pid),
        ],
        stderr=subprocess.PIPE,
    )
    _wait_until_traced(child.pid, tracer)
    if tracer.poll() is not None:
        child.kill()
        child.communicate()
        pytest.skip(f"strace cannot attach: {tracer.stderr.read().decode()[:200]}")
    output = child.communicate("\n", timeout=60)
    tracer.wait(30)
    tracer.stderr.close()
    return root, child, output


def _wait_until_traced(pid, tracer):
    end = time.monotonic() + 10
    while time.monotonic() < end and tracer.poll() is None:
        with open(f"/proc/{pid}/status") as status:
            if "TracerPid:\t0" not in status.read():
                return
        time.sleep(0.005)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("when", [1, pytest.param(2, marks=pytest.mark.long), pytest.param(3, marks=pytest.mark.long)])
class TestEachSystemCall:
    pytestmark = needs_strace

    def test_killed_there(self, tmp_path, call, when):
        root, child, _ = _inject(tmp_path, call, "signal=KILL", when)
        store = open_store(root)
        assert absent_or_exact(store) in (("new", "absent") if child.returncode else ("new",))
        store.gc()
        assert leftovers(root) == []
        store.save(KEY, OLD)
        assert store.load(KEY) == OLD

    def test_failing_there(self, tmp_path, call, when):
        root, child, (_, errors) = _inject(tmp_path, call, "error=EIO", when)
        store = open_store(root)
        found = absent_or_exact(store)
        if child.returncode:
            assert "StoreError" in errors
            assert KEY in errors
        else:
            assert found == "new"
        store.gc()
        assert leftovers(root) == []


SQLITE = "sqlite:///{}/s.db"
ROW_CALLS = ["pwrite64", "write", "fdatasync", "openat"]
MORE_ROW_CALLS = [*ROW_CALLS, "fcntl", "ftruncate", "unlink"]
ROW_KILLS = [(call, *first) for call in ROW_CALLS for first in [(1, False), (2, True)]]
ROW_KILLS.append(("fdatasync", 3, True))  # the first moment at which a removal apart from its insertion would show
MORE_ROW_KILLS = [
    (call, when, replacing)
    for call in MORE_ROW_CALLS
    for when in range(1, 9)
    for replacing in (False, True)
    if (call, when, replacing) not in ROW_KILLS
]


class TestEachSystemCallOfSqlite:
    pytestmark = needs_strace

    @pytest.mark.parametrize(
        ("call", "when", "replacing"),
        [*ROW_KILLS, *(pytest.param(*kill, marks=pytest.mark.long) for kill in MORE_ROW_KILLS)],
    )
    def test_killed_there(self, tmp_path, call, when, replacing):
        if replacing:
            with open_store(SQLITE.format(tmp_path / f"{call}-{when}")) as store:
                store.save(KEY, OLD)
        root, child, _ = _inject(tmp_path, call, "signal=KILL", when, SQLITE)
        if call in ("pwrite64", "fdatasync") and when <= 2:
            assert child.returncode == -signal.SIGKILL
        with open_store(SQLITE.format(root)) as store:
            unfinished = "old" if replacing else "absent"
            assert absent_or_exact(store) in ((unfinished, "new") if child.returncode else ("new",))
            store.gc()
            assert leftovers(root) == []
            store.save(KEY, OLD)
            assert store.load(KEY) == OLD
            with sqlite3.connect(root / "s.db") as medium:
                assert medium.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            medium.close()


@pytest.fixture
def small_disk(tmp_path):
    folder = tmp_path / "small"
    folder.mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m", "none", folder]).returncode:
        pytest.skip("needs the right to mount a tmpfs")
    yield folder
    subprocess.run(["umount", folder], check=True)


@pytest.mark.root
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_full_disk(small_disk, kind):
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


def test_a_limit_on_the_file_size(tmp_path):
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


def test_a_sweep_never_takes_a_living_writers_file(tmp_path):
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


def test_a_swept_file_is_started_afresh(tmp_path, monkeypatch):
    from pyperunner_cache.backends import _writing

    real, swept = _writing.lock_descriptor, []

    def sweep_first(fd, *, wait):
        if not swept:
            (path,) = _writing._writing
            pid = os.fork()
            if pid == 0:
                os.unlink(path)
                os._exit(0)
            os.waitpid(pid, 0)
            swept.append(path)
        return real(fd, wait=wait)

    monkeypatch.setattr(_writing, "lock_descriptor", sweep_first)
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
