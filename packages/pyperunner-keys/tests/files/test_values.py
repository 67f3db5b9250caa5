"""Files and folders as values: what counts, what is remembered, what is noted."""

from __future__ import annotations

import copy
import json
import os
import pickle
import time

import pytest

from pyperunner_keys import (
    File,
    FileError,
    FileState,
    Folder,
    UnencodableError,
    digest,
    digest_files,
    look,
    look_ahead,
    note,
    recording,
)
from pyperunner_keys.files import contents as memory


@pytest.fixture
def reads(monkeypatch):
    """Paths of the files that are really read, in order; nothing is remembered from other tests."""
    found = []
    real = memory.read_file

    def read(place, name):
        found.append(os.path.basename(place))
        return real(place, name)

    monkeypatch.setattr(memory, "read_file", read)
    monkeypatch.setattr(memory, "_remembered", {})
    return found


@pytest.fixture
def disk_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "pyperunner" / "files-1.sqlite"


@pytest.fixture
def settled(monkeypatch):
    """Let a file that was just written count as one that has been at rest."""
    monkeypatch.setattr(memory.read_file.__globals__["time"], "time_ns", lambda: int((time.time() + 10) * 1e9))
    monkeypatch.setattr("pyperunner_keys.files.signatures.times_tell", lambda fd: True)


def write(path, text="content"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return File(path)


def test_a_file_counts_by_content_alone(tmp_path):
    first, copied, other = (write(tmp_path / name, text) for name, text in (("a", "x"), ("b/c.txt", "x"), ("d", "y")))
    assert digest(first) == digest(copied) != digest(other)
    assert digest({"in": [first, (1, {"x": first})]}) == digest({"in": [copied, (1, {"x": copied})]})
    assert digest(first) != digest(first.digest())
    assert digest({first, other}) == digest({other, copied})


def test_it_is_a_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "sub" / "a.txt", "hello")
    file = File("sub/a.txt")
    assert (file.path, os.fspath(file), str(file)) == ("sub/a.txt", str(tmp_path / "sub" / "a.txt"), os.fspath(file))
    monkeypatch.chdir(tmp_path / "sub")
    with open(file) as opened:
        assert opened.read() == "hello"
    assert repr(file) == "File('sub/a.txt')"
    for twin in (copy.deepcopy(file), pickle.loads(pickle.dumps(file))):
        assert twin == file
        assert hash(twin) == hash(file)
        assert twin.path == "sub/a.txt"
    assert file != Folder("sub/a.txt")
    folder = Folder(tmp_path, "*.csv")
    assert pickle.loads(pickle.dumps(folder)) == folder != Folder(tmp_path)
    assert repr(folder) == f"Folder({str(tmp_path)!r}, glob='*.csv')"


@pytest.mark.parametrize("bad", ["", "/etc/*", "../*", "a/../b", "a//b", "./a"])
def test_a_pattern_stays_below_the_folder(bad):
    with pytest.raises(ValueError, match="not a pattern"):
        Folder("x", bad)


def test_a_path_is_text():
    with pytest.raises(TypeError, match="bytes"):
        File(b"x")
    with pytest.raises(TypeError):
        type("Mine", (File,), {})


def test_what_is_at_rest_is_read_once(tmp_path, reads, disk_cache, settled):
    file = write(tmp_path / "a")
    before = file.digest()
    assert [file.digest(), File(tmp_path / "a").digest()] == [before] * 2
    memory._remembered.clear()  # as in another process
    assert file.digest() == before
    assert reads == ["a"]
    disk_cache.unlink()
    memory._remembered.clear()
    assert file.digest() == before
    assert reads == ["a", "a"]


def test_what_has_just_changed_is_read_each_time(tmp_path, reads, disk_cache):
    file = write(tmp_path / "a", "1234")
    before, status = file.digest(), os.stat(file)
    # The same size, the same modification time, the same inode, and within the clock's grain.
    with open(file, "r+") as opened:
        opened.write("4321")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert file.digest() != before
    assert len(reads) == 2
    assert not disk_cache.exists()


