from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import traceback

import pytest

from pyperunner_cache import LockTimeoutError, open_store
from pyperunner_cache.backends import locks

KEY = "T()/0123456789abcdef0123456789abcdef"

HOLDER = """
import os, sys, time
from pyperunner_cache import open_store
with open_store(sys.argv[1]).lock("T()/0123456789abcdef0123456789abcdef"):
    if os.fork() == 0:
        print(os.getpid(), flush=True)
        time.sleep(60)
        os._exit(0)
    time.sleep(60)
"""


def start_child(function):
    """Fork; the child calls ``function``, whose result is its exit code, and never comes back into the test runner."""
    pid = os.fork()
    if pid:
        return pid
    code = 99
    try:
        code = int(function())
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def in_child(function):
    return os.waitstatus_to_exitcode(os.waitpid(start_child(function), 0)[1])


def refused(lock):
    """Say whether a lock is held by somebody else."""
    try:
        with lock:
            return False
    except TimeoutError:
        return True


@pytest.fixture(params=[True, False], ids=["open files", "records"], autouse=True)
def kind_of_locks(request, monkeypatch):
    """Locks of this system, and those of systems where locks belong to processes."""
    monkeypatch.setattr(locks, "_HAS_OPEN_FILE_LOCKS", request.param and locks._HAS_OPEN_FILE_LOCKS)
    return request.param


@pytest.fixture(params=["file", "sqlite"])
def url(request, tmp_path):
    return f"{tmp_path}/s" if request.param == "file" else f"sqlite:///{tmp_path}/s.db"


def test_a_dead_holders_lock_is_free_though_its_child_lives(url):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    grandchild = int(holder.stdout.readline())
    try:
        store = open_store(url)
        with pytest.raises(LockTimeoutError, match="T\\(\\)"), store.lock(KEY, 0.05):
            pass
        holder.kill()
        holder.wait()
        os.kill(grandchild, 0)
        begin = time.monotonic()
        with store.lock(KEY, 5):
            assert time.monotonic() - begin < 1
        os.kill(grandchild, 0)
    finally:
        holder.stdout.close()
        os.kill(grandchild, signal.SIGKILL)
        holder.wait()


def test_who_waits_without_limit_is_woken(url):
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, url], stdout=subprocess.PIPE, text=True)
    grandchild = int(holder.stdout.readline())
    threading.Timer(0.2, holder.kill).start()
    with open_store(url).lock(KEY):
        assert holder.wait() == -signal.SIGKILL
    holder.stdout.close()
    os.kill(grandchild, signal.SIGKILL)


def test_a_forked_child_does_not_hold_its_parents_lock(url):
    store = open_store(url)
    with store.lock(KEY):
        assert in_child(lambda: not refused(store.lock(KEY, 0.05))) == 0
        with pytest.raises(LockTimeoutError):
            _in_thread(lambda: store.lock(KEY, 0.05).__enter__())
    assert in_child(lambda: refused(store.lock(KEY, 0))) == 0


def test_a_child_that_leaves_the_block_frees_nothing(url):
    store = open_store(url)
    lock = store.lock(KEY)
    with lock:
        assert in_child(lambda: lock.__exit__(None, None, None) or 0) == 0
        assert in_child(lambda: not refused(store.lock(KEY, 0))) == 0


