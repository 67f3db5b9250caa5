"""What a module holds that the text it was loaded from does not say."""

from __future__ import annotations

import functools
import importlib
import sys

import pytest

from pyperunner_keys import module_text

TEXT = """
import functools

LIMIT, TABLE = 1, {}
NAME = "a"

def plain(): return 1
def other(): return 2

@functools.lru_cache
def remembered(): return 1

class Kind:
    size = 1
    def method(self): return 1
    @property
    def prop(self): return 1
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "mod_as_loaded.py").write_text(TEXT)
    importlib.invalidate_caches()
    yield importlib.import_module("mod_as_loaded")
    del sys.modules["mod_as_loaded"]


def places(module):
    return {place for place, _ in module_text(module).changes()}


UNTOLD = {"LIMIT", "TABLE", "remembered"}  # no literals under names of their own: never known to be unchanged


def test_nothing_has_changed(module):
    assert places(module) == UNTOLD


CHANGES = {
    "plain": lambda module: setattr(module, "plain", lambda: 1),
    "plain of another name": lambda module: setattr(module, "plain", module.other),
    "plain in place": lambda module: setattr(module.plain, "__code__", (lambda: 3).__code__),
    "plain wrapped": lambda module: setattr(module, "plain", functools.wraps(module.plain)(lambda: 2)),
    "NAME": lambda module: setattr(module, "NAME", "b"),
    "Kind.size": lambda module: setattr(module.Kind, "size", 2),
    "Kind.method": lambda module: setattr(module.Kind, "method", lambda self: 2),
    "Kind.prop": lambda module: setattr(module.Kind, "prop", property(lambda self: 2)),
    "Kind.added": lambda module: setattr(module.Kind, "added", 1),
    "added": lambda module: setattr(module, "added", [1]),
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_is_noticed(module, change):
    module_text(module)  # as a plan does, before anything changes
    CHANGES[change](module)
    assert places(module) == UNTOLD | {change.split()[0]}


def test_the_text_is_that_of_the_import(module, tmp_path):
    module_text(module)
    (tmp_path / "mod_as_loaded.py").write_text(TEXT.replace("return 1", "return 10"))
    assert module_text(module).data == TEXT.encode()
    assert places(module) == UNTOLD


@pytest.mark.parametrize("name", ["json", "sys", "__main__"])
def test_others_have_no_such_text(name):
    assert module_text(sys.modules[name]) is None
