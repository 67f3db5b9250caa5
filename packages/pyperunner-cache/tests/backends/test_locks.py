from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import traceback

import pytest

from pyperunner_cache import LockTimeoutError, open_store

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
