from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from multiprocessing.pool import ThreadPool

import pytest

from pyperunner_cache import DeadlockError, memoize, open_store, self_wait, visit

URLS = {"file": "{}/store", "sqlite": "sqlite:///{}/s.db"}

linux = pytest.mark.skipif(not os.path.exists("/proc/self/fdinfo"), reason="only Linux tells who holds a lock")


def in_a_child(work):
    """Return how a forked child ended: 0 where ``work`` returned, 7 where it met a deadlock."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            work()
            code = 0
        except DeadlockError as error:
            code = 7 if "wait for it" in str(error) else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@linux
@pytest.mark.timeout(30)
@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_a_child_that_a_call_waits_for_does_not_wait_for_the_call(tmp_path, monkeypatch, url):
    monkeypatch.setattr(self_wait, "_SECONDS", 0.3)
    with open_store(url.format(tmp_path)) as store:

        @memoize(store, ignore=["depth"])
        def f(x, depth=0):
            return in_a_child(lambda: f(x, 1)) if depth == 0 else -1

        assert f(1) == 7
        assert f.check_call_in_cache(1)
        assert in_a_child(lambda: f(1)) == 0


@linux
@pytest.mark.timeout(30)
def test_an_ancestor_that_computes_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(self_wait, "_SECONDS", 0.3)
    store, reading, writing = open_store(tmp_path / "s"), *os.pipe()

    @memoize(store)
    def busy():
        os.write(writing, b"x")
        end = time.process_time() + 1
        while time.process_time() < end:
            pass
        return os.getpid()

    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            os.read(reading, 1)
            code = 0 if busy() == os.getppid() else 2
        finally:
            os._exit(code)
    busy()
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


SCRIPT = """
import subprocess, sys
from pyperunner_cache import memoize
@memoize(sys.argv[1], ignore=["depth"])
def f(x, depth):
    if depth:
        return -1
    return subprocess.run([sys.executable, __file__, sys.argv[1], "1"], capture_output=True, text=True).stderr
print(f(1, int(sys.argv[2])))
"""


@linux
@pytest.mark.long
def test_within_ten_seconds_in_a_process_of_its_own(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    begin = time.monotonic()
    command = [sys.executable, tmp_path / "script.py", tmp_path / "s", "0"]
    assert "DeadlockError" in subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert time.monotonic() - begin < 10


def in_a_thread(work):
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def submitted(work):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work).result()


def left_to_the_pool(work):
    with ThreadPoolExecutor(1) as pool:
        pool.submit(work)


def mapped(work):
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda _: work(), range(2)))


def waited_for(work):
    with ThreadPoolExecutor(1) as pool:
        wait([pool.submit(work)])


def completed(work):
    with ThreadPoolExecutor(1) as pool:
        list(as_completed([pool.submit(work)]))


def in_another_pool(work):
    with ThreadPool(1) as pool:
        pool.map(lambda _: work(), range(1))


WAYS = [in_a_thread, submitted, left_to_the_pool, mapped, waited_for, completed, in_another_pool]


@pytest.mark.timeout(30)
@pytest.mark.parametrize("way", WAYS)
def test_a_thread_that_a_call_waits_for_does_not_wait_for_the_call(any_store, monkeypatch, way):
    monkeypatch.setattr(visit, "_LOOK_SECONDS", 0.1)
    seen = []

    @memoize(any_store, ignore=["depth", "way"])
    def f(x, way=None, depth=0):
        def inner():
            try:
                f(x, way, 1)
            except DeadlockError:
                seen.append("deadlock")

        if way is not None:
            way(inner)
        return x

    f._code = Constant()
    assert f(1, way) == 1
    assert set(seen) == {"deadlock"}
    assert f.check_call_in_cache(1)


class Constant:
    """Stands for the code of a function, which changes while it runs: it fills a list."""

    def digest(self):
        return "0" * 32

    def unloaded(self):
        return {}


@pytest.mark.timeout(30)
@pytest.mark.parametrize("way", WAYS)
def test_a_thread_that_waits_for_others_is_waited_for(any_store, monkeypatch, way):
    monkeypatch.setattr(visit, "_LOOK_SECONDS", 0.05)
    began, made, got = threading.Event(), [], []

    @memoize(any_store)
    def f(x):
        made.append(x)
        began.set()
        way(lambda: time.sleep(0.4))
        return x

    f._code = Constant()
    other = threading.Thread(target=lambda: began.wait(10) and got.append(f(1)))
    other.start()
    f(1)
    other.join()
    assert (made, got) == ([1], [1])
