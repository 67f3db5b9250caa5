"""Locks of ours that are held at the moment of a fork: the child waits for none of them."""

from __future__ import annotations

import functools
import gc
import os
import signal
import subprocess
import sys
import threading
import time
from types import ModuleType

import pytest

from pyperunner_cache import memoize, open_store

LOCKS = (type(threading.Lock()), type(threading.RLock()))
PLACES = ("file", "sqlite", "memory", "limited")


def helper(n):
    return n + 1


def held_by_somebody():
    """Every lock that a module, a class or an object of ours has, which is then held."""
    parts = [
        part
        for thing in gc.get_objects()
        if is_ours(thing)
        for part in list(object.__getattribute__(thing, "__dict__").values())
    ]
    parts += [part.lock for part in parts if isinstance(part, functools.cached_property) and hasattr(part, "lock")]
    locks = {id(part): part for part in parts if isinstance(part, LOCKS)}.values()
    return [lock for lock in locks if lock.acquire(blocking=False)]


def is_ours(thing):
    kind = type(thing)
    if type.__dict__["__dictoffset__"].__get__(kind) == 0:
        return False
    name = (
        thing.__name__ if kind is ModuleType else dict_of(thing if issubclass(kind, type) else kind).get("__module__")
    )
    return isinstance(name, str) and name.startswith("pyperunner")


def dict_of(cls):
    """Its attributes, though a class of another test refuses to show them."""
    return type.__dict__["__dict__"].__get__(cls)


def store_of(place, folder):
    if place == "limited":
        return open_store(folder / "limited", max_size="1 GB")
    return open_store({"file": str(folder / "files"), "sqlite": f"sqlite:///{folder}/db", "memory": "memory://"}[place])


def use(store, memoized):
    """What takes one of the locks each."""
    store.save("T()/1", [1])
    assert store.load("T()/1") == [1]
    with store.lock("T()/1"):
        pass
    store.stat()
    store.gc("1 GB")
    assert memoized(1) == 2


def in_child(work):
    """Work in a forked child; return its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            work()
            os._exit(0)
        finally:
            os._exit(1)
    deadline = time.monotonic() + 10
    while (ended := os.waitpid(pid, os.WNOHANG)) == (0, 0):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            return "hung"
        time.sleep(0.005)
    return os.waitstatus_to_exitcode(ended[1])


@pytest.mark.parametrize("place", PLACES)
def test_a_child_waits_for_no_lock_that_a_thread_of_its_parent_held(tmp_path, place):
    store = store_of(place, tmp_path)
    store.save("T()/0", [0])
    memoized = memoize(tmp_path / "memoized")(helper)
    held = held_by_somebody()
    try:
        assert in_child(lambda: use(store, memoized)) == 0
    finally:
        for lock in held:
            lock.release()
    assert held, "the test has found no lock"
    use(store, memoized)


FORKS_IN_IMPORT = """
import importlib.abc, os, sys, threading, time
from pyperunner_cache import memoize

class Slow(importlib.abc.MetaPathFinder):
    '''Lets whoever imports the module named wait in the middle of it, as another thread can.'''
    def find_spec(self, name, path, target=None):
        if name == sys.argv[1] and threading.current_thread() is not threading.main_thread():
            reached.set(); time.sleep(0.5)

reached = threading.Event()
sys.meta_path.insert(0, Slow())
@memoize(sys.argv[2])
def add(x): return x + 1
thread = threading.Thread(target=add, args=(1,))
thread.start()
assert reached.wait(10)
pid = os.fork()
if pid == 0:
    os._exit(add(2) != 3)
code = os.waitpid(pid, 0)[1]
thread.join()
sys.exit(code)
"""


@pytest.mark.parametrize("module", ["pyperunner_keys.code.live", "pyperunner_keys.code.reading.scope", "decimal"])
def test_no_child_waits_for_an_import_that_a_thread_of_its_parent_was_in(tmp_path, module):
    flow = tmp_path / "flow.py"
    flow.write_text(FORKS_IN_IMPORT)
    subprocess.run([sys.executable, flow, module, tmp_path / "store"], check=True, timeout=20)
