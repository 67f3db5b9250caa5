from __future__ import annotations

import os
import socket
import stat
import sys

import pytest

from pyperunner_cache import Cache, open_store
from pyperunner_cache.backends.file import FileBackend
from pyperunner_cache.testing import BackendContract


class TestFileBackend(BackendContract):
    @pytest.fixture
    def url(self, tmp_path):
        return f"{tmp_path}/store"


def test_of_many_keys_those_without_an_entry_are_missing(tmp_path):
    """Whether the name, the entry, or the whole store is not there; odd names are found among the folders."""
    store = open_store(tmp_path / "store")
    keys = [f"T({number}/ü)/{'0' * 32}" for number in range(300)]
    assert store.missing(keys) == set(keys)
    assert not (tmp_path / "store").exists()
    for key in keys[:200]:
        store.save(key, 1)
    other = f"T(0/ü)/{'1' * 32}"
    assert store.missing([*keys, other]) == {*keys[200:], other}


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links, pipes and sockets")
@pytest.mark.parametrize("name", [".usage", ".lock"])
@pytest.mark.parametrize("kind", ["link", "pipe", "socket"])
def test_what_is_planted_for_the_stores_own_files_goes(tmp_path, monkeypatch, name, kind):
    """A pipe for the ledger made every save fail."""
    store = open_store(tmp_path / "s", max_size="1GB")
    store.save("T()/1", 1)
    place, theirs = tmp_path / "s" / name, tmp_path / "theirs"
    theirs.write_text("precious")
    place.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX) as planted:
        if kind == "socket":
            monkeypatch.chdir(place.parent)  # a long path is none for a socket
            planted.bind(name)
        else:
            place.symlink_to(theirs) if kind == "link" else os.mkfifo(place)
        store.save("T()/2", 2)
        with store.lock("T()/2", 5):
            pass
        store.gc()
    assert (store.load("T()/1"), store.load("T()/2")) == (1, 2)
    assert stat.S_ISREG(place.lstat().st_mode) or kind == "pipe"
    assert theirs.read_text() == "precious"


def test_a_subclass_that_puts_in_another_way_does_so_with_all(tmp_path):
    """Plain entries went past it."""

    class Noting(FileBackend):
        def put(self, key, chunks, filename):
            noted.append(key)
            return super().put(key, chunks, filename)

    noted = []
    store = Cache(Noting(tmp_path))
    store.save("T()/1", 1)
    store.save("T()/2", {1, frozenset({2})})
    assert noted == ["T()/1", "T()/2"]
    assert store.load("T()/1") == 1
