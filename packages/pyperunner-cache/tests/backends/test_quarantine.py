from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest


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


@pytest.mark.skipif(sys.platform == "win32", reason="needs symbolic links and pipes")
@pytest.mark.parametrize("kind", ["link", "link to nothing", "pipe", "file"])
def test_what_lies_in_the_place_of_the_folder_is_left_alone(store, tmp_path, kind):
    """Who may write the store could have a link there: files of whoever reads it would be removed through it."""
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    for number in range(30):
        (theirs / str(number)).write_text("precious")
    store.save("T()/1", 1)
    place = Path(store.backend.root, ".quarantine")
    {
        "link": lambda: place.symlink_to(theirs),
        "link to nothing": lambda: place.symlink_to(tmp_path / "nothing"),
        "pipe": lambda: os.mkfifo(place),
        "file": lambda: place.write_text("precious"),
    }[kind]()
    Path(store.locate("T()/1")).write_bytes(b"broken")
    with pytest.warns(UserWarning, match="counts as absent"), pytest.raises(KeyError):
        store.load("T()/1")
    assert store.stat()["aside"] == 0
    store.gc()
    store.clear()
    assert len(os.listdir(theirs)) == 30
    assert os.path.lexists(place)
    store.save("T()/1", 2)
    assert store.load("T()/1") == 2


def test_a_folder_that_was_set_aside_is_swept(store):
    store.save("T()/1", 1)
    path = Path(store.locate("T()/1"))
    path.unlink()
    (path / "inside").mkdir(parents=True)
    with pytest.warns(UserWarning, match="set aside as"), pytest.raises(KeyError):
        store.load("T()/1")
    assert store.stat()["aside"] == 1
    assert store.gc()["orphans"] == 1
    assert store.stat()["aside"] == 0
