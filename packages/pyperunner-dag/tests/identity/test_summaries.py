from __future__ import annotations

import datetime
import enum
import functools
import sys
from dataclasses import dataclass, field
from pathlib import PurePosixPath

import pytest

from pyperunner_dag import Secret
from pyperunner_dag.identity.summaries import short, shorten
from pyperunner_keys import File, Folder


class Color(enum.Enum):
    RED = 1


@dataclass
class Config:
    scale: int
    name: str = "x"
    hidden: str = field(default="secret", repr=False)
    inner: object = None


class Opaque:
    def __repr__(self):
        raise RuntimeError("nobody asked for this")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *(
            (value, repr(value))
            for value in (1, True, None, 2.5, 1 + 2j, "a'b", b"x", [], (), {}, set(), (1,), [1, (2, "x")])
        ),
        ({"b": 1, "a": [2]}, "{'b': 1, 'a': [2]}"),
        ({"b", "a"}, "{'a', 'b'}"),
        (set(range(20)), "{20 items}"),
        (frozenset("a"), "frozenset({'a'})"),
        (list(range(9)), "[0, 1, 2, 3, 4, 5, 6, 7, …]"),
        ([[[[1]]]], "[[[[…]]]]"),
        (Color.RED, "Color.RED"),
        (datetime.date(2024, 1, 2), "datetime.date(2024, 1, 2)"),
        (PurePosixPath("a/b"), "PurePosixPath('a/b')"),
        (Config(2), "Config(scale=2, name='x', inner=None)"),
        (Config(1, inner=Config(2, inner=Config(3, inner=Config(4)))), None),
        (short, "short"),
        (Config, "Config"),
        (functools.partial(short, 1), "partial(short)"),
        (Opaque(), "Opaque"),
        ([Opaque()], "[Opaque]"),
        (File("data.csv"), "File data.csv"),
        (Folder("in", "*.csv"), "Folder in"),
        (Secret("hunter2"), "Secret(…)"),
        ({"password": [Secret("hunter2")]}, "{'password': [Secret(…)]}"),
        ("a\x1b[31m\n", "'a\\x1b[31m\\n'"),
        (10**5000, "int of 16610 bits"),
    ],
    ids=lambda value: str(type(value).__name__),
)
def test_short(value, text):
    found = short(value)
    assert text is None or found == text
    assert len(found) <= 60


def test_much_becomes_little():
    assert short("x" * 10**7) == "'" + "x" * 39 + "…" + "x" * 18 + "'"
    assert len(short({str(number) * 30: "y" * 100 for number in range(10**5)})) == 60


def test_objects_that_raise_are_named_by_their_type():
    class Broken:
        @property
        def __dataclass_fields__(self):
            raise RuntimeError("no")

    @dataclass
    class Half:
        value: int

    half = Half(1)
    del half.value
    assert (short(Broken()), short(half)) == ("Broken", "Half")


def test_arrays_and_frames():
    numpy = pytest.importorskip("numpy")
    assert short(numpy.zeros((3, 4))) == "ndarray of shape (3, 4)"
    assert short(numpy.float64(2.5)) == "float64(2.5)"
    pandas = pytest.importorskip("pandas")
    assert short(pandas.DataFrame({"a": [1, 2]})) == "DataFrame of shape (2, 1)"


def test_it_imports_nothing():
    assert "dataclasses" not in vars(sys.modules["pyperunner_dag.identity.summaries"])


def test_shorten_keeps_both_ends():
    assert shorten("abc", 3) == "abc"
    cut = shorten("Load(" + "x" * 100 + "-2024)", 30)
    assert len(cut) == 30
    assert cut.startswith("Load(")
    assert cut.endswith("-2024)")