def test_an_old_time_on_new_content_does_not_deceive(tmp_path, reads, disk_cache, settled):
    file = write(tmp_path / "a", "1234")
    before, status = file.digest(), os.stat(file)
    time.sleep(0.02)  # the clock's grain
    with open(file, "r+") as opened:
        opened.write("4321")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert (os.stat(file).st_mtime_ns, os.stat(file).st_ino) == (status.st_mtime_ns, status.st_ino)
    assert file.digest() != before
    other = write(tmp_path / "b", "5678")
    os.replace(other, file)
    assert file.digest() == digest_of("5678", tmp_path)


def digest_of(text, tmp_path):
    return write(tmp_path / "fresh" / text, text).digest()


@pytest.mark.parametrize(
    ("make", "message", "absent"),
    [
        (lambda path: None, "File x: there is no such file", True),
        (lambda path: path.mkdir(), r"File x: it is a folder; write Folder\(…\)", False),
        (lambda path: os.mkfifo(path), "it is a device or pipe", False),
        (lambda path: os.symlink("nowhere", path), "there is no such file", True),
        (lambda path: os.symlink("x", path), "symbolic links", False),
    ],
    ids=["missing", "folder", "pipe", "dangling", "loop"],
)
def test_what_is_no_file_is_said(tmp_path, monkeypatch, make, message, absent):
    monkeypatch.chdir(tmp_path)
    make(tmp_path / "x")
    with pytest.raises(FileError, match=message) as caught:
        File("x").digest()
    assert caught.value.absent is absent
    assert isinstance(caught.value, OSError)
    twin = pickle.loads(pickle.dumps(caught.value))
    assert (str(twin), twin.file) == (str(caught.value), "x")


def test_the_place_inside_a_value_is_said(tmp_path):
    with pytest.raises(UnencodableError, match=r"at \['a'\]\[1\]: File .*gone: there is no such file") as caught:
        digest({"a": [1, File(tmp_path / "gone")]})
    assert caught.value.file == str(tmp_path / "gone")


def test_a_path_that_no_file_can_have():
    with pytest.raises(FileError, match="null"):
        File("a\0b").digest()


@pytest.fixture
def nobody():
    """Be a user whom permissions concern."""
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield
    os.seteuid(user)


def test_an_unreadable_file_is_said(nobody):
    with pytest.raises(FileError, match="permission denied"):
        File("/etc/shadow").digest()


def test_a_folder_counts_by_names_and_contents(tmp_path):
    for place in ("one", "two"):
        write(tmp_path / place / "a.csv", "1")
        write(tmp_path / place / "sub" / "b.csv", "2")
    one, two = Folder(tmp_path / "one"), Folder(tmp_path / "two")
    assert digest(one) == digest(two)
    seen = {digest(two)}
    (tmp_path / "two/empty").mkdir()
    assert digest(two) in seen
    for change in (
        lambda: (tmp_path / "two/a.csv").write_text("3"),
        lambda: (tmp_path / "two/a.csv").rename(tmp_path / "two/c.csv"),
        lambda: (tmp_path / "two/.hidden").write_text(""),
        lambda: (tmp_path / "two/sub/b.csv").unlink(),
        lambda: os.symlink("nowhere", tmp_path / "two/link"),
    ):
        change()
        assert digest(two) not in seen
        seen.add(digest(two))
    assert digest(one) != digest(File(tmp_path / "one/a.csv"))


@pytest.mark.parametrize(
    ("glob", "names"),
    [
        ("*", "a.csv b.txt"),
        ("*.csv", "a.csv"),
        ("**/*.csv", "a.csv s/c.csv s/t/d.csv"),
        ("**", "a.csv b.txt s/.h s/c.csv s/t/d.csv"),
        ("s/**", "s/.h s/c.csv s/t/d.csv"),
        ("*/*", "s/.h s/c.csv"),
        ("s/[bc].csv", "s/c.csv"),
        ("**/t/*", "s/t/d.csv"),
        ("?.txt", "b.txt"),
        ("nothing/*", ""),
    ],
)
def test_patterns(tmp_path, glob, names):
    for name in ("a.csv", "b.txt", "s/c.csv", "s/.h", "s/t/d.csv"):
        write(tmp_path / name)
    found = [os.path.relpath(place, tmp_path) for place in Folder(tmp_path, glob).files()]
    assert found == names.split()
    assert all(Folder(tmp_path, glob).covers(os.path.realpath(tmp_path / name)) for name in found)
    assert not Folder(tmp_path, glob).covers(os.path.realpath(tmp_path.parent / "x.csv"))


