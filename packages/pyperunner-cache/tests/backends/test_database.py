from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from pyperunner_cache import CacheError, CacheWarning, ForeignStoreError, MissingEntryError, memoize, open_store

KEY = "T()/0123456789abcdef0123456789abcdef"


def keys_of_another_process(path):
    code = "import sys, pyperunner_cache as c; print(*(each['key'] for each in c.open_store(sys.argv[1]).entries()))"
    command = [sys.executable, "-c", code, f"sqlite:///{path}"]
    return set(subprocess.run(command, capture_output=True, text=True, check=True).stdout.split())


def delete(path):
    for name in ("", "-wal", "-shm"):
        if os.path.exists(path + name):
            os.unlink(path + name)


def delete_log(path):
    for name in ("-wal", "-shm"):
        os.unlink(path + name)


def replace(path):
    """Put another store's database in the place of this one."""
    with open_store(f"sqlite:///{path}.other") as other:
        other.save("other/0", 0)
    delete(path)
    os.rename(path + ".other", path)


def delete_folder(path):
    shutil.rmtree(os.path.dirname(path))


def empty(path):
    delete(path)
    open(path, "w").close()


@pytest.mark.parametrize("spoil", [delete, delete_log, replace, delete_folder, empty])
def test_a_save_that_said_done_is_there_for_the_next_process(tmp_path, spoil):
    path = str(tmp_path / "place" / "s.db")
    with open_store(f"sqlite:///{path}") as store:
        for number in range(3):
            store.save(f"old/{number}", 0)
            spoil(path)
            store.save(f"new/{number}", number)
            assert f"new/{number}" in keys_of_another_process(path)
            store.save(f"more/{number}", number)
            assert {f"new/{number}", f"more/{number}"} <= keys_of_another_process(path)


def test_what_was_deleted_is_missed(tmp_path):
    path = str(tmp_path / "s.db")
    with open_store(f"sqlite:///{path}") as store:
        store.save(KEY, 1)
        delete(path)
        assert store.missing([KEY]) == {KEY}
        assert not os.path.exists(path)
        replace(path)
        assert store.missing([KEY, "other/0"]) == {KEY}


ENTRIES = "CREATE TABLE entries (id, key, size, modified, used, data, extra)"
FOREIGN = {
    "newer": f"{ENTRIES}; CREATE TABLE more (x); PRAGMA user_version = 2",
    "newer, in a log": f"PRAGMA journal_mode = WAL; {ENTRIES}; PRAGMA user_version = 2",
    "another program": "CREATE TABLE bookmarks (x)",
    "another program with a version": "CREATE TABLE bookmarks (x); PRAGMA user_version = 77",
    "another program with our version": "CREATE TABLE bookmarks (x); PRAGMA user_version = 1",
    "another program with a table of our name": "CREATE TABLE entries (id, title); PRAGMA user_version = 1",
    "another program without tables": "PRAGMA user_version = 3",
}


def facts(path):
    with closing(sqlite3.connect(path)) as database:
        asked = ("PRAGMA user_version", "PRAGMA journal_mode", "SELECT name, sql FROM sqlite_master")
        return [database.execute(statement).fetchall() for statement in asked]


@pytest.mark.parametrize("what", FOREIGN)
def test_a_database_that_is_not_ours_or_newer_is_left_as_it_is(tmp_path, what):
    path = str(tmp_path / "x.db")
    with closing(sqlite3.connect(path)) as database:
        database.executescript(FOREIGN[what])
    before, content = facts(path), (tmp_path / "x.db").read_bytes()
    uses = [
        lambda store: store.missing([KEY]),
        lambda store: store.load(KEY),
        lambda store: store.meta(KEY),
        lambda store: store.save(KEY, 1),
        lambda store: store.save(KEY, bytes(1_000_000), codec="raw"),
        lambda store: store.delete(KEY),
        lambda store: store.stat(),
        lambda store: store.gc(max_age=0),
        lambda store: store.clear(),
        lambda store: store.verify(),
        lambda store: store.probe(),
    ]
    for use in uses:
        with open_store(f"sqlite:///{path}") as store, pytest.raises(ForeignStoreError) as caught:
            use(store)
        assert path in str(caught.value)
        assert ("newer release" if what.startswith("newer") else "another program") in str(caught.value)
    with open_store(f"sqlite:///{path}") as store, pytest.warns(CacheWarning, match="left as it is") as warned:
        assert memoize(store)(lambda x: x + 1)(1) == 2
    assert len(warned) == 1
    assert facts(path) == before
    assert (tmp_path / "x.db").read_bytes() == content


