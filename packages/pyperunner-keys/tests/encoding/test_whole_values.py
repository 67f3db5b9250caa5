"""A key holds all of a value: every part of its pickle and every attribute that can be set counts, and nothing else.

What counts is found from each type itself: its pickle is changed in one place at a time, and each public attribute is
set to something else. What of that does not count stands in a table here, as it does in docs/what-counts.md.
"""

from __future__ import annotations

import array
import collections
import copy
import copyreg
import datetime as dt
import decimal
import fractions
import functools
import io
import ipaddress
import pathlib
import pickle
import pickletools
import random
import re
import struct
import types
import uuid
import zoneinfo
from dataclasses import dataclass, field

import pytest

from pyperunner_keys import digest

np = pytest.importorskip("numpy")
pd = pytest.importorskip("pandas")
pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")
sparse = pytest.importorskip("scipy.sparse")


@dataclass
class Fields:
    a: int = 1
    b: list = field(default_factory=lambda: [1, "x"])


class Slots:
    __slots__ = ("a", "b")

    def __init__(self):
        self.a, self.b = 1, "x"


class Named(collections.namedtuple("Pair", "a b")):
    """A named tuple with attributes of its own."""


BERLIN = zoneinfo.ZoneInfo("Europe/Berlin")
BUILTIN = {
    "int": lambda: 2**70,
    "bool": lambda: True,
    "float": lambda: 0.5,
    "complex": lambda: 1 + 2j,
    "str": lambda: "abc",
    "bytes": lambda: b"abc",
    "bytearray": lambda: bytearray(b"abc"),
    "tuple": lambda: (1, "a", None),
    "list": lambda: [1, "a", [True]],
    "dict": lambda: {"a": 1, 2: "b"},
    "set": lambda: {1, 2},
    "frozenset": lambda: frozenset("ab"),
    "range": lambda: range(1, 9, 2),
    "slice": lambda: slice(1, 2, 3),
    "exception": lambda: OSError(2, "x", "file"),
    "instance": Slots,
    "dataclass": Fields,
    "namedtuple": lambda: Named(1, "x"),
}
STANDARD = {
    "OrderedDict": lambda: collections.OrderedDict(a=1, b=2),
    "Counter": lambda: collections.Counter("aab"),
    "defaultdict": lambda: collections.defaultdict(int, a=1),
    "deque": lambda: collections.deque([1, 2], 3),
    "ChainMap": lambda: collections.ChainMap({"a": 1}, {"b": 2}),
    "UserDict": lambda: collections.UserDict(a=1),
    "SimpleNamespace": lambda: types.SimpleNamespace(a=1, b=[2]),
    "date": lambda: dt.date(2024, 1, 2),
    "time": lambda: dt.time(1, 2, 3, 4, tzinfo=dt.timezone.utc),
    "datetime": lambda: dt.datetime(2024, 1, 2, 3, 4, 5, 6, tzinfo=dt.timezone(dt.timedelta(hours=2), "x")),
    "datetime in a zone": lambda: dt.datetime(2024, 1, 2, tzinfo=BERLIN),
    "timedelta": lambda: dt.timedelta(1, 2, 3),
    "timezone": lambda: dt.timezone(dt.timedelta(hours=1)),
    "ZoneInfo": lambda: BERLIN,
    "Decimal": lambda: decimal.Decimal("1.10"),
    "Context": lambda: decimal.Context(prec=5),
    "Fraction": lambda: fractions.Fraction(1, 3),
    "UUID": lambda: uuid.UUID(int=5),
    "path": lambda: pathlib.PurePosixPath("a/b"),
    "Random": lambda: random.Random(3),
    "array": lambda: array.array("d", [1, 2]),
    "pattern": lambda: re.compile("a+", re.IGNORECASE),
    "network": lambda: ipaddress.ip_network("10.0.0.0/8"),
    "partial": lambda: functools.partial(max, 1, key=None),
}
NUMPY = {
    **{f"array {kind}": lambda kind=kind: np.arange(6).reshape(2, 3).astype(kind) for kind in ("f8", "i4", "?", "U3")},
    **{f"array {kind}": lambda kind=kind: np.arange(4).astype(kind) for kind in ("S3", "M8[ns]", "m8[s]", "c16")},
    "array O": lambda: np.array([1, "a", None], object),
    "array in columns": lambda: np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "structure": lambda: np.zeros(2, np.dtype([("a", "i4"), ("b", "f8", (2,))], align=True)),
    "masked": lambda: np.ma.array([1.0, 2, 3], mask=[0, 1, 0], fill_value=7),
    "matrix": lambda: np.matrix([[1, 2]]),
    "records": lambda: np.rec.array([(1, 2.0)], dtype=[("x", "i4"), ("y", "f8")]),
    "polynomial": lambda: np.polynomial.Polynomial([1, 2]),
    "generator": lambda: np.random.default_rng(3),
    "old generator": lambda: np.random.RandomState(3),
    "scalar": lambda: np.float32(1.5),
    "sparse rows": lambda: sparse.csr_matrix(np.eye(3)),
    "sparse": lambda: sparse.coo_array(np.eye(3)),
}


