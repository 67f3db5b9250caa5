"""The disk cache of digests: kept across processes, and worth nothing but time."""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pyperunner_keys.files.disk_cache import DiskCache, cache_file


@pytest.fixture
def file(tmp_path):
    return str(tmp_path / "deep" / "cache.sqlite")


def test_it_lies_in_the_cache_folder_of_the_user(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_file() == str(tmp_path / "pyperunner" / "files-1.sqlite")
    monkeypatch.setenv("HOME", str(tmp_path))
    for other in ("", "relative"):
        monkeypatch.setenv("XDG_CACHE_HOME", other)
        monkeypatch.delenv("LOCALAPPDATA", raising=False)
        assert cache_file() == str(tmp_path / ".cache" / "pyperunner" / "files-1.sqlite")


def test_without_a_home_there_is_none(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "relative")
    cache = DiskCache()
    cache.put([("/a", "1", "aa")])
    assert cache.get({"/a": "1"}) == {}
    assert not list(tmp_path.iterdir())


def test_it_gives_what_was_put_under_that_signature(file):
    DiskCache(file).put([("/a", "1", "aa"), ("/b", "2", "bb"), ("/\udcff", "3", "cc")])
    assert DiskCache(file).get({"/a": "1", "/b": "other", "/c": "1", "/\udcff": "3"}) == {"/a": "aa", "/\udcff": "cc"}
    DiskCache(file).put([("/a", "4", "dd")])
    assert DiskCache(file).get({"/a": "1"}) == {}
    assert DiskCache(file).get({"/a": "4"}) == {"/a": "dd"}
    assert os.stat(file).st_mode & 0o777 == 0o600
    assert os.stat(os.path.dirname(file)).st_mode & 0o777 == 0o700


def test_many_at_once(file):
    rows = [(f"/{number}", "s", str(number)) for number in range(1200)]
    DiskCache(file).put(rows)
    assert DiskCache(file).get({place: "s" for place, _, _ in rows}) == {place: digest for place, _, digest in rows}


def test_asking_makes_nothing(file):
    assert DiskCache(file).get({"/a": "1"}) == {}
    DiskCache(file).put([])
    assert not os.path.exists(os.path.dirname(file))


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000, b"SQLite format 3\0" + b"\xff" * 5000])
def test_damage_makes_it_empty_and_usable(file, content):
    os.makedirs(os.path.dirname(file))
    Path(file).write_bytes(content)
    os.chmod(file, 0o600)
    assert DiskCache(file).get({"/a": "1"}) == {}
    DiskCache(file).put([("/a", "1", "aa")])
    DiskCache(file).put([("/a", "1", "aa")])
    assert DiskCache(file).get({"/a": "1"}) == {"/a": "aa"}


def test_a_changed_row_is_not_believed(file):
    DiskCache(file).put([("/a", "1", "aa"), ("/b", "1", "bb")])
    with sqlite3.connect(file) as database:
        database.execute("UPDATE files SET digest = 'zz' WHERE place = ?", (b"/a",))
    database.close()
    assert DiskCache(file).get({"/a": "1", "/b": "1"}) == {"/b": "bb"}


def test_one_that_others_can_write_to_is_not_used(file):
    DiskCache(file).put([("/a", "1", "aa")])
    os.chmod(file, 0o620)
    assert DiskCache(file).get({"/a": "1"}) == {}
    DiskCache(file).put([("/b", "1", "bb")])
    os.chmod(file, 0o600)
    assert DiskCache(file).get({"/a": "1", "/b": "1"}) == {"/a": "aa"}


def test_one_that_has_grown_large_begins_anew(file, monkeypatch):
    DiskCache(file).put([("/a", "1", "aa")])
    monkeypatch.setattr("pyperunner_keys.files.disk_cache._LARGEST", 10)
    DiskCache(file).put([("/b", "1", "bb")])
    monkeypatch.undo()
    assert DiskCache(file).get({"/a": "1"}) == {}


def test_no_place_for_it_is_no_error(tmp_path):
    (tmp_path / "taken").write_text("")
    cache = DiskCache(str(tmp_path / "taken" / "cache.sqlite"))
    cache.put([("/a", "1", "aa")])
    assert cache.get({"/a": "1"}) == {}


def test_a_locked_one_is_not_waited_for_long(file, monkeypatch):
    monkeypatch.setattr("pyperunner_keys.files.disk_cache._PATIENCE_SECONDS", 0.05)
    DiskCache(file).put([("/a", "1", "aa")])
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert DiskCache(file).get({"/a": "1"}) == {}
    DiskCache(file).put([("/b", "1", "bb")])
    holder.execute("ROLLBACK")
    holder.close()
    assert DiskCache(file).get({"/a": "1", "/b": "1"}) == {"/a": "aa"}


def test_many_processes_share_it(file, python):
    program = (
        "import sys; from pyperunner_keys.files.disk_cache import DiskCache\n"
        "cache = DiskCache(sys.argv[1])\n"
        "for n in range(40): cache.put([(f'/{sys.argv[2]}/{n}', 's', 'd')]); cache.get({'/x': ''})"
    )
    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(lambda who: python("-c", program, file, who), range(4))] == [""] * 4
    places = {f"/{who}/{number}": "s" for who in range(4) for number in range(40)}
    assert len(DiskCache(file).get(places)) > 150  # one that had to wait too long forgets; none is wrong
    with sqlite3.connect(file) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    database.close()
