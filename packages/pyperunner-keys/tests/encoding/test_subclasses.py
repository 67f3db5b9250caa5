"""Subclasses of value types: each differs from its base, and counts with its state and its code."""

from __future__ import annotations

import collections
import datetime as dt
import decimal
import fractions
import pathlib
import random
import uuid
import zoneinfo

import pytest

from pyperunner_keys import digest

VALUES = {
    "int": 1,
    "float": 0.5,
    "complex": 1j,
    "str": "a",
    "bytes": b"a",
    "bytearray": bytearray(b"a"),
    "tuple": (1, 2),
    "list": [1, 2],
    "dict": {"a": 1},
    "set": {1, 2},
    "frozenset": frozenset({1}),
    "collections.OrderedDict": collections.OrderedDict(a=1),
    "collections.Counter": collections.Counter("ab"),
    "collections.defaultdict": collections.defaultdict(None, a=1),
    "collections.deque": collections.deque([1], 3),
    "collections.ChainMap": collections.ChainMap({"a": 1}),
    "collections.UserDict": collections.UserDict(a=1),
    "datetime.date": dt.date(2024, 1, 2),
    "datetime.time": dt.time(1, 2),
    "datetime.datetime": dt.datetime(2024, 1, 2),
    "datetime.timedelta": dt.timedelta(1),
    "zoneinfo.ZoneInfo": zoneinfo.ZoneInfo("Europe/Berlin"),
    "decimal.Decimal": decimal.Decimal("1.10"),
    "fractions.Fraction": fractions.Fraction(1, 3),
    "uuid.UUID": uuid.UUID(int=5),
    "pathlib.PurePosixPath": pathlib.PurePosixPath("a"),
    "random.Random": random.Random(3),
    "ValueError": ValueError("x"),
}
"""A value of each type, by the type's name."""

MADE = {
    "bytes": "({!r})",
    "datetime.date": "(2024, 1, 2)",
    "datetime.time": "(1, 2)",
    "datetime.datetime": "(2024, 1, 2)",
    "datetime.timedelta": "(1)",
    "collections.deque": "([1], 3)",
    "collections.defaultdict": "(None, a=1)",
    "collections.OrderedDict": "(a=1)",
    "collections.Counter": "('ab')",
    "collections.ChainMap": "({{'a': 1}})",
    "collections.UserDict": "(a=1)",
    "decimal.Decimal": "('1.10')",
    "fractions.Fraction": "(1, 3)",
    "zoneinfo.ZoneInfo": ".no_cache('Europe/Berlin')",
    "uuid.UUID": "(int=5)",
    "pathlib.PurePosixPath": "('a')",
    "random.Random": "(3)",
    "ValueError": "('x')",
}

NO_SLOTS = ("int", "bytes", "tuple")
"""Their subclasses have no room for any."""

MODULE = """
import collections, datetime, decimal, fractions, pathlib, random, uuid, zoneinfo

class Mine({base}):
    def answer(self):
        return {answer}

class Slotted({base}):
    __slots__ = {slots}

def make(cls=Mine):
    return cls{made}
"""


@pytest.mark.parametrize("base", VALUES)
def test_a_subclass_differs_from_its_base_by_class_state_and_code(base, project):
    made = MADE.get(base, "({!r})").format(VALUES[base])
    slots = () if base in NO_SLOTS else ("unit",)
    text = {answer: MODULE.format(base=base, answer=answer, made=made, slots=slots) for answer in (1, 2)}
    one, other = project(answers=text[1]), project(other_answers=text[2])
    other.Mine.__module__ = "answers"
    assert digest(one.make()) == digest(one.make())
    found = [VALUES[base], one.make(), other.make(), one.make(one.Slotted)]
    for unit in ("m", "km"):
        for cls in (one.Mine, one.Slotted) if slots else (one.Mine,):
            found.append(one.make(cls))
            object.__setattr__(found[-1], "unit", unit)
    assert len({digest(each) for each in found}) == len(found)