def frame():
    found = pd.DataFrame({"f": [1.0, 2], "g": [3.0, 4]}, index=pd.Index([5, 6], name="i"))
    found.attrs["unit"] = "m"
    return found


COLUMNS = {
    "numbers": lambda: [1.5, 2.5],
    "objects": lambda: pd.array(["a", ("b", 1)], dtype=object),
    "category": lambda: pd.Categorical(["u", "v"], ["v", "u", "w"], ordered=True),
    "dates": lambda: pd.date_range("2024", periods=2, tz="Europe/Berlin"),
    "periods": lambda: pd.period_range("2024", periods=2, freq="M"),
    "intervals": lambda: pd.interval_range(0, 2, closed="left"),
    "durations": lambda: pd.to_timedelta([1, 2], "s"),
    "missing numbers": lambda: pd.array([1, None], "Int32"),
    "truth": lambda: pd.array([True, None], "boolean"),
    "sparse": lambda: pd.arrays.SparseArray([0, 1.0]),
    "text": lambda: pd.array(["x", None], "string[python]"),
}
PANDAS = {
    "frame": frame,
    **{f"column of {name}": lambda make=make: pd.Series(make(), name="n") for name, make in COLUMNS.items()},
    "RangeIndex": lambda: pd.RangeIndex(1, 9, 2, name="r"),
    "DatetimeIndex": lambda: pd.date_range("2024", periods=3, freq="MS", tz="UTC", name="d"),
    "TimedeltaIndex": lambda: pd.timedelta_range("1h", periods=3, freq="h"),
    "PeriodIndex": lambda: pd.period_range("2024", periods=3, freq="Q"),
    "IntervalIndex": lambda: pd.interval_range(0, 3, closed="left"),
    "CategoricalIndex": lambda: pd.CategoricalIndex(["a", "b"], ordered=True),
    "MultiIndex": lambda: pd.MultiIndex.from_product([[1, 2], ["a", "b"]], names=["x", "y"]),
    "Timestamp": lambda: pd.Timestamp("2024-01-01 03:00", tz="Europe/Berlin"),
    "Timedelta": lambda: pd.Timedelta(5, "s"),
    "Period": lambda: pd.Period("2024", "M"),
    "Interval": lambda: pd.Interval(0, 1, "both"),
    "CategoricalDtype": lambda: pd.CategoricalDtype(["a", "b"], True),
    "DatetimeTZDtype": lambda: pd.DatetimeTZDtype("us", "UTC"),
    "SparseDtype": lambda: pd.SparseDtype("f8", 0.0),
    "offset": lambda: pd.offsets.CustomBusinessDay(n=2, holidays=["2024-01-01"]),
    "month end": lambda: pd.offsets.MonthEnd(3),
    "DateOffset": lambda: pd.DateOffset(months=1, day=3),
}
ARROW = {
    "polars frame": lambda: pl.DataFrame({"a": [1, None], "l": [[1], [2, 3]], "s": [{"a": 1}, {"a": 2}]}),
    "polars column": lambda: pl.Series("s", ["x", "y"], dtype=pl.Enum(["x", "y"])),
    "polars type": lambda: pl.Datetime("ms", "UTC"),
    "polars schema": lambda: pl.Schema({"a": pl.Int8}),
    "arrow table": lambda: pa.table({"a": [1, 2], "d": pa.array(["a", "b"]).dictionary_encode()}),
    "arrow array": lambda: pa.array([1, 2, 3]),
    "arrow chunks": lambda: pa.chunked_array([[1], [2]]),
    "arrow scalar": lambda: pa.scalar(5),
    "arrow schema": lambda: pa.schema([pa.field("a", pa.int8(), False, {"k": "v"})], {"m": "n"}),
    "arrow type": lambda: pa.timestamp("ms", "UTC"),
}
MADE = {**BUILTIN, **STANDARD, **NUMPY, **PANDAS, **ARROW}

