from __future__ import annotations

import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import typing
import uuid
import zoneinfo
from collections import OrderedDict, namedtuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pyperunner_cache import ForeignEntryError, UnstorableError
from pyperunner_cache.values.pack import pack, unpack


class Color(enum.Enum):
    RED = "r"
    GREEN = 2


class Bits(enum.IntFlag):
    A = 1
    B = 2


class Level(enum.IntEnum):
    LOW = 1


Point = namedtuple("Point", "x y")


class Typed(typing.NamedTuple):
    name: str
    items: list


@dataclasses.dataclass
class Plain:
    a: int
    b: list = dataclasses.field(default_factory=list)


@dataclasses.dataclass(frozen=True)
class Frozen:
    a: object


@dataclasses.dataclass(frozen=True)
class Slotted:
    __slots__ = ("a", "b")
    a: int
    b: str


@dataclasses.dataclass
class Secretive:
    a: int

    def __getstate__(self):
        return {"a": self.a + 1}


class Custom:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return type(self) is type(other) and self.x == other.x

    def __repr__(self):
        return f"Custom({self.x!r})"

    __hash__ = None


PLAIN_VALUES = [
    None,
    True,
    0,
    -1,
    2**63,
    2**64,
    -(2**63) - 1,
    2**64 - 1,
    10**400,
    -(10**400),
    0.0,
    -0.0,
    float("inf"),
    float("nan"),
    5e-324,
    1 + 2j,
    complex(-0.0, float("nan")),
    "",
    "é\0",
    "\ud800",
    "\ud800\udc00",
    "x" * (3 << 20),
    b"",
    b"\xff" * 10,
    b"y" * (3 << 20),
    bytearray(b"ab"),
    bytearray(5000),
    [],
    [1, [2, [3]]],
    (),
    (1,),
    (1, (2, [3, (4,)])),
    {},
    {1: "a", "1": "b", None: 0, 2.5: 1, (1, 2): 3, frozenset({1}): 4, b"k": 5, 2**70: 6},
    {"b": 1, "a": 2},
    set(),
    {1, "a", (2, 3), None},
    frozenset({frozenset({1}), 2}),
    range(3),
    range(10**30, 5, -7),
    slice(None),
    slice(1, "x", [2]),
    ...,
    dt.datetime(2024, 2, 29, 1, 2, 3, 4),
    dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    dt.datetime(2024, 1, 1, tzinfo=dt.timezone.utc),
    dt.datetime(2024, 1, 1, tzinfo=dt.timezone(dt.timedelta(hours=-5, seconds=7), "odd")),
    dt.date(1, 1, 1),
    dt.time(23, 59, 59, 999999, fold=1),
    dt.timedelta(days=-999999999),
    dt.timezone.utc,
    decimal.Decimal("-0"),
    decimal.Decimal("1.10"),
    decimal.Decimal("sNaN123"),
    decimal.Decimal("1E+999999"),
    fractions.Fraction(-1, 3),
    uuid.UUID(int=5),
    pathlib.Path("a/b"),
    pathlib.PurePosixPath("/x"),
    pathlib.PureWindowsPath("c:\\x"),
    Color.RED,
    Color.GREEN,
    Bits.A | Bits.B,
    Bits(0),
    Level.LOW,
    Point(1, [2]),
    Typed("n", [1]),
    Plain(1, [Plain(2)]),
    Frozen((1, {2: [3]})),
    Slotted(1, "b"),
    [(1, "a")] * 40,
    [(1, "a", None, 2**80, "\ud800")] * 40,
    [bytearray(b"x"), {"deep": [bytearray(b"y")]}, (bytearray(b"z"),)],
    [b"z" * (2 << 20), "w" * (2 << 20)],
    [[1, 2], [1, 2]],
    [Point(1, 2)] * 3,
]


def trip(value, **options):
    return unpack(pack(value, **options), **options)


@pytest.mark.parametrize(
    "value", PLAIN_VALUES, ids=lambda value: type(value).__name__
)  # a repr may differ between workers
def test_plain_values_come_back_without_a_pickle(value, same):
    assert same(trip(value, pickles=False), value)


def test_decimal_special_values_keep_their_sign():
    assert str(trip(decimal.Decimal("-0.00"))) == "-0.00"


_KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.binary() | st.tuples(st.integers(), st.text())
_LEAVES = (
    _KEYS
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters(blacklist_categories=[]))
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.dates()
    | st.times()
    | st.timedeltas()
    | st.decimals()
    | st.fractions()
    | st.uuids()
    | st.binary().map(bytearray)
    | st.frozensets(_KEYS)
    | st.sampled_from(Color)
)
_VALUES = st.recursive(
    _LEAVES,
    lambda inner: (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.dictionaries(_KEYS, inner)
        | st.builds(Point, inner, inner)
        | st.builds(Plain, inner)
    ),
    max_leaves=20,
)


@settings(max_examples=200, deadline=None)
@given(value=_VALUES)
def test_any_plain_value_comes_back(value, same):
    assert same(trip(value, pickles=False), value)


def test_equal_sets_have_equal_bytes_in_every_order():
    one, other = set(), set()
    for item in range(0, 4000, 8):
        one.add(item)
    for item in reversed(range(0, 4000, 8)):
        other.add(item)
    assert pack(one | {"a", (1, 2)}) == pack({(1, 2), "a"} | other)


@pytest.mark.parametrize(
    "value", [Custom([1]), [Custom(1)], OrderedDict(a=1), Secretive(1), len, Custom, type, {"f": int}, object]
)
def test_everything_else_is_pickled_whole(value, same):
    found = trip(value)
    assert type(found) is type(value)
    if not isinstance(value, Secretive):
        assert found == value
    with pytest.raises(UnstorableError, match="safe"):
        pack(value, pickles=False)


def test_shared_and_cyclic_references_keep_their_identity():
    shared = [1]
    found = trip({"a": shared, "b": (shared,)})
    assert found["a"] is found["b"][0]
    cycle = []
    cycle.append({"me": cycle})
    found = trip(cycle)
    assert found[0]["me"] is found
    plain = Plain(1)
    plain.b.append(plain)
    found = trip(plain)
    assert found.b[0] is found
    box = Frozen([])
    found = trip([(box, 1), (box, 1)])
    assert found[0][0] is found[1][0]


def test_safe_mode_says_where_the_shared_part_is():
    shared = [1]
    with pytest.raises(UnstorableError, match=r"result\['b'\]\[0\].*more than once"):
        pack({"a": shared, "b": [shared]}, pickles=False)


def test_local_classes_and_closures_go_through_cloudpickle():
    class Local:
        def __init__(self, x):
            self.x = x

    step = 3
    found = trip({"f": lambda x: x + step, "o": Local(5)})
    assert found["f"](4) == 7
    assert found["o"].x == 5


def test_a_class_that_is_gone_is_named(monkeypatch):
    parts = pack(Plain(1)), pack(Color.RED), pack(Custom(1)), pack(Point(1, 2))
    for name in ("Plain", "Color", "Custom", "Point"):
        monkeypatch.delitem(globals(), name)
    for packed in parts:
        with pytest.raises(ForeignEntryError, match=r"Plain|Color|Custom|Point"):
            unpack(packed)
