from __future__ import annotations

import os
import signal
import threading
import time

import pytest

from pyperunner_cache import CacheWarning, open_store
from pyperunner_keys import File


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


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db", "memory://"])
def test_what_a_clock_that_was_ahead_has_stamped_grows_old(tmp_path, monkeypatch, url):
    real = time.time
    ahead = 400 * 86_400
    with open_store(url.format(tmp_path)) as store:
        with monkeypatch.context() as patch:
            patch.setattr("time.time", lambda: real() + ahead)
            patch.setattr("time.time_ns", lambda: int((real() + ahead) * 1e9))
            store.save("T()/ahead", 1)
            store.load("T()/ahead")
        store.save("T()/now", 1)
        assert store.gc(max_age="30d")["evicted"] == 1
        assert store.missing(["T()/ahead", "T()/now"]) == {"T()/ahead"}


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db"])
def test_use_is_remembered_again_after_a_clock_was_ahead(tmp_path, monkeypatch, url):
    real = time.time
    with open_store(url.format(tmp_path)) as store:
        store.save("T()/1", 1)
        with monkeypatch.context() as patch:
            patch.setattr("time.time", lambda: real() + 86_400)
            store.load("T()/1")
        store.load("T()/1")
        assert next(iter(store.backend.scan())).used <= real()


def test_what_is_in_memory_is_forgotten_whole():
    store = open_store("memory://", max_size=3_000)
    for number in range(100):
        with store.lock(f"T()/{number}"):
            store.save(f"T()/{number}", number)
        store.load(f"T()/{number}")
    store.clear()
    backend = store.backend
    assert (len(backend._entries), len(backend._used), len(backend._locks), backend.tally()) == (0, 0, 0, 0)


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db"])
def test_the_total_survives_who_is_killed_while_it_changes(tmp_path, url):
    """Killed between an entry and the total: whoever comes next counts anew."""
    with open_store(url.format(tmp_path), max_size="1GB") as store:
        store.save("T()/1", bytes(400_000), codec="raw")
        child = os.fork()
        if child == 0:
            real = os.replace

            def replace_and_die(source, target):
                real(source, target)
                os.kill(os.getpid(), signal.SIGKILL)

            os.replace = replace_and_die
            open_store(url.format(tmp_path)).save("T()/2", bytes(300_000), codec="raw")
            os._exit(0)
        assert os.waitpid(child, 0)[1] == signal.SIGKILL
        assert store.missing(["T()/2"]) == set()
        assert store.backend.tally() == store.stat()["bytes"] > 700_000


def test_a_limit_that_cannot_be_kept_costs_no_entry(tmp_path):
    (tmp_path / "s" / ".usage").mkdir(parents=True)  # where the total would be
    with open_store(tmp_path / "s", max_size="1MB") as store:
        with pytest.warns(CacheWarning, match="not kept within"):
            store.save("T()/0", 1)
        assert store.load("T()/0") == 1


def test_of_those_equally_old_no_more_go_than_have_to(any_store, monkeypatch):
    monkeypatch.setattr("time.time", lambda: 1e9)
    monkeypatch.setattr("time.time_ns", lambda: 10**18 + 1)
    sizes = [any_store.save(f"T()/{number}", "x" * 100)["size"] for number in range(10)]
    monkeypatch.undo()
    assert any_store.gc(max_size=sum(sizes[:7]), keep=["T()/9"])["evicted"] == 3
    assert any_store.missing(["T()/9"]) == set()
    assert any_store.stat()["entries"] == 7


def test_progress_is_told(any_store):
    for number in range(5):
        any_store.save(f"T()/{number}", number)
    told = []
    any_store.verify(progress=told.append)
    any_store.gc(max_size=0, progress=told.append)
    assert told == [5, 5, 5]


def test_a_marker_that_a_writer_relies_on_is_not_swept(tmp_path, monkeypatch):
    """The entry comes after its markers; those of an earlier one are old, and about to go, as the writer looks."""
    (tmp_path / "data").write_text("x")
    with open_store(tmp_path / "s") as store:
        store.save("T()/1", File(tmp_path / "data"))
        for info in store.backend.scan(".files"):
            path = store.backend.located(info.key)
            os.utime(path, (time.time() - 90_000,) * 2)
        store.backend.delete("T()/1")
        remove = type(store.backend).remove

        def save_first(self, info):
            monkeypatch.setattr(type(store.backend), "remove", remove)
            store.save("T()/1", File(tmp_path / "data"))
            return remove(self, info)

        monkeypatch.setattr(type(store.backend), "remove", save_first)
        store.gc()
        assert store.files(["T()/1"])["T()/1"]


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db", "memory://"])
def test_many_that_go_at_once_are_counted_exactly(tmp_path, url):
    with open_store(url.format(tmp_path), max_size="1GB") as store:
        for number in range(150):
            store.save(f"T({number % 7})/{number}", number)
        before = store.stat()
        done = store.gc(max_size=before["bytes"] // 3)
        after = store.stat()
        assert done["evicted"] == 150 - after["entries"] > 90
        assert done["evicted_bytes"] == before["bytes"] - after["bytes"] == before["bytes"] - store.backend.tally()
        assert store.clear() == after["entries"]
        assert (store.stat()["entries"], store.backend.tally()) == (0, 0)
