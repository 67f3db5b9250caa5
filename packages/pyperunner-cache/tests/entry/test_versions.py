"""A signed entry is the latest version of its key in its store; a copy of another one is none."""

from __future__ import annotations

import contextlib
import os
import shutil
import threading
import time

import pytest

from pyperunner_cache import BadURLError, DamagedEntryWarning, MissingEntryError, open_store
from pyperunner_cache.codecs.gzip import GzipCodec
from pyperunner_cache.entry.draft import Draft
from pyperunner_cache.entry.signing import SigningKey
from pyperunner_cache.entry.versions import STORE, record_of
from pyperunner_cache.values.pack import pack

KEY, OTHER = "T()/0123456789abcdef0123456789abcdef", "U()/1"
URLS = ["{}/s", "sqlite:///{}/s.db", "memory://"]


@pytest.fixture(params=URLS)
def store(request, tmp_path):
    with open_store(request.param.format(tmp_path), signing_key="env:STORE_KEY") as store:
        yield store


def content(store, key=KEY):
    blob = store.backend.get(key)
    try:
        return bytes(blob.read(0, blob.size))
    finally:
        blob.close()


def put(store, content, key=KEY):
    store.backend.put(key, [content], "result.dump.gz")


def a_miss(store, match, key=KEY):
    assert match in store.unusable([key])[key]
    with pytest.warns(DamagedEntryWarning, match=match), pytest.raises(MissingEntryError):
        store.load(key)
    assert key in store  # it is left where it is


def test_an_older_version_that_was_put_back_is_a_miss(store):
    store.save(KEY, 1)
    first = content(store)
    store.save(KEY, 2)
    assert (store.load(KEY), store.unusable([KEY])) == (2, {})
    put(store, first)
    a_miss(store, "older version")
    store.save(KEY, 3)
    assert store.load(KEY) == 3


def test_an_entry_of_another_store_with_the_same_key_is_a_miss(store, tmp_path):
    with open_store(tmp_path / "elsewhere", signing_key="env:STORE_KEY") as elsewhere:
        for _ in range(3):
            elsewhere.save(KEY, "foreign")
        elsewhere.save(OTHER, "foreign")
        store.save(KEY, "own")
        put(store, content(elsewhere))
        a_miss(store, "another store")
        put(store, content(elsewhere, OTHER), OTHER)
        a_miss(store, "which version", OTHER)


def test_what_is_said_of_versions_is_signed(store, tmp_path):
    store.save(KEY, 1)
    first, counted = content(store), content(store, record_of(KEY))
    store.save(KEY, 2)
    store.save(OTHER, 1)
    for planted in (b"", bytes(40), counted[:-1] + b"x", content(store, record_of(OTHER))):
        put(store, first)
        store.backend.put(record_of(KEY), [planted], "result.dump.gz")
        a_miss(store, "which version")
    store.backend.delete(record_of(KEY))
    a_miss(store, "which version")


def test_an_entry_signed_by_an_earlier_release_is_read_until_it_is_saved_anew(store):
    old = b"".join(Draft(KEY, pack("old"), GzipCodec(), {}, SigningKey(b"secret one")).chunks())
    put(store, old)
    assert (store.load(KEY), store.unusable([KEY])) == ("old", {})
    store.save(KEY, "new")
    put(store, old)
    a_miss(store, "older version")


def test_a_moved_store_is_the_same_store(tmp_path):
    with open_store(tmp_path / "s", signing_key="env:STORE_KEY") as store:
        store.save(KEY, 1)
    shutil.move(tmp_path / "s", tmp_path / "t")
    with open_store(tmp_path / "t", signing_key="env:STORE_KEY") as store:
        assert store.load(KEY) == 1


def test_what_a_store_keeps_for_itself_is_no_entry(store):
    for number in range(3):
        store.save(KEY, number)
    store.alias(OTHER, KEY)
    assert store.load(OTHER) == 2
    assert {entry["key"] for entry in store.entries()} == {KEY, OTHER}
    assert store.stat()["entries"] == 2
    assert store.verify() == {"checked": 2, "damaged": {}}
    store.delete(OTHER)
    assert store.backend.missing([record_of(OTHER)])
    store.gc(max_size=0)
    assert store.clear() == 0
    assert not store.backend.missing([STORE])
    assert store.backend.missing([record_of(KEY)])
    store.save(KEY, 4)
    assert store.load(KEY) == 4


