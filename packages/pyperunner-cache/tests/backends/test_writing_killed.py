"""A writer that is killed, at any moment or at a system call: the entry is absent or exact."""

from __future__ import annotations

import os
import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings

import pytest

from pyperunner_cache import (
    MissingEntryError,
    open_store,
)

KEY = "T()/0123456789abcdef0123456789abcdef"
OLD, NEW = {"version": "old", "data": b"o" * 200_000}, {"version": "new", "data": b"n" * 3_000_000}

SAVER = """
import sys
from pyperunner_cache import open_store
store = open_store(sys.argv[1], **eval(sys.argv[2]))
new = {"version": "new", "data": b"n" * 3_000_000}
import pyperunner_cache.codecs.raw  # what a save imports is there before it is traced
print("ready", flush=True)
sys.stdin.readline()
while True:
    store.save("T()/0123456789abcdef0123456789abcdef", new, codec=sys.argv[3])
    if len(sys.argv) < 5:
        break
print("done", flush=True)
"""


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


def _kill_at_random(url, times, leftovers):
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
def test_a_killed_writer_leaves_an_absent_or_an_exact_entry(tmp_path, kind, leftovers):
    url = f"{tmp_path}/in/store" if kind == "file" else f"sqlite:///{tmp_path}/in/s.db"
    _kill_at_random(url, 4, leftovers)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("kind", ["file", "sqlite"])
def test_a_killed_writer_leaves_an_absent_or_an_exact_entry_at_a_thousand_moments(tmp_path, kind, leftovers):
    url = f"{tmp_path}/in/store" if kind == "file" else f"sqlite:///{tmp_path}/in/s.db"
    assert _kill_at_random(url, 500, leftovers) >= {"old", "new"}


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

    def test_killed_there(self, tmp_path, call, when, leftovers):
        root, child, _ = _inject(tmp_path, call, "signal=KILL", when)
        store = open_store(root)
        assert absent_or_exact(store) in (("new", "absent") if child.returncode else ("new",))
        store.gc()
        assert leftovers(root) == []
        store.save(KEY, OLD)
        assert store.load(KEY) == OLD

    def test_failing_there(self, tmp_path, call, when, leftovers):
        root, child, (_, errors) = _inject(tmp_path, call, "error=EIO", when)
        store = open_store(root)
        found = absent_or_exact(store)
        if child.returncode:
            assert "StorageError: cannot" in errors
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
    def test_killed_there(self, tmp_path, call, when, replacing, leftovers):
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