def test_only_one_of_many_is_inside(url, tmp_path):
    store, rounds = open_store(url), 15
    counter = tmp_path / "counter"
    counter.write_text("0")

    def add():
        for _ in range(rounds):
            with store.lock(KEY):
                value = int(counter.read_text())
                time.sleep(0.0005)
                counter.write_text(str(value + 1))

    children = [start_child(lambda: add() or 0) for _ in range(4)]
    threads = [threading.Thread(target=add) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [os.waitpid(pid, 0)[1] for pid in children] == [0] * 4
    assert counter.read_text() == str(7 * rounds)


def test_one_empty_file_is_all_that_is_left(url, tmp_path):
    store = open_store(url)
    for number in range(10):
        with store.lock(f"T()/{number}"):
            pass
    (left,) = (os.path.join(folder, file) for folder, _, files in os.walk(tmp_path) for file in files)
    assert os.path.basename(left) == ".lock"
    assert os.path.getsize(left) == 0


def test_letting_go_of_one_lock_keeps_the_others(url):
    store = open_store(url)
    with store.lock("T()/kept"):
        with store.lock("T()/short"):
            pass
        with pytest.raises(LockTimeoutError), open_store(url).lock("T()/short", 0), open_store(url).lock("T()/kept", 0):
            pass
        assert in_child(lambda: refused(store.lock("T()/short", 0)) or not refused(store.lock("T()/kept", 0))) == 0


def test_a_holder_that_closes_all_descriptors_goes_on(url):
    def close_everything():
        store = open_store(url)
        with store.lock(KEY):
            os.closerange(3, 100)
        return refused(store.lock(KEY, 1))

    assert in_child(close_everything) == 0


PROBE = """
import sys
from pyperunner_cache import open_store
try:
    with open_store(sys.argv[1]).lock("T()/0123456789abcdef0123456789abcdef", 0):
        print("free")
except TimeoutError:
    print("held")
"""


def asked_elsewhere(place):
    """Ask another program, which has nothing of this one, for the lock."""
    ran = subprocess.run([sys.executable, "-c", PROBE, str(place)], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


@pytest.fixture
def aliases(tmp_path):
    """Paths that lead to one folder."""
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    (tmp_path / "above").symlink_to(".")
    return [tmp_path / "real", tmp_path / "link", tmp_path / "above" / "link", tmp_path / "real" / ".." / "real"]


@pytest.mark.parametrize("other", [1, 2, 3])
def test_a_lock_belongs_to_the_file_by_whatever_path(aliases, other):
    one, two = open_store(aliases[0]), open_store(aliases[other])
    with one.lock(KEY):
        assert refused(two.lock(KEY, 0))
        with two.lock("T()/other"):
            pass
        assert asked_elsewhere(aliases[0]) == asked_elsewhere(aliases[other]) == "held"
    assert asked_elsewhere(aliases[0]) == "free"


def test_who_opens_and_closes_the_same_file_frees_nothing(tmp_path, kind_of_locks):
    if not kind_of_locks:
        pytest.skip("record locks end when any descriptor of the file is closed")
    with open_store(tmp_path / "s").lock(KEY):
        (tmp_path / "s" / ".lock").read_bytes()
        shutil.copytree(tmp_path / "s", tmp_path / "copy")
        assert asked_elsewhere(tmp_path / "s") == "held"


def test_a_sweep_by_another_path_spares_a_living_writers_file(aliases):
    one, two, swept = open_store(aliases[0]), open_store(aliases[1]), []

    def chunks():
        yield b"x"
        swept.append(two.backend.sweep())
        yield b"y"

    one.backend.put(KEY, chunks(), "result.dump.gz")
    assert swept == [(0, 0)]
    blob = two.backend.get(KEY)
    assert bytes(blob.read(0, 10)) == b"xy"
    blob.close()


def test_a_lock_file_that_was_removed_locks_nobody_out(tmp_path):
    store = open_store(tmp_path / "s")
    waited = []

    def wait():
        with store.lock(KEY):
            waited.append(asked_elsewhere(tmp_path / "s"))

    with store.lock(KEY):
        waiting = threading.Thread(target=wait)
        waiting.start()
        time.sleep(0.1)
        shutil.rmtree(tmp_path / "s")
    waiting.join()
    assert waited == ["held"]


def test_processes_of_two_pid_namespaces_keep_apart(tmp_path):
    """In a namespace of its own a process has the number 1, whichever other has it elsewhere."""
    probe = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", PROBE, str(tmp_path / "s")]
    if (
        shutil.which("unshare") is None
        or subprocess.run(["unshare", "--pid", "--fork", "true"], stderr=subprocess.DEVNULL).returncode
    ):
        pytest.skip("unshare(1) may not make a namespace of processes here")
    with open_store(tmp_path / "s").lock(KEY):
        assert subprocess.run(probe, capture_output=True, text=True, check=True).stdout.strip() == "held"
    assert subprocess.run(probe, capture_output=True, text=True, check=True).stdout.strip() == "free"


def _in_thread(work):
    caught = []

    def run():
        try:
            work()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if caught:
        raise caught[0]
