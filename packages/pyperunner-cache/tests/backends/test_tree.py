from __future__ import annotations

import os
import random

import pytest

from pyperunner_cache import open_store
from pyperunner_cache.backends.tree import entry_files
from pyperunner_cache.backends.writing import is_plain, sealed_size

KEY = "T()/1"


def test_an_empty_place_has_no_entries(tmp_path):
    assert list(entry_files(str(tmp_path / "nothing"))) == []


def test_cut_names_are_listed_by_their_key(store):
    key = "x" * 500 + "/1"
    store.save(key, 1)
    assert [entry["key"] for entry in store.entries()] == [key]
    assert store.clear() == 1


def seal_of(store, key=KEY):
    return sealed_size(os.stat(os.path.dirname(store.locate(key))))


@pytest.mark.parametrize("codec", ["gzip", "raw"])
def test_a_save_seals_its_folder(store, codec):
    for value in ("x", list(range(1000))):
        size = store.save(KEY, value, codec=codec)["size"]
        assert seal_of(store) == size
        store.load(KEY)
        assert seal_of(store) == size


def test_a_seal_says_whether_an_entry_is_plain(store):
    keys = [f"T()/{number}" for number in range(4)]
    store.save(keys[0], [1])
    store.save(keys[1], [1], {"seconds": 1.0}, codec="raw")
    store.save(keys[2], random.Random(1))  # a pickle
    store.alias(keys[3], keys[0])
    sizes = [store.backend.get(key).size for key in keys]
    assert store.backend.plain([*keys, "T()/missing"]) == set(keys[:2])
    assert [seal_of(store, key) for key in keys] == sizes
    store.backend.put(keys[0], [b"x"], "result.dump.gz")
    os.unlink(store.locate(keys[1]))
    assert store.backend.plain(keys) == set()


def test_no_time_that_a_folder_has_by_itself_says_that_an_entry_is_plain(tmp_path):
    for seconds in (0, 1, 1 << 32, (1 << 33) - 1):
        os.utime(tmp_path, ns=(seconds * 10**9 + 5, 10**9 + 5))
        assert not is_plain(tmp_path.stat())
    os.utime(tmp_path, ns=((1 << 33) * 10**9 + 5, 10**9 + 6))
    assert not is_plain(tmp_path.stat())


@pytest.mark.parametrize(
    "meddle",
    [
        lambda path: os.unlink(path),
        lambda path: os.rename(path, f"{path}-away"),
        lambda path: os.close(os.open(os.path.join(os.path.dirname(path), ".tmp-0123-x"), os.O_CREAT | os.O_WRONLY)),
        lambda path: os.mkdir(os.path.join(os.path.dirname(path), "folder")),
        lambda path: os.utime(os.path.dirname(path)),
        lambda path: os.listdir(os.path.dirname(path)),
    ],
    ids=["removed", "renamed", "a temporary file", "a folder", "times", "listed"],
)
def test_whatever_happens_in_a_folder_is_seen_in_spite_of_the_seal(store, meddle):
    store.save("T()/0", 0)
    store.save(KEY, 1)
    meddle(store.locate(KEY))
    entries = list(store.backend.scan())
    found = store.stat()
    assert (found["entries"], found["bytes"]) == (len(entries), sum(info.size for info in entries))
    files = [name for _, _, names in os.walk(store.backend.root) for name in names]
    assert found["orphans"] == sum(name.startswith(".tmp-") for name in files)


def test_a_folder_that_was_just_made_is_not_sealed(tmp_path):
    for number in range(50):
        (tmp_path / str(number)).mkdir()
        assert sealed_size((tmp_path / str(number)).stat()) is None


def test_who_seals_late_seals_nothing_of_another(store, monkeypatch):
    """Another writer saves between this one's rename and its seal."""
    other, real = open_store(store.backend.root), os.utime

    def utime(place, *args, **options):
        if isinstance(place, str):
            monkeypatch.setattr("os.utime", real)
            other.save(KEY, "a longer value than the first")
        return real(place, *args, **options)

    monkeypatch.setattr("os.utime", utime)
    store.save(KEY, 1)
    assert seal_of(store) in (None, os.path.getsize(store.locate(KEY)))


@pytest.mark.parametrize("steps", [300, pytest.param(20_000, marks=pytest.mark.long)])
def test_counting_by_seals_is_counting(tmp_path, steps):
    store, chance = open_store(tmp_path / "s", max_size="1GB"), random.Random(7)
    for step in range(steps):
        key = f"T{chance.randrange(3)}()/{chance.randrange(20)}"
        what = chance.random()
        if what < 0.6:
            store.save(key, "x" * chance.randrange(2000), codec=chance.choice(["gzip", "raw"]))
        elif what < 0.8:
            store.delete(key)
        elif what < 0.85:
            store.gc(max_size=chance.randrange(20_000))
        elif what < 0.9 and key not in store.missing([key]):
            with open(store.locate(key), "r+b") as file:  # not seen from outside, until somebody reads it
                file.seek(30)
                file.write(b"other")
            with pytest.warns(UserWarning, match="counts as absent"), pytest.raises(KeyError):
                store.load(key)
        if step % 10 == 0:
            entries = list(store.backend.scan())
            found = store.stat()
            assert (found["entries"], found["bytes"]) == (len(entries), sum(info.size for info in entries))
            assert store.backend.tally() == found["bytes"]


def test_many_keys_are_asked_for_at_once(store):
    kept = [f"{name}/{number}" for name in ("A()", "x/y", "é" * 300) for number in range(60)]
    for number, key in enumerate(kept):
        store.save(key, number, codec="raw" if number % 2 else "gzip")
    others = [f"{name}/{number}" for name in ("A()", "Nobody()") for number in range(100, 160)]
    assert store.missing([*kept, *others]) == set(others)


def test_a_listing_outlives_removals(store):
    for number in range(200):
        store.save(f"T()/{number}", number)
    seen = set()
    for info in store.backend.scan():
        seen.add(info.key)
        assert store.backend.remove(info)
    assert len(seen) == 200
    assert store.stat()["entries"] == 0
