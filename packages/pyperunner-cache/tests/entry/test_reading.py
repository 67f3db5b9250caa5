"""What is decoded is what was checked, whoever may write the file meanwhile; and what others wrote runs no code."""

from __future__ import annotations

import os
import re
import warnings

import pytest

from pyperunner_cache import DamagedEntryWarning, MissingEntryError, UnsafeStoreWarning, open_store
from pyperunner_cache.entry import reading

KEY = "T()/0123456789abcdef0123456789abcdef"
GOOD, EVIL = b"good good good", b"evil evil evil"


def values(large):
    yield {"text": GOOD, "list": [1]}
    yield {"text": GOOD, "rest": bytearray(large)}
    yield {"text": GOOD * 10_000, "rest": bytearray(large), "more": bytearray(os.urandom(large))}


@pytest.mark.parametrize("codec", ["gzip", "raw"])
@pytest.mark.parametrize("opened", ["signed", "writable", "writable and safe"])
@pytest.mark.parametrize("size", [100, 300_000, 3_000_000])
@pytest.mark.parametrize("step", ["open_envelope", "_check_body", "payload_digest"])
def test_bytes_that_change_after_a_step_are_not_seen(tmp_path, monkeypatch, codec, opened, size, step):
    options = {"signed": {"signing_key": "env:STORE_KEY"}, "writable": {}, "writable and safe": {"trust": "safe"}}
    store = open_store(tmp_path / "s", codec=codec, **options[opened])
    for value in values(size):
        store.save(KEY, value)
        path = store.locate(KEY)
        if opened != "signed":
            os.chmod(path, 0o666)
        change_after(monkeypatch, step, path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DamagedEntryWarning)
                assert store.load(KEY) == value
        except MissingEntryError:
            assert step == "open_envelope"  # the body is read after that, and found to be another one
        monkeypatch.undo()
        monkeypatch.setenv("STORE_KEY", "secret one")


def change_after(monkeypatch, step, path):
    """Overwrite the whole body of a file after a step of reading it, in place, as who may write it could."""
    original = getattr(reading, step)

    def changing(*args):
        found = original(*args)
        with open(path, "r+b") as file:
            size = os.fstat(file.fileno()).st_size
            head, body = file.read(200), bytearray(file.read())
            body[: size - 400] = bytes(max(0, size - 400))
            file.seek(len(head))
            file.write(body)
        return found

    monkeypatch.setattr(reading, step, changing)


@pytest.mark.parametrize("codec", ["gzip", "raw"])
def test_a_file_of_ones_own_is_mapped_and_nobody_elses(tmp_path, codec, monkeypatch):
    from pyperunner_cache.entry.blobs import FileBlob

    mapped = []
    original = FileBlob.map
    monkeypatch.setattr(FileBlob, "map", lambda self: mapped.append(1) or original(self))
    store = open_store(tmp_path / "s", codec=codec)
    value = {"rest": bytearray(1 << 20)}
    store.save(KEY, value)
    assert store.load(KEY) == value
    assert len(mapped) == (codec == "raw")
    os.chmod(store.locate(KEY), 0o620)
    assert store.load(KEY) == value
    assert len(mapped) == (codec == "raw")


@pytest.mark.parametrize("number", range(4))
def test_below_a_folder_that_others_may_write_nothing_is_mapped(tmp_path, number):
    """They could put another file in its place; in sticky folders, such as those for temporary files, nobody can."""
    numpy = pytest.importorskip("numpy")
    store = open_store(tmp_path / "above" / "s", codec="raw")
    value = numpy.full(1 << 20, 7, dtype="uint8")
    store.save(KEY, value)
    path = store.locate(KEY)
    folder = path
    for _ in range(number + 1):
        folder = os.path.dirname(folder)

    def sees_changes():
        """Say whether a value that was loaded changes with the file."""
        loaded = store.load(KEY)
        with open(path, "r+b") as file:
            file.seek(500_000)
            file.write(bytes(100))
        seen = (loaded != value).any()
        store.save(KEY, value)
        return seen

    for mode, mapped in [(0o700, True), (0o770, False), (0o707, False), (0o1777, True)]:
        os.chmod(folder, mode)
        assert sees_changes() == mapped, oct(mode)


def test_a_body_is_not_read_before_its_size_is_allowed(tmp_path):
    big = open_store(tmp_path / "s", codec="raw", signing_key="env:STORE_KEY")
    big.save(KEY, bytearray(3_000_000))
    small = open_store(tmp_path / "s", signing_key="env:STORE_KEY", max_load=1000)
    with pytest.warns(DamagedEntryWarning, match="max_load"), pytest.raises(MissingEntryError):
        small.load(KEY)


URLS = ["{}/s", "sqlite:///{}/s.db"]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_pickle_that_others_may_have_written_is_not_executed(tmp_path, url, mode, evil, executed):
    url = url.format(tmp_path)
    with open_store(url) as store:
        store.save(KEY, evil)
        store.save("U()/1", {"plain": (1, 2)})
        store.save("V()/1", bytearray(1 << 20))  # in a file beside a database
    for folder, _, files in os.walk(tmp_path):
        for file in files:
            os.chmod(os.path.join(folder, file), mode)
    with open_store(url) as store:
        warned = pytest.warns(UnsafeStoreWarning, match=r"others may write .*trust='safe'.*shared=True")
        with warned, pytest.raises(MissingEntryError):
            store.load(KEY)
        assert not executed()
        assert KEY in store
        assert re.search("others may write", store.unusable([KEY, "U()/1", "V()/1"])[KEY])
        assert store.unusable(["U()/1", "V()/1"]) == {}
        assert store.load("U()/1") == {"plain": (1, 2)}
        assert store.load("V()/1") == bytearray(1 << 20)
    with open_store(url, shared=True) as store, warnings.catch_warnings():
        warnings.simplefilter("error")
        assert store.unusable([KEY]) == {}
        store.load(KEY)
    assert executed()


@pytest.mark.root
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs the right to change owners")
@pytest.mark.parametrize("url", URLS)
def test_a_pickle_of_another_user_is_not_executed(tmp_path, url, evil, executed):
    url = url.format(tmp_path)
    with open_store(url) as store:
        store.save(KEY, evil)
    for folder, _, files in os.walk(tmp_path):
        for file in files:
            os.chown(os.path.join(folder, file), 12345, 12345)
    with (
        open_store(url) as store,
        pytest.warns(UnsafeStoreWarning, match="belongs to user 12345"),
        pytest.raises(MissingEntryError),
    ):
        store.load(KEY)
    assert not executed()


def test_a_medium_without_modes_is_no_reason(tmp_path, evil, executed):
    store = open_store(tmp_path / "s")
    store.save(KEY, evil)
    os.chmod(store.locate(KEY), 0o777)
    store.load(KEY)
    assert executed()


def test_a_sticky_folder_is_warned_of(tmp_path):
    root = tmp_path / "s"
    root.mkdir()
    root.chmod(0o1777)
    with pytest.warns(UnsafeStoreWarning, match="others may write"):
        open_store(root)
