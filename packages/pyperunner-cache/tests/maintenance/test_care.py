from __future__ import annotations

import os
import threading
import time

import pytest

from pyperunner_cache import BadSizeError, open_store


def age(store, key, seconds):
    """Make an entry look as if it had been stored and used long ago."""
    when = time.time() - seconds
    if hasattr(store, "locate"):
        os.utime(store.locate(key), (when, when))
    elif "sqlite" in str(store.backend):
        with store.backend._database.using("age", key, create=False) as database:
            database.execute("UPDATE entries SET used = ?, modified = ? WHERE key = ?", (when, when, key.encode()))
    else:
        store.backend._used[key] = when
        store.backend._entries[key].modified = when


@pytest.fixture
def filled(any_store):
    for number in range(5):
        any_store.save(f"T()/{number}", os.urandom(10_000))
        age(any_store, f"T()/{number}", 1000 - number)
    return any_store


def test_stat_counts(filled):
    found = filled.stat()
    assert found["entries"] == 5
    assert 50_000 < found["bytes"] < 55_000
    assert found["aside"] == found["orphans"] == 0


def test_verify_finds_what_is_damaged(filled):
    assert filled.verify() == {"checked": 5, "damaged": {}}
    blob = filled.backend.get("T()/3")
    content = bytearray(blob.read(0, blob.size))
    blob.close()
    content[5000] ^= 1
    filled.backend.put("T()/3", [content], "result.dump.gz")
    found = filled.verify()
    assert found["checked"] == 5
    assert list(found["damaged"]) == ["T()/3"]
    assert "checksum" in found["damaged"]["T()/3"]


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


@pytest.mark.parametrize("amount", ["lots", "5 parsecs", -1, "", None, float("nan"), True])
def test_amounts_that_are_none(tmp_path, amount):
    store = open_store(tmp_path / "s")
    if amount is not None:
        with pytest.raises(BadSizeError):
            store.gc(max_size=amount)
        with pytest.raises(BadSizeError):
            open_store(tmp_path / "s", max_size=amount)


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


def test_what_was_set_aside_is_bounded_and_swept(store):
    for number in range(25):
        key = f"T()/{number}"
        store.save(key, 1)
        with open(store.locate(key), "wb") as file:
            file.write(b"broken")
        with pytest.warns(UserWarning, match="set aside as"), pytest.raises(KeyError):
            store.load(key)
    assert store.stat()["aside"] == 20
    assert store.stat()["aside_bytes"] == 20 * 6
    assert store.gc()["orphans"] == 20
    assert store.stat()["aside"] == 0


def test_cut_names_are_listed_by_their_key(store):
    key = "x" * 500 + "/1"
    store.save(key, 1)
    assert [entry["key"] for entry in store.entries()] == [key]
    assert store.clear() == 1
