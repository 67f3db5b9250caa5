from __future__ import annotations

import gzip
import os
import random
import sqlite3
import subprocess
import warnings

import msgpack
import pytest

from pyperunner_cache import (
    DamagedEntryWarning,
    ForeignEntryError,
    MissingEntryError,
    UnreadableEntryWarning,
    open_store,
)
from pyperunner_cache.codecs.gzip import GzipCodec

VALUE = {"answer": 42, "text": "é" * 40, "list": [1.5, None, True]}
KEY = "T()/0123456789abcdef0123456789abcdef"


def expect_a_miss(store, key=KEY):
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with pytest.raises(MissingEntryError):
            store.load(key)
    return [str(warning.message) for warning in seen if issubclass(warning.category, DamagedEntryWarning)]


def file_bytes(store, key=KEY):
    with open(store.locate(key), "rb") as file:
        return file.read()


def overwrite(store, content, key=KEY):
    with open(store.locate(key), "wb") as file:
        file.write(content)


def flips(content):
    for at in range(len(content)):
        for bit in range(8):
            yield content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


@pytest.mark.parametrize("codec", ["gzip", "raw"])
def test_every_flipped_bit_and_every_truncation_is_found(tmp_path, codec):
    store = open_store(tmp_path / "s", codec=codec)
    store.save(KEY, VALUE, {"note": "kept"})
    whole = file_bytes(store)
    broken = [*flips(whole), *(whole[:end] for end in range(len(whole))), whole + b"\0", whole + whole, whole[1:]]
    for content in broken:
        os.makedirs(os.path.dirname(store.locate(KEY)), exist_ok=True)
        overwrite(store, content)
        assert len(expect_a_miss(store)) == 1
        assert not os.path.exists(store.locate(KEY))
    assert store.backend.aside()[0] == 20
    store.save(KEY, VALUE)
    assert store.load(KEY) == VALUE


def test_every_flipped_bit_of_a_row_is_found(tmp_path):
    with open_store(f"sqlite:///{tmp_path}/s.db") as store:
        store.save(KEY, VALUE)
        with sqlite3.connect(tmp_path / "s.db", isolation_level=None) as medium:
            (whole,) = medium.execute("SELECT data FROM entries").fetchone()
            for content in [*flips(whole), *(whole[:end] for end in range(len(whole)))]:
                store.save(KEY, VALUE)
                medium.execute("UPDATE entries SET data = ?", (content,))
                assert len(expect_a_miss(store)) == 1
        medium.close()


def test_meta_is_checked_too(store):
    store.save(KEY, VALUE, {"note": "kept"})
    whole = file_bytes(store)
    at = whole.index(b"kept")
    overwrite(store, whole[:at] + b"kEpt" + whole[at + 4 :])
    with pytest.warns(DamagedEntryWarning), pytest.raises(KeyError):
        store.meta(KEY)


@pytest.mark.parametrize("codec", ["gzip", "raw"])
def test_random_corruption_of_a_large_entry_is_found(tmp_path, codec):
    _corrupt(tmp_path, codec, 300)


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("codec", ["gzip", "raw"])
def test_random_corruption_of_a_large_entry_is_found_a_hundred_thousand_times(tmp_path, codec):
    _corrupt(tmp_path, codec, 50_000)


def _corrupt(tmp_path, codec, times):
    chance = random.Random(5)
    value = {"a": bytes(chance.randbytes(60_000)), "b": list(range(40_000)), "c": bytearray(70_000)}
    store = open_store(tmp_path / "s", codec=codec)
    store.save(KEY, value)
    whole = file_bytes(store)
    for _ in range(times):
        content = bytearray(whole)
        kind = chance.randrange(4)
        at = chance.randrange(len(whole))
        if kind == 0:
            content[at] ^= 1 << chance.randrange(8)
        elif kind == 1:
            size = min(chance.randrange(1, 5000), len(whole) - at)
            content[at : at + size] = chance.randbytes(size)
        elif kind == 2:
            del content[at:]
        else:
            other = chance.randrange(len(whole))
            content[at : at + 100], content[other : other + 100] = content[other : other + 100], content[at : at + 100]
        if content == whole:
            continue
        os.makedirs(os.path.dirname(store.locate(KEY)), exist_ok=True)
        overwrite(store, content)
        assert expect_a_miss(store)


def test_a_valid_entry_under_another_key_is_a_miss(store):
    store.save(KEY, VALUE)
    store.save("U()/1", 1)
    overwrite(store, file_bytes(store), "U()/1")
    assert "written for" in expect_a_miss(store, "U()/1")[0]
    assert store.load(KEY) == VALUE


def test_the_file_is_gzip_and_its_content_msgpack(store):
    array = bytearray(range(256)) * 40
    store.save(KEY, {"a": 1, "b": array}, {"note": "hi"})
    path = store.locate(KEY)
    content = subprocess.run(["gzip", "-dc", path], capture_output=True, check=True).stdout
    assert content == gzip.decompress(file_bytes(store))
    head, value, buffer = msgpack.Unpacker(None, strict_map_key=False).__class__(
        __import__("io").BytesIO(content), strict_map_key=False
    )
    assert head["key"] == KEY
    assert value["a"] == 1
    assert buffer == bytes(array)


def test_a_newer_version_is_refused_and_left_in_place(store, monkeypatch):
    from pyperunner_cache.entry import envelope

    monkeypatch.setattr(envelope, "FORMAT", 2)
    store.save(KEY, VALUE)
    monkeypatch.undo()
    assert "version 2" in expect_a_miss(store)[0]
    assert os.path.exists(store.locate(KEY))


def test_an_unknown_codec_is_refused_and_left_in_place(store, monkeypatch):
    monkeypatch.setattr(GzipCodec, "name", "zstd")
    store.save(KEY, VALUE)
    monkeypatch.undo()
    assert "'zstd'" in expect_a_miss(store)[0]
    assert os.path.exists(store.locate(KEY))


def test_a_lost_class_says_so(store, monkeypatch):
    import dataclasses

    @dataclasses.dataclass
    class Gone:
        x: int

    Gone.__qualname__ = "Gone"
    monkeypatch.setitem(globals(), "Gone", Gone)
    store.save(KEY, Gone(1))
    monkeypatch.undo()
    with pytest.warns(UnreadableEntryWarning, match=r"it holds a .*Gone, which is gone"), pytest.raises(KeyError):
        store.load(KEY)
    assert store.missing([KEY]) == set()  # nothing is wrong with it, so it stays


def test_equal_payloads_have_equal_digests_in_every_codec(tmp_path):
    store = open_store(tmp_path / "s")
    value = {"a": bytearray(100_000), "b": [1, 2]}
    one = store.save("T()/1", value, {"when": 1})
    other = store.save("T()/2", value, codec="raw")
    assert one["digest"] == other["digest"] == store.meta("T()/2")["digest"]
    assert one["digest"] != store.save("T()/3", {**value, "b": [1, 3]})["digest"]


def test_an_entry_that_vanishes_while_it_is_read(store):
    store.save(KEY, bytearray(3 << 20))
    blob = store.backend.get(KEY)
    store.delete(KEY)
    assert blob.read(0, 2) == b"\x1f\x8b"
    blob.close()
    assert expect_a_miss(store) == []


def test_errors_are_not_swallowed_as_damage(store):
    assert issubclass(ForeignEntryError, ValueError)
    assert issubclass(MissingEntryError, KeyError)