@pytest.mark.skipif(sys.version_info < (3, 12), reason="needs a way to close without a checkpoint")
def test_a_log_that_a_newer_release_left_behind_stays(tmp_path):
    with closing(sqlite3.connect(tmp_path / "made.db")) as database:
        database.executescript(f"PRAGMA journal_mode = WAL; {ENTRIES}; PRAGMA user_version = 2; PRAGMA wal_checkpoint;")
        database.execute("CREATE TABLE more (x)")
        for name in ("x.db", "x.db-wal"):
            shutil.copy(tmp_path / name.replace("x", "made", 1), tmp_path / name)
    content = [(tmp_path / name).read_bytes() for name in ("x.db", "x.db-wal")]
    with open_store(f"sqlite:///{tmp_path}/x.db") as store, pytest.raises(ForeignStoreError):
        store.missing([KEY])
    assert [(tmp_path / name).read_bytes() for name in ("x.db", "x.db-wal")] == content


def test_a_newer_database_that_takes_our_place_is_noticed(tmp_path):
    path = str(tmp_path / "x.db")
    with open_store(f"sqlite:///{path}") as store:
        store.save(KEY, 1)
        delete(path)
        with closing(sqlite3.connect(path)) as database:
            database.executescript(FOREIGN["newer"])
        with pytest.raises(ForeignStoreError):
            store.save(KEY, 2)


def test_a_look_makes_nothing_of_an_empty_file(tmp_path):
    path = tmp_path / "x.db"
    path.touch()
    with open_store(f"sqlite:///{path}") as store:
        assert store.missing([KEY]) == {KEY}
        assert path.stat().st_size == 0
        store.save(KEY, 1)
        assert store.load(KEY) == 1


BAD = {
    "key": ["'text'", "x'ff'", "x'6162'", "x''", "3", "'T()/text'"],
    "size": ["'many'", "x'00'", "-1.5"],
    "modified": ["'yesterday'", "x'00'"],
    "used": ["'never'", "x'00'"],
    "data": ["'text'", "3", "x''", "1.5"],
}


@pytest.mark.filterwarnings("ignore::pyperunner_cache.DamagedEntryWarning")
@pytest.mark.parametrize(("column", "value"), [(column, value) for column, values in BAD.items() for value in values])
def test_one_bad_row_breaks_nothing(tmp_path, column, value):
    path = str(tmp_path / "x.db")
    with open_store(f"sqlite:///{path}") as store:
        for number in range(3):
            store.save(f"T()/{number}", number)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(f"UPDATE entries SET {column} = {value} WHERE key = CAST('T()/1' AS BLOB)")
        stat = store.stat()
        assert stat["entries"] + stat["orphans"] == 3
        assert {"T()/0", "T()/2"} <= {entry["key"] for entry in store.entries()}
        store.verify()
        with contextlib.suppress(MissingEntryError):
            assert store.load("T()/1") == 1
        store.gc(max_size="1GB", max_age="1h")
        stat = store.stat()
        assert stat["orphans"] == stat["aside"] == 0
        for number in range(3):
            if number == 1:
                store.save("T()/1", 1)
            assert store.load(f"T()/{number}") == number
        assert store.clear() == 3
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM entries").fetchone() == (0,)


def test_clear_takes_bad_rows_along(tmp_path):
    path = str(tmp_path / "x.db")
    with open_store(f"sqlite:///{path}") as store:
        store.save(KEY, 1)
        with closing(sqlite3.connect(path)) as database, database:
            database.execute("UPDATE entries SET size = 'many', key = 3")
        store.clear()
        with closing(sqlite3.connect(path)) as database:
            assert database.execute("SELECT count(*) FROM entries").fetchone() == (0,)


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="needs /proc")
@pytest.mark.parametrize("content", ["no database", "of others"])
def test_what_is_refused_is_closed(tmp_path, content):
    """The connection stayed open for as long as somebody kept the error."""
    place = tmp_path / "x.db"
    place.write_bytes(b"no database at all" * 100)
    if content == "of others":
        place.unlink()
        with closing(sqlite3.connect(place)) as database:
            database.execute("CREATE TABLE theirs (x)")
    store = open_store(f"sqlite:///{place}")
    with pytest.raises(CacheError) as caught:
        store.missing(["T()/1"])
    assert caught.tb  # which knows every frame
    assert str(place) not in {os.path.realpath(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd")}