NOT_COUNTED = {
    # Whether a zone lies in the cache of zones.
    **{name: {("BININT1", 1)} for name in ("ZoneInfo", "datetime in a zone", "Timestamp", "column of dates")},
    # Whether it may be written to.
    **{f"column of {name}": {("NEWFALSE", None)} for name in ("periods", "durations")},
}
"""What of a pickle does not count: opcode and argument, by the name of the value."""
NOT_COUNTED["column of dates"] |= {("NEWFALSE", None)}
_NAMES_OF_PANDAS = ("series", "dataframe", "dtype", "numpy_dtype")
NOT_COUNTED_ATTRIBUTES = {
    # Another way to reach the elements.
    "array": ("flat",),
    # What scipy has found out about the order of indices.
    "sparse rows": ("has_canonical_format", "has_sorted_indices"),
    # What pickling forgets.
    "exception": ("errno", "strerror"),
    "MultiIndex": ("name",),
    "CategoricalDtype": ("isbuiltin", "isnative", "itemsize", "kind", "name", "num", "str", "subdtype"),
    "DatetimeTZDtype": ("isbuiltin", "isnative", "itemsize", "kind", "num", "subdtype"),
}
"""Attributes that do not count, by the name of the value."""


class _Cutter(pickle.Pickler):
    """Takes numpy's arrays and types whole, and where pandas keeps its blocks: their insides are no values."""

    def __init__(self, file, whole):
        super().__init__(file, 3)
        self.whole = whole

    def persistent_id(self, value):
        if not (isinstance(value, (np.dtype, slice)) or type(value) is np.ndarray):
            return None
        self.whole.append(value)
        return len(self.whole) - 1


class _Paster(pickle.Unpickler):
    def __init__(self, file, whole):
        super().__init__(file)
        self.whole = whole

    def persistent_load(self, number):
        return self.whole[number]


_MOST = 100
"""Opcodes of a pickle that are looked at, each of them or each second and so on: a state of 624 words has enough."""


def _cut(value):
    file, whole = io.BytesIO(), []
    _Cutter(file, whole).dump(value)
    return file.getvalue(), whole


def _paste(data, whole):
    return _Paster(io.BytesIO(data), whole).load()


def _shown(value):
    data, whole = _cut(value)
    return data, [
        repr(each.tolist()) + each.dtype.str if isinstance(each, np.ndarray) else repr(each) for each in whole
    ]


def _changed(name, argument, raw):
    """Return an opcode of the same length with another argument, or nothing where it has none that counts."""
    if name in ("BININT1", "BININT2", "BININT", "LONG1"):
        at = 2 if name == "LONG1" else 1
        return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :] if len(raw) > at else b""
    if name == "BINUNICODE":
        plain = argument and raw[-1] < 128 and argument[0] != "_" and argument not in _NAMES_OF_PANDAS
        return raw[:-1] + bytes([raw[-1] ^ 1]) if plain else b""
    if name in ("BINBYTES", "SHORT_BINBYTES") and argument:
        at = len(raw) - len(argument)
        return raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :]
    if name == "BINFLOAT" and argument == argument:
        return b"G" + struct.pack(">d", argument + 1)
    return {"NEWTRUE": b"\x89", "NEWFALSE": b"\x88", "NONE": b"\x88"}.get(name, b"")


def _others(value):
    """Yield values that differ in one place of their pickle from a value, with the opcode there."""
    data, whole = _cut(value)
    steps = [*pickletools.genops(data)]
    step = len(steps) // _MOST + 1
    ends = [*(at for _, _, at in steps[1:]), len(data)]
    for number, (code, argument, at) in enumerate(steps):
        ours = steps[number + 1][0].name == "BINPERSID" if number + 1 < len(steps) else False
        new = b"" if ours else _changed(code.name, argument, data[at : ends[number]])
        if new and not number % step:
            yield (code.name, argument), data[:at] + new + data[ends[number] :], whole
    for number, each in enumerate(whole):
        if isinstance(each, np.ndarray) and each.size:
            other = each.copy(order="K")
            if each.dtype.kind == "O":
                other.flat[0] = "another"
            else:
                other = np.ascontiguousarray(other)
                other.reshape(-1).view("u1")[0] ^= 1
            yield ("array", number), data, [*whole[:number], other, *whole[number + 1 :]]


@pytest.mark.parametrize("name", [name for name in MADE if name not in ARROW and name != "slice"])
@pytest.mark.filterwarnings("ignore")
def test_every_place_of_a_pickle_counts(name, monkeypatch):
    monkeypatch.delitem(copyreg.dispatch_table, FileNotFoundError, raising=False)  # where Dask has put tblib's
    value = MADE[name]()
    whole, looked_at = digest(value), 0
    before = _shown(_paste(*_cut(value)))
    for place, data, leaves in _others(value):
        try:
            other = _paste(data, leaves)
            if _shown(other) == before:
                continue
            found = digest(other)
        except Exception:  # it is nothing that its own type would make
            continue
        looked_at += 1
        assert (found == whole) is (place in NOT_COUNTED.get(name, ())), place
    assert looked_at


_ANOTHER = {
    bool: lambda value: not value,
    int: lambda value: value + 1,
    float: lambda value: value + 1,
    str: lambda value: f"{value}x",
    dict: lambda value: {**value, "x": 1},
    list: lambda value: [*value, "x"],
    type(None): lambda value: "x",
}


