"""What has been saved anew between the look at an entry and its removal stays; each race is made to happen."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress

import pytest

from pyperunner_cache import DamagedEntryWarning, MissingEntryError, open_store
from pyperunner_cache.backends import removal

KEY = "T()/1"


@pytest.fixture
def meanwhile(monkeypatch):
    """Does something in the moment between a removal's look at a file and its move, once."""
    real = os.rename

    def arrange(action):
        todo = [action]

        def rename(source, target, **options):
            if todo and "result.dump" in str(source):
                todo.pop()()
            return real(source, target, **options)

        monkeypatch.setattr("os.rename", rename)

    return arrange


def test_a_file_replaced_before_the_look_stays(tmp_path):
    path = tmp_path / "file"
    path.write_text("old")
    found = removal.find_file(str(path))
    (tmp_path / "new").write_text("new")
    os.replace(tmp_path / "new", path)
    assert not found.remove()
    assert path.read_text() == "new"


@pytest.mark.parametrize("links", [True, False])
def test_a_file_replaced_after_the_look_is_put_back(store, tmp_path, meanwhile, monkeypatch, leftovers, links):
    if not links:
        monkeypatch.setattr("os.link", lambda *_args, **_options: (_ for _ in ()).throw(PermissionError(1, "no links")))
    store.save(KEY, "old")
    meanwhile(lambda: store.save(KEY, "new"))
    store.gc(max_size=0)
    assert store.load(KEY) == "new"
    assert leftovers(tmp_path / "store") == []


def test_a_newer_one_still_wins_over_what_is_put_back(store, meanwhile, monkeypatch, tmp_path, leftovers):
    store.save(KEY, "old")
    real = os.link

    def link(source, target, **options):
        store.save(KEY, "newest")
        return real(source, target, **options)

    monkeypatch.setattr("os.link", link)
    meanwhile(lambda: store.save(KEY, "new"))
    store.clear()
    assert store.load(KEY) == "newest"
    assert leftovers(tmp_path / "store") == []


def test_quarantine_takes_the_damaged_one_only(store, meanwhile):
    store.save(KEY, "old")
    path = store.locate(KEY)
    with open(path, "r+b") as file:
        file.truncate(100)
    meanwhile(lambda: store.save(KEY, "new"))
    with pytest.warns(DamagedEntryWarning), pytest.raises(MissingEntryError):
        store.load(KEY)
    assert store.load(KEY) == "new"
    assert store.stat()["aside"] == 0


@pytest.mark.parametrize("clean", [lambda store: store.gc(max_size=0), lambda store: store.clear("T()")])
def test_what_was_saved_since_the_listing_stays(any_store, monkeypatch, clean):
    any_store.save(KEY, "old")
    real = any_store.backend.remove

    def remove(info):
        any_store.save(KEY, "saved anew")
        return real(info)

    monkeypatch.setattr(any_store.backend, "remove", remove)
    clean(any_store)
    assert any_store.load(KEY) == "saved anew"


@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db", "memory://"])
def test_a_signed_entry_that_was_saved_while_a_store_is_cleared_keeps_its_count(tmp_path, monkeypatch, url):
    monkeypatch.setenv("STORE_KEY", "secret one, of sixteen bytes")
    with open_store(url.format(tmp_path), signing_key="env:STORE_KEY") as store:
        store.save(KEY, "old")
        remove = type(store.backend).remove

        def remove_late(backend, info):
            if info.key == KEY:
                store.save(KEY, "new")
            return remove(backend, info)

        monkeypatch.setattr(type(store.backend), "remove", remove_late)
        store.clear()
        assert store.load(KEY) == "new"


def test_two_codecs_leave_each_others_fresh_entry(tmp_path, monkeypatch):
    one, other = open_store(tmp_path / "s", codec="gzip"), open_store(tmp_path / "s", codec="raw")
    real = os.replace

    def replace(source, target):
        monkeypatch.setattr("os.replace", real)
        real(source, target)
        other.save(KEY, "raw")  # takes the place of the first one's entry before that one removes what it replaces

    monkeypatch.setattr("os.replace", replace)
    one.save(KEY, "gzip")
    assert one.load(KEY) in ("gzip", "raw")
    one.save(KEY, "later")
    assert other.load(KEY) == "later"
    assert one.delete(KEY)
    assert not one.delete(KEY)


@pytest.mark.parametrize("first", [10, 300_000])
def test_a_row_and_a_file_leave_each_other(tmp_path, monkeypatch, first):
    """A small value lies in a row, a large one in a file beside; the other kind is saved in between."""
    url = f"sqlite:///{tmp_path}/s.db"
    with open_store(url) as store, open_store(url) as other:
        store.save("T()/0", 0)
        value, late = os.urandom(first), os.urandom(300_010 - first)
        files, database = store.backend._files, store.backend._database
        put, using = files.put, database.using

        def put_then_save(key, chunks, filename):
            size = put(key, chunks, filename)
            other.save(KEY, late)
            return size

        @contextmanager
        def use_then_save(action, key, *, create):
            with using(action, key, create=create) as connection:
                yield connection
            if create:
                other.save(KEY, late)

        monkeypatch.setattr(*((files, "put", put_then_save) if first > 1000 else (database, "using", use_then_save)))
        store.save(KEY, value)
        assert other.load(KEY) in (value, late)


@pytest.mark.parametrize("rounds", [20, pytest.param(1000, marks=pytest.mark.long)])
@pytest.mark.parametrize("url", ["{}/s", "sqlite:///{}/s.db"])
@pytest.mark.filterwarnings("ignore:the entry")
def test_a_save_beside_the_quarantine_of_what_was_there_stays(tmp_path, url, rounds):
    with open_store(url.format(tmp_path)) as store, open_store(url.format(tmp_path)) as other:
        barrier = threading.Barrier(2)

        def save():
            for number in range(rounds):
                barrier.wait(60)
                other.save(KEY, number)
                barrier.wait(60)

        saving = threading.Thread(target=save)
        saving.start()
        lost = []
        for number in range(rounds):
            store.backend.put(KEY, [b"damaged"], "result.dump.gz")
            barrier.wait(60)
            with suppress(MissingEntryError):
                store.load(KEY)
            barrier.wait(60)
            lost += [number] if other.missing([KEY]) or other.load(KEY) != number else []
        saving.join()
    assert lost == []
