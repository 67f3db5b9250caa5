from __future__ import annotations

import pickle
import threading
from collections import namedtuple

import pytest

from pyperunner_text.unpicklable import innermost

LOCK = threading.Lock()
Pair = namedtuple("Pair", "left right")


class Slotted:
    __slots__ = ("held",)


class Exits:
    def __reduce__(self):
        raise SystemExit(3)


def slotted():
    made = Slotted()
    made.held = LOCK
    return made


def closure():
    lock = LOCK
    return lambda: lock


def circle():
    made = [LOCK]
    made.insert(0, made)
    return made


def dump(value):
    """As cloudpickle does, a function is pickled with what it uses."""
    function = getattr(value, "__closure__", None)
    return pickle.dumps([cell.cell_contents for cell in function] if function else value)


@pytest.mark.parametrize(
    ("value", "path"),
    [
        ({"a": 1, "b": [0, LOCK]}, "x['b'][1]"),
        (Pair(1, LOCK), "x.right"),
        (frozenset([1, LOCK]), "x{…}"),
        ({LOCK: 1}, "x.keys()[0]"),
        (slotted(), "x.held"),
        (closure(), "x: variable 'lock'"),
        (circle(), "x[1]"),
        (Exits(), "x"),
    ],
)
def test_the_innermost_part_is_named(value, path):
    assert innermost([("before", 1), ("x", value)], dump).path == path


def test_where_nothing_fails_nothing_is_named():
    assert innermost([("x", [1, {"a": 2}])], pickle.dumps) is None
