from __future__ import annotations

import os
import threading

import pytest

from pyperunner_cache import open_store


def test_gc_evicts_the_least_recently_used(filled):
    filled.load("T()/0")
    done = filled.gc(max_size=30_000 + 3 * 1000)
    assert done["evicted"] == 2
    assert filled.missing([f"T()/{n}" for n in range(5)]) == {"T()/1", "T()/2"}


def test_gc_by_age_and_with_what_stays(filled):
    assert filled.gc(max_age="30m")["evicted"] == 0
    assert filled.gc(max_age=998.5, dry_run=True)["evicted"] == 2
    assert filled.stat()["entries"] == 5
    assert filled.gc(max_age=998.5, keep=["T()/0"])["evicted"] == 1
    assert filled.missing(["T()/0", "T()/1"]) == {"T()/1"}
    assert filled.gc(max_size=0, keep={"T()/0"})["evicted"] == 3
    assert filled.load("T()/0")


def test_clear(filled):
    filled.save("U()/1", 1)
    assert filled.clear("T()") == 5
    assert filled.missing(["U()/1"]) == set()
    assert filled.clear() == 1
    assert filled.stat()["entries"] == 0


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db", "memory://"])
def test_the_automatic_limit(tmp_path, url):
    with open_store(url.format(tmp_path), max_size="50kB") as store:
        for number in range(20):
            store.save(f"T()/{number}", os.urandom(10_000))
            assert store.stat()["bytes"] <= 50_000
            assert store.missing([f"T()/{number}"]) == set()
        assert 3 <= store.stat()["entries"] <= 4
        spec = store.spec()
        if spec is not None:
            with open_store(**spec) as other:
                other.save("T()/x", os.urandom(40_000))
                assert store.stat()["bytes"] <= 50_000


def test_collecting_and_clearing_while_others_work(any_store):
    stop = threading.Event()
    failures = []

    def work():
        number = 0
        while not stop.is_set():
            number += 1
            key = f"T()/{number % 7}"
            try:
                any_store.save(key, {"n": number, "b": b"x" * 3000})
                value = any_store.load(key)
                if len(value["b"]) != 3000:
                    failures.append(value)
            except KeyError:
                pass
            except Exception as error:
                failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for _ in range(15):
        any_store.gc(max_size=5000)
        any_store.clear()
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
