from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from pyperunner_cache import DeadlockError, memoize, open_store, self_wait

URLS = {"file": "{}/store", "sqlite": "sqlite:///{}/s.db"}

pytestmark = pytest.mark.skipif(not os.path.exists("/proc/self/fdinfo"), reason="only Linux tells who holds a lock")


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


@pytest.mark.long
def test_within_ten_seconds_in_a_process_of_its_own(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    begin = time.monotonic()
    command = [sys.executable, tmp_path / "script.py", tmp_path / "s", "0"]
    assert "DeadlockError" in subprocess.run(command, capture_output=True, text=True, timeout=60).stdout
    assert time.monotonic() - begin < 10
