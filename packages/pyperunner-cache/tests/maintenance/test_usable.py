"""What heads tell of entries that would not be loaded: a class that is gone, a codec that is not known."""

from __future__ import annotations

import dataclasses
import os
import shutil
import sys
import types
from collections import namedtuple
from enum import Enum

import pytest

from pyperunner_cache import open_store

KEY = f"T()/{0:032x}"


@pytest.fixture
def module(monkeypatch):
    module = types.ModuleType("some_user_module")
    monkeypatch.setitem(sys.modules, module.__name__, module)

    class Model:
        pass

    vars(module).update(
        Model=Model,
        Record=dataclasses.make_dataclass("Record", ["x"]),
        Pair=namedtuple("Pair", "one two"),
        Colour=Enum("Colour", "RED"),
    )
    for cls in (Model, module.Record, module.Pair, module.Colour):
        cls.__module__, cls.__qualname__ = module.__name__, cls.__name__
    return module


VALUES = {
    "Model": lambda module: [module.Model()],
    "Record": lambda module: {"a": (module.Record(1),)},
    "Pair": lambda module: module.Pair(1, 2),
    "Colour": lambda module: [module.Colour.RED],
}


@pytest.mark.parametrize("name", VALUES)
def test_a_class_that_is_gone(any_store, module, name):
    any_store.save(KEY, VALUES[name](module))
    assert any_store.unusable([KEY]) == {}
    cls = vars(module).pop(name)
    assert f"some_user_module.{name}, which is gone" in any_store.unusable([KEY])[KEY]
    module.__getattr__ = lambda asked: cls  # it may have it after all: that is for who loads it to find out
    assert any_store.unusable([KEY]) == {}
    del sys.modules["some_user_module"]
    assert "gone" in any_store.unusable([KEY])[KEY]


def test_values_of_plain_types_name_no_class(any_store):
    for value in (1, {"a": [1]}, (1, 2j), object):
        any_store.save(KEY, value)
        blob = any_store.backend.get(KEY)
        assert b"classes" not in bytes(blob.read(0, blob.size))
        blob.close()


def test_a_codec_that_only_the_entry_names(tmp_path, monkeypatch):
    from pyperunner_cache.codecs.gzip import GzipCodec

    with open_store(tmp_path / "s") as store, open_store(tmp_path / "s", trust="safe") as safe:
        monkeypatch.setattr(GzipCodec, "name", "another")
        store.save(KEY, 1)
        monkeypatch.undo()
        assert "another" in safe.unusable([KEY])[KEY]


def test_an_alias_is_as_usable_as_what_it_stands_for(any_store, module):
    other, third = "U()/1", "V()/1"
    any_store.save(KEY, [module.Model()])
    any_store.alias(other, KEY)
    any_store.alias(third, other)
    assert any_store.unusable([other, third]) == {}
    del module.Model
    assert all("Model, which is gone" in reason for reason in any_store.unusable([other, third]).values())
    any_store.save(KEY, "another value")
    assert "changed" in any_store.unusable([other])[other]
    any_store.delete(KEY)
    assert any_store.unusable([third]) == {third: "what it stands for is gone"}


def test_an_alias_that_leads_in_a_circle(any_store):
    other = "U()/1"
    any_store.save(KEY, 1)
    any_store.alias(other, KEY)
    any_store.alias(KEY, other)
    assert "circle" in any_store.unusable([KEY])[KEY]
    with pytest.raises(KeyError):
        any_store.load(KEY)


@pytest.mark.parametrize("meta", [0, 20_000], ids=["short head", "long head"])
def test_many_entries_of_any_size_are_looked_at_without_open_files(tmp_path, monkeypatch, meta):
    monkeypatch.setenv("STORE_KEY", "secret one")
    store = open_store(tmp_path / "s", signing_key="env:STORE_KEY")
    keys = [f"T({number})/1" for number in range(70)]
    for number, key in enumerate(keys):
        store.save(key, bytes(300 * number), {"note": "x" * meta})
    assert store.unusable(keys) == {}
    with open(store.locate(keys[69]), "r+b") as file:
        file.truncate(20_000)  # is for who loads it to find out
    shutil.rmtree(os.path.dirname(store.locate(keys[1])))
    with open_store(tmp_path / "s") as unsigned:
        unsigned.save(keys[2], 1)
    opened = []
    monkeypatch.setattr(os, "open", lambda *args, really=os.open: opened.append(really(*args)) or opened[-1])
    monkeypatch.setattr(os, "close", lambda fd, really=os.close: (opened.remove(fd), really(fd)))
    found = store.unusable(keys)
    assert found.keys() == {keys[1], keys[2]}
    assert "gone" in found[keys[1]]
    assert "not signed" in found[keys[2]]
    assert opened == []


def test_a_plain_entry_is_not_looked_into_unless_signatures_count(tmp_path, monkeypatch):
    plain, pickled = KEY, f"T()/{1:032x}"
    store = open_store(tmp_path / "s")
    store.save(plain, {"a": 1})
    store.save(pickled, [object])
    looks = []
    peek = type(store.backend).peek
    monkeypatch.setattr(type(store.backend), "peek", lambda self, key: looks.append(key) or peek(self, key))
    assert store.unusable([plain, pickled]) == {}
    assert looks == [pickled]
    monkeypatch.setenv("PYPERUNNER_TEST_KEY", "a key that is long enough")
    signed = open_store(tmp_path / "s", signing_key="env:PYPERUNNER_TEST_KEY")
    assert "not signed" in signed.unusable([plain])[plain]