def test_what_does_not_match_is_not_looked_at(tmp_path, reads, disk_cache):
    folder = Folder(tmp_path / "in", "*.csv")
    write(tmp_path / "in/a.csv")
    write(tmp_path / "in/b.txt")
    os.mkfifo(tmp_path / "in/pipe.csv")
    folder.digest()
    assert reads == ["a.csv"]


def test_links_lead_to_what_counts_and_loops_end(tmp_path):
    write(tmp_path / "real/sub/a", "1")
    (tmp_path / "in").mkdir()
    os.symlink(tmp_path / "real", tmp_path / "in/linked")
    os.symlink(tmp_path / "in", tmp_path / "real/back")
    folder = Folder(tmp_path / "in")
    assert [os.path.relpath(place, tmp_path / "in") for place in folder.files()] == ["linked/sub/a"]
    assert folder.covers(os.path.realpath(tmp_path / "real/sub/a"))
    assert not folder.covers(os.path.realpath(tmp_path / "real/sub/b"))
    assert not Folder(tmp_path / "gone").covers(os.path.realpath(tmp_path / "real/sub/a"))
    before = folder.digest()
    write(tmp_path / "real/sub/a", "2")
    assert folder.digest() != before


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.write_text("")], ids=["missing", "file"])
def test_what_is_no_folder_is_said(tmp_path, make):
    make(tmp_path / "x")
    with pytest.raises(FileError, match=r"no such folder|no folder; write File"):
        Folder(tmp_path / "x").digest()


def test_a_folder_at_rest_is_read_once(tmp_path, reads, disk_cache, settled):
    folder = Folder(tmp_path / "in")
    for name in ("a", "b", "c"):
        write(tmp_path / "in" / name, name)
    before = folder.digest()
    memory._remembered.clear()
    assert folder.digest() == before
    assert sorted(reads) == ["a", "b", "c"]
    write(tmp_path / "in/b", "other")
    assert folder.digest() != before
    assert sorted(reads) == ["a", "b", "b", "c"]


def test_a_folder_in_motion_is_not_remembered(tmp_path, reads, disk_cache):
    write(tmp_path / "in/a", "1")
    folder = Folder(tmp_path / "in")
    assert [folder.digest(), look(folder).signature] == [folder.digest(), ""]
    assert reads == ["a"] * 3


def test_many_are_read_ahead_with_two_trips(tmp_path, reads, disk_cache, settled, monkeypatch):
    files = [write(tmp_path / name, name) for name in "abc"]
    known = files[0].digest()
    memory._remembered.clear()
    trips = []

    class Counted(memory.DiskCache):
        def get(self, signatures):
            trips.append("get")
            return super().get(signatures)

        def put(self, rows):
            trips.append("put")
            super().put(rows)

    monkeypatch.setattr(memory, "DiskCache", Counted)
    look_ahead([*files, File(tmp_path / "gone"), File(tmp_path), Folder(tmp_path)])
    assert trips == ["get", "put"]
    assert [file.digest() for file in files] == [known, files[1].digest(), files[2].digest()]
    assert reads == ["a", "b", "c"]
    assert trips == ["get", "put"]
    look_ahead(files)
    assert trips == ["get", "put"]


def test_a_state_tells_what_became_of_it(tmp_path, monkeypatch, settled):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in/a", "1")
    file, folder = look(File("in/a")), look(Folder("in"))
    os.utime("in/a")
    assert [file.fault(), folder.fault()] == [None, None]
    write(tmp_path / "in/a", "2")
    assert [file.fault(), folder.fault()] == ["File in/a changed", "Folder in changed"]
    os.unlink("in/a")
    assert [file.fault(), folder.fault()] == ["File in/a is gone", "Folder in changed"]
    os.rmdir("in")
    assert folder.fault() == "Folder in is gone"