def _attributes(value):
    for name in dir(type(value)):
        if name[:1] != "_" and name != "strides":  # which decide where the elements are looked for
            try:
                held = getattr(value, name)
            except Exception:  # asking is what is tested; some answer with an error
                continue
            if not callable(held):
                yield name, held


def _another(value):
    if isinstance(value, np.ndarray) and value.size:
        return value[::-1] if value.ndim else value + 1
    if isinstance(value, pd.Index):
        return value[::-1]
    if isinstance(value, tuple) and len(value) > 1:
        return value[::-1]
    make = _ANOTHER.get(type(value))
    return value if make is None else make(value)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.filterwarnings("ignore")
def test_every_attribute_that_can_be_set_counts(name):
    whole, free = digest(MADE[name]()), set(NOT_COUNTED_ATTRIBUTES.get(name, ()))
    if isinstance(MADE[name](), np.ndarray):
        free |= {*NOT_COUNTED_ATTRIBUTES["array"]}
    for attribute, held in _attributes(MADE[name]()):
        value = MADE[name]()
        try:
            setattr(value, attribute, _another(held))
            if repr(getattr(value, attribute)) == repr(held):
                continue
            found = digest(value)
        except Exception:  # it cannot be set, not to that, or has no encoding then
            continue
        assert (found == whole) is (attribute in free), attribute


_FRAMES = (pd.DataFrame, pd.Series, pd.Index, pl.DataFrame, pl.Series, np.ndarray)
_NOTES = (1, "x", [1], np.ones(1), pd.Series([1]), pl.Series([1]), pd.Timestamp("2024"))


@pytest.mark.parametrize("name", MADE)
@pytest.mark.filterwarnings("ignore")
def test_whatever_else_is_set_on_an_object_counts(name):
    """Under any name that its type does not take for itself, and of any type; if it has room for it.

    What an object forgets when it is pickled does not count but for frames and columns, of which much is expected.
    """
    for attribute in ("note", "_note", "_id", "_data", "__doc__", "__name__"):
        whole = MADE[name]()
        if attribute in getattr(whole, "__dict__", {}) or (
            attribute[1:] in ("id", "data") and isinstance(whole, pd.Index)
        ):
            continue
        if isinstance(whole, pd.api.extensions.ExtensionDtype):
            continue  # pandas hands out one object for all that are equal
        found = [digest(whole)]
        for note in _NOTES:
            value = MADE[name]()
            try:
                object.__setattr__(value, attribute, note)
                if getattr(value, attribute) is not note or attribute not in vars(value):
                    continue
                if not isinstance(value, _FRAMES) and attribute not in vars(pickle.loads(pickle.dumps(value))):
                    continue
            except Exception:  # it has no room
                continue
            found.append(digest(value))
        assert len({*found}) == len(found), attribute


_LEFT_OUT = ("dump", "dumps", "info", "plot", "shuffle")
"""Methods that write files or print, or draw what nobody can foresee."""


@pytest.mark.parametrize("name", {**BUILTIN, **STANDARD, **NUMPY})
@pytest.mark.filterwarnings("ignore")
def test_every_method_that_changes_what_an_attribute_says_changes_the_digest(name):
    """Of a masked array that is the only way to some of its state."""
    whole, free = digest(MADE[name]()), set(NOT_COUNTED_ATTRIBUTES.get(name, ()))
    before = {attribute: repr(held) for attribute, held in _attributes(MADE[name]()) if attribute not in _PLACES}
    for method in dir(type(MADE[name]())):
        if method[:1] == "_" or method in _LEFT_OUT:
            continue
        value = MADE[name]()
        try:
            getattr(value, method)()
            after = {attribute: repr(held) for attribute, held in _attributes(value) if attribute in before}
        except Exception:  # it takes arguments, or is none
            continue
        changed = {attribute for attribute in after if after[attribute] != before[attribute]} - free
        if changed:
            assert digest(value) != whole, (method, changed)


_PLACES = ("data", "flat", "ctypes", "base", "sharedmask")
"""Attributes that show where something lies, and whether anything else lies there."""


@pytest.mark.parametrize("name", MADE)
@pytest.mark.filterwarnings("ignore")
def test_copies_and_what_was_asked_do_not_count(name):
    value = MADE[name]()
    whole = digest(value)
    assert digest(MADE[name]()) == digest(copy.copy(value)) == digest(copy.deepcopy(value)) == whole
    assert digest(pickle.loads(pickle.dumps(value, 5))) == whole
    for _ in _attributes(value):
        pass
    repr(value), str(value)
    if type(value).__hash__ is not None and name not in PANDAS:
        try:
            hash(value)
        except TypeError:
            pass
    assert digest(value) == whole
