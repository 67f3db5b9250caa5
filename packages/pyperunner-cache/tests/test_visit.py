from __future__ import annotations

import asyncio
import contextvars
import os
import subprocess
import sys
import threading
import types
import warnings

import pytest

from pyperunner_cache import CacheWarning, memoize, open_store

URLS = {"file": "{}/store", "sqlite": "sqlite:///{}/s.db"}
HOLDER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


def double(x):
    return {"twice": 2 * x, "bulk": os.urandom(300_000)}


async def double_later(x):
    return double(x)


def value_and_warning(remembered, x):
    """Return what a call makes, and the one warning that it gives."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        value = remembered(x)
        if asyncio.iscoroutine(value):
            value = asyncio.run(value)
    (warning,) = caught
    assert issubclass(warning.category, CacheWarning)
    return value["twice"], str(warning.message)


def fill(folder):
    """Use up all blocks, then all inodes, of a small file system."""
    with open(folder / "filler", "wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                pass


def use_up_inodes(folder):
    try:
        for number in range(1000):
            (folder / f"i{number}").touch()
    except OSError:
        pass


def make_read_only(folder):
    subprocess.run(["mount", "-o", "remount,ro", folder], check=True)


@pytest.mark.root
@pytest.mark.parametrize("function", [double, double_later])
@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
@pytest.mark.parametrize("spoil", [fill, use_up_inodes, make_read_only])
@pytest.mark.parametrize("used", [False, True])
def test_a_medium_that_takes_nothing_costs_no_result(mounted, spoil, url, function, used):
    folder = mounted("size=3m,nr_inodes=40")
    with open_store(url.format(folder)) as store:
        remembered = memoize(store)(function)
        if used:
            store.save("double/0", 1)
            store.close()
        spoil(folder)
        value, text = value_and_warning(remembered, 21)
    assert value == 42
    assert "double" in text
    assert "not kept" in text


@pytest.mark.parametrize("function", [double, double_later])
def test_a_database_that_another_program_writes_to_costs_no_result(tmp_path, function):
    with open_store(f"sqlite:///{tmp_path}/s.db", timeout=0.2) as store:
        store.save("double/0", 1)
        holder = [sys.executable, "-c", HOLDER, tmp_path / "s.db"]
        with subprocess.Popen(holder, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout.readline() == "held\n"
            value, text = value_and_warning(memoize(store)(lambda x: {"twice": 2 * x}), 21)
            process.communicate("\n", timeout=30)
    assert value == 42
    assert "another process holds it" in text


@pytest.mark.parametrize("url", URLS.values(), ids=URLS)
def test_a_place_that_something_else_takes_up_costs_no_result(tmp_path, url):
    with open_store(url.format(tmp_path / "taken")) as store:
        remembered = memoize(store)(double)
        (tmp_path / "taken").write_text("not a folder")
        assert value_and_warning(remembered, 21)[0] == 42


class Rude:
    def __init__(self, error):
        self.error = error

    def __reduce__(self):
        raise self.error


@pytest.mark.parametrize("part", [threading.Lock(), (n for n in "ab"), Rude(RuntimeError("no")), Rude(SystemExit(3))])
@pytest.mark.parametrize("function", ["sync", "async"])
def test_a_result_that_cannot_be_stored_is_returned(any_store, part, function):
    def make(x):
        return {"twice": 2 * x, "part": part}

    async def make_later(x):
        return make(x)

    remembered = memoize(any_store, ignore=["x"])(make if function == "sync" else make_later)
    remembered._code = types.SimpleNamespace(digest=lambda: "the parts have no key", unloaded=dict)
    value, text = value_and_warning(remembered, 21)
    assert value == 42
    assert "result['part']" in text


def test_call_warns_too(any_store):
    with pytest.warns(CacheWarning, match="not kept"):
        memoize(any_store)(threading.Lock).call()


def retrying(store, kind):
    @memoize(store, ignore=["attempt"])
    def fetch(url, attempt=0):
        return fetch(url, attempt + 1) if attempt < 2 else "page"

    @memoize(store, ignore=["attempt"])
    async def fetch_later(url, attempt=0):
        if attempt == 2:
            return "page"
        if kind == "gathered":
            return (await asyncio.gather(fetch_later(url, attempt + 1), fetch_later(url, attempt + 1)))[0]
        if kind == "thread":
            return await asyncio.to_thread(asyncio.run, fetch_later(url, attempt + 1))
        return await fetch_later(url, attempt + 1)

    return fetch("u") if kind == "sync" else asyncio.run(fetch_later("u"))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("kind", ["sync", "async", "gathered", "thread"])
def test_a_call_inside_the_same_call_does_not_wait_for_it(any_store, kind):
    assert retrying(any_store, kind) == "page"


@pytest.mark.timeout(20)
def test_functions_that_need_each_others_calls_do_not_wait(any_store):
    @memoize(any_store, ignore=["depth"])
    def even(n, depth=0):
        return True if depth > 3 else not odd(n, depth + 1)

    @memoize(any_store, ignore=["depth"])
    def odd(n, depth=0):
        return not even(n, depth + 1)

    assert even(4) in (True, False)


@pytest.mark.timeout(20)
def test_what_outlives_a_call_is_not_inside_it(any_store):
    """A context that was copied inside a call is used after its end, while another thread makes the same call."""
    contexts, began, go_on, made = [], threading.Event(), threading.Event(), []

    @memoize(any_store, ignore=["how"])
    def f(x, how):
        made.append(how)
        contexts.append(contextvars.copy_context())
        if how == "slow":
            began.set()
            go_on.wait(10)
        return x

    f(1, "first")
    f.clear()
    slow = threading.Thread(target=f, args=(1, "slow"))
    slow.start()
    assert began.wait(10)
    late = threading.Thread(target=contexts[0].run, args=(f, 1, "late"))
    late.start()
    go_on.set()
    for thread in (slow, late):
        thread.join()
    assert made == ["first", "slow"]