def test_a_state_at_rest_costs_no_read(tmp_path, reads, disk_cache, settled):
    state = look(write(tmp_path / "a"))
    assert state.fault() is None
    assert reads == ["a"]


def test_a_state_travels_as_builtins(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "in/a", "1")
    for item in (File("in/a"), Folder("in", "*")):
        state = look(item)
        monkeypatch.chdir("/")
        twin = FileState.of(json.loads(json.dumps(state.record())))
        assert (twin.item, twin.item.path, twin.digest) == (item, item.path, state.digest)
        assert twin.fault() is None
        monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("record", [{}, {"path": "a", "place": "/a"}, {"path": "a", "place": 1, "digest": ""}])
def test_what_is_no_state_is_refused(record):
    with pytest.raises(ValueError, match="no record"):
        FileState.of(record)


def test_digest_files_lists_what_it_met(tmp_path):
    first, second = write(tmp_path / "a", "1"), write(tmp_path / "b", "2")
    value = {"x": [first, {second}], "y": Folder(tmp_path), "z": 1}
    found, states = digest_files(value)
    assert found == digest(value)
    assert {state.item for state in states} == {first, second, Folder(tmp_path)}
    assert all(state.digest == state.item.digest() for state in states)
    assert digest_files([1])[1] == []
    missing = File(tmp_path / "missing")
    (state,) = digest_files([missing], read=False)[1]
    assert (state.item, state.digest) == (missing, "")


def test_recording_notes_what_is_pickled(tmp_path):
    class Holder:
        pass

    file = write(tmp_path / "a", "1")
    plain = pickle.dumps([file])
    with recording() as found:
        first = pickle.dumps([file])
    assert [(state.item, state.digest) for state in found] == [(file, file.digest())]
    assert pickle.loads(first) == pickle.loads(plain) == [file]
    write(tmp_path / "a", "2")
    with recording():
        assert pickle.dumps([file]) != first
    assert pickle.dumps([file]) == plain


def test_recording_notes_what_it_is_told_and_no_mere_question(tmp_path, settled):
    states = [FileState(item, item.digest(), "") for item in (write(tmp_path / "a", "1"), write(tmp_path / "b", "2"))]
    write(tmp_path / "b", "3")
    with recording() as found:
        assert [state.fault() is None for state in states] == [True, False]
        assert found == []
        note(states[0].recheck())
    assert [(state.item, state.digest) for state in found] == [(states[0].item, states[0].digest)]
    assert found[0].signature


def test_a_file_that_never_rests_is_refused(tmp_path, monkeypatch):
    file = write(tmp_path / "a")

    def disturbed(readinto):
        with open(file, "a") as opened:
            opened.write("more")
        return ""

    monkeypatch.setitem(memory.read_file.__globals__, "_digest", disturbed)
    with pytest.raises(FileError, match="keeps changing"):
        file.digest()


@pytest.mark.parametrize("given", ["sub/x.csv", None])
def test_what_was_moved_with_the_current_folder_is_found_and_compared(tmp_path, monkeypatch, given):
    project = tmp_path / "project"
    (project / "sub").mkdir(parents=True)
    (project / "sub" / "x.csv").write_text("1")
    monkeypatch.chdir(project)
    known = look(File(given or project / "sub" / "x.csv")).record()
    folder = look(Folder("sub")).record()
    monkeypatch.chdir(tmp_path)
    project.rename(tmp_path / "renamed")
    assert FileState.of(known).fault().endswith("is gone")
    monkeypatch.chdir(tmp_path / "renamed")
    found = FileState.of(known)
    assert found.fault() is None
    assert os.fspath(found.item) == str(tmp_path / "renamed" / "sub" / "x.csv")
    assert found.item.path == (given or os.fspath(found.item))
    assert FileState.of(folder).fault() is None
    (tmp_path / "renamed" / "sub" / "x.csv").write_text("2")
    assert FileState.of(known).fault().endswith("changed")
    assert FileState.of(folder).fault() == "Folder sub changed"