def test_what_a_subclass_overrides_does_not_hide_what_it_holds():
    class Shy(dict):
        def items(self):
            return []

        def __len__(self):
            return 0

    class Mute(list):
        def __iter__(self):
            return iter(())

    class Same(str):
        def encode(self, *args):
            return b""

        def isascii(self):
            return True

    for kind, values in ((Shy, ({}, {"a": 1})), (Mute, ([], [1])), (Same, ("a", "b"))):
        assert digest(kind(values[0])) != digest(kind(values[1]))


OTHERS = {
    "int": (1, 2),
    "float": (0.5, 1.5),
    "complex": (1j, 2j),
    "str": ("a", "b"),
    "bytes": (b"a", b"b"),
    "tuple": ((1,), (2,)),
    "list": ([1], [2]),
    "dict": ({1: 1}, {1: 2}),
    "set": ({1}, {2}),
    "frozenset": (frozenset({1}), frozenset({2})),
    "datetime.date": (dt.date(2024, 1, 2), dt.date(2025, 2, 3)),
    "datetime.time": (dt.time(1, 2, 3, 4), dt.time(2, 3, 4, 5, fold=1)),
    "datetime.datetime": (dt.datetime(2024, 1, 2, 3), dt.datetime(2025, 2, 3, 4, fold=1)),
    "datetime.timedelta": (dt.timedelta(1, 2, 3), dt.timedelta(2, 3, 4)),
    "decimal.Decimal": (decimal.Decimal("1.10"), decimal.Decimal("NaN2")),
    "fractions.Fraction": (fractions.Fraction(1, 3), fractions.Fraction(2, 5)),
    "uuid.UUID": (uuid.UUID(int=1), uuid.UUID(int=2)),
    "pathlib.PurePosixPath": (pathlib.PurePosixPath("a"), pathlib.PurePosixPath("b/c")),
    "absolute path": (pathlib.PurePosixPath("a"), pathlib.PurePosixPath("b").joinpath("/a")),
}


@pytest.mark.parametrize("base", OTHERS)
def test_a_subclass_whose_every_attribute_says_the_same_counts_by_what_it_holds(base):
    """It answers as the first value would, whatever is asked of it."""
    one, other = OTHERS[base]
    kind = type(one)

    def liar(name):
        held = getattr(one, name)
        return (lambda self, *args: held(*args)) if callable(held) else property(lambda self: held)

    kept = (
        "__new__",
        "__init__",
        "__class__",
        "__dict__",
        "__weakref__",
        "__reduce__",
        "__reduce_ex__",
        "__getstate__",
    )
    kept = (
        *kept,
        "__getattribute__",
        "__setattr__",
        "__hash__",
        "__init_subclass__",
        "__subclasshook__",
        "__slots__",
        "__slotnames__",
    )
    names = [name for name in dir(kind) if name not in kept and (name[:1] != "_" or name[:2] == "__")]
    shy = type("Shy", (kind,), {name: liar(name) for name in names})

    def make(value):
        if kind is uuid.UUID:
            made = object.__new__(shy)
            uuid.UUID.int.__set__(made, value.int)
            uuid.UUID.is_safe.__set__(made, value.is_safe)
            return made
        if isinstance(value, (dt.date, dt.time, dt.timedelta)):
            return kind.__new__(shy, *value.__reduce_ex__(4)[1])
        if isinstance(value, (list, dict, set)):
            made = kind.__new__(shy)
            kind.__init__(made, value)
            return made
        if isinstance(value, fractions.Fraction):
            return kind.__new__(shy, str(value))
        if isinstance(value, pathlib.PurePath):
            made = kind.__new__(shy, str(value))
            kind.__init__(made, str(value))
            return made
        return kind.__new__(shy, value)

    assert digest(make(one)) == digest(make(one))
    assert digest(make(one)) != digest(make(other))


def test_a_subclass_that_says_its_state_is_asked():
    class Pool(dict):
        def __getstate__(self):
            return {"size": self.size}

    one, other = Pool(), Pool()
    one.size = other.size = 1
    one.lock, other.lock = object(), object()
    assert digest(one) == digest(other)
    other.size = 2
    assert digest(one) != digest(other)


def test_fields_that_do_not_fit_are_no_names():
    class Row(tuple):
        _fields = ("a",)

    assert digest(Row((1, 2))) != digest(Row((1, 3)))
