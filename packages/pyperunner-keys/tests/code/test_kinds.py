from __future__ import annotations

import functools
import random
import types

import pytest

from pyperunner_keys import digest, fingerprint
from pyperunner_keys.code.kinds import is_compiled, is_own_code, is_structure


def work(x, y=1):
    return x + y


def other(x, y=1):
    return x - y


class Model:
    def __init__(self, k=1):
        self.k = k

    def go(self):
        return self.k

    @classmethod
    def make(cls):
        return cls()


def test_own_code():
    assert is_own_code(work)
    assert is_own_code(Model)
    assert not any(map(is_own_code, [len, int, functools, functools.wraps, Model(), Model().go, 1]))


def test_structures():
    assert is_structure(functools.partial(len))
    assert is_structure(Model().go)
    assert is_structure(functools.lru_cache(work))
    assert not any(map(is_structure, [work, Model, 1, len, functools.wraps]))


@pytest.mark.parametrize(
    ("one", "two"),
    [
        (work, other),
        (functools.partial(work, 1), functools.partial(work, 2)),
        (functools.partial(work, 1), functools.partial(other, 1)),
        (functools.partial(work, y=1), functools.partial(work, y=2)),
        (Model(1).go, Model(2).go),
        (Model.make, Model.go),
        (functools.lru_cache(work), functools.lru_cache(other)),
        (functools.lru_cache(work), work),
        (staticmethod(work), staticmethod(other)),
        (staticmethod(work), classmethod(work)),
        (property(work), property(other)),
        (property(work), property(None, work)),
        (functools.cached_property(work), functools.cached_property(other)),
        (functools.singledispatch(work), functools.singledispatch(other)),
        ([1].count, [2].count),
        ("a".join, "b".join),
        (len, max),
        (random.random, random.randint),
        (str.upper, str.lower),
    ],
)
def test_code_that_does_something_else_differs(one, two):
    assert digest(one) != digest(two)
    assert fingerprint(one).digest != fingerprint(two).digest


def test_what_a_library_offers_counts_by_name():
    before = digest([random.random, random.randint])
    random.random()
    assert digest([random.random, random.randint]) == before


def test_registrations_count():
    dispatch = functools.singledispatch(work)
    before = digest(dispatch)
    dispatch(1)
    assert digest(dispatch) == before
    dispatch.register(int, other)
    assert digest(dispatch) != before


TOOL = """
import functools
def times(n):
    def wrap(f):
        @functools.wraps(f)
        def inner(*args):
            return f(*args) * n
        return inner
    return wrap
"""


def test_variables_of_a_foreign_wrapper_count(project):
    tool = project(tool=TOOL)
    # As if it were installed: its own code does not count, what it was given does.
    tool.__dict__["__file__"] = "/x/site-packages/tool.py"
    assert not is_own_code(tool.times)
    assert digest(tool.times(2)(work)) == digest(tool.times(2)(work)) != digest(tool.times(3)(work))
    assert digest(tool.times(2)(work)) != digest(tool.times(2)(other))


def test_extensions_are_recognised():
    module = types.ModuleType("x")
    assert not is_compiled(module)
    import xxhash._xxhash

    assert is_compiled(xxhash._xxhash)


def test_an_extension_of_ones_own_counts_by_its_file_and_is_a_gap(project, tmp_path):
    from importlib.machinery import EXTENSION_SUFFIXES

    flow = project(flow="import ext\ndef run(): return ext\n", ext="")
    flow.ext.__file__ = str(tmp_path / f"ext{EXTENSION_SUFFIXES[0]}")
    (tmp_path / f"ext{EXTENSION_SUFFIXES[0]}").write_bytes(b"one")
    before = fingerprint(flow.run)
    assert before.gaps == {"ext": "it is a compiled extension; the bytes of its file count"}
    (tmp_path / f"ext{EXTENSION_SUFFIXES[0]}").write_bytes(b"two")
    assert fingerprint(flow.run).digest != before.digest