def test_an_unsigned_store_keeps_nothing_for_itself(tmp_path):
    with open_store(tmp_path / "s") as store:
        store.save(KEY, 1)
    assert os.listdir(tmp_path / "s") == ["T()"]


@pytest.mark.parametrize("blank", [" ", "\t \n", "\x01\x01"])
def test_a_blank_key_is_refused(tmp_path, monkeypatch, blank):
    monkeypatch.setenv("BLANK", blank)
    (tmp_path / "key").write_text(blank)
    for reference in ("env:BLANK", f"file:{tmp_path}/key"):
        with pytest.raises(BadURLError, match=r"blank|empty"):
            open_store(tmp_path / "s", signing_key=reference)


def test_the_plan_does_not_count_what_is_not_signed(tmp_path):
    with open_store(tmp_path / "s") as plain:
        plain.save(KEY, 1)
        assert plain.unusable([KEY]) == {}
    with open_store(tmp_path / "s", signing_key="env:STORE_KEY") as signed:
        assert "not signed" in signed.unusable([KEY])[KEY]
        assert signed.unusable([OTHER]) == {OTHER: "it is gone"}


def test_an_older_version_is_a_miss_after_its_count_has_gone_too(store):
    store.save(KEY, 1)
    first = content(store)
    store.save(KEY, 2)
    store.clear()
    assert store.backend.missing([record_of(KEY)])
    store.save(KEY, 3)
    put(store, first)
    a_miss(store, "older version")


def test_a_clock_that_goes_back_makes_no_older_version(store, monkeypatch):
    now = time.time_ns()
    for value, at in enumerate([now, now - 10**15, now - 10**15]):
        monkeypatch.setattr(time, "time_ns", lambda at=at: at)
        store.save(KEY, value)
        assert store.load(KEY) == value


def test_saves_of_a_key_at_one_time_lose_nothing(store, monkeypatch):
    """One that has taken its number puts its entry between the entry and the number of another one."""
    versions, put, note = store._policy.versions, store.backend.put, store._policy.versions.note
    has_put, may_note, noted = threading.Event(), threading.Event(), []
    other = threading.Thread(target=lambda: [store.save(KEY, number) for number in (1, 2)])

    def put_between(key, chunks, filename):
        if key == KEY and threading.current_thread() is not other:
            other.start()
            has_put.wait(0.1)
        return put(key, chunks, filename)

    def note_late(key, count):
        if threading.current_thread() is other and len(noted) == 1:
            has_put.set()
            may_note.wait(0.1)
        if threading.current_thread() is other:
            noted.append(count)
        note(key, count)
        if threading.current_thread() is not other:
            may_note.set()

    monkeypatch.setattr(store.backend, "put", put_between)
    monkeypatch.setattr(versions, "note", note_late)
    store.save(KEY, 0)
    other.join()
    assert store.load(KEY) == 2


@pytest.mark.parametrize("moment", ["locked", "unlocked"])
def test_a_save_at_the_edge_of_the_lock_waits_for_none(store, monkeypatch, moment):
    """A signal's handler may come when the lock is taken and nobody has noted it yet, or before it is given back."""
    lock, todo, asked = store.backend.lock, ["inner"], []

    def lock_and_save(key, timeout=None):
        asked.append(key)

        @contextlib.contextmanager
        def locking():
            with lock(key, 2.0):
                if (key, moment) == (record_of(KEY), "locked") and todo:
                    store.save(KEY, todo.pop())
                yield
                if (key, moment) == (record_of(KEY), "unlocked") and todo:
                    store.save(KEY, todo.pop())

        return locking()

    monkeypatch.setattr(store.backend, "lock", lock_and_save)
    store.save(KEY, "outer")
    assert (todo, asked.count(record_of(KEY))) == ([], 1)
    assert store.load(KEY) == ("outer" if moment == "locked" else "inner")


def test_a_save_inside_a_save_of_its_key_waits_for_none(store, monkeypatch):
    """As a signal's handler makes it."""
    put, inner = store.backend.put, ["inner"]

    def put_and_save(key, chunks, filename):
        if key == KEY and inner:
            store.save(KEY, inner.pop())
        return put(key, chunks, filename)

    monkeypatch.setattr(store.backend, "put", put_and_save)
    store.save(KEY, "outer")
    assert not inner
    store.save(KEY, "after")
    assert store.load(KEY) == "after"
