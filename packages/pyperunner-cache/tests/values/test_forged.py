"""Values that anybody may have written: where no pickle is allowed nothing runs, and what is no value costs nothing."""

from __future__ import annotations

import dataclasses
import enum
import io
import random
import struct
import subprocess
import sys
import tracemalloc
from collections import namedtuple
from fractions import Fraction

import msgpack
import pytest

from pyperunner_cache import DamagedEntryError, ForeignEntryError, UnstorableError
from pyperunner_cache.values.pack import pack, unpack
from pyperunner_cache.values.type_codes import Code

pytestmark = pytest.mark.timeout(30)

HERE = __name__
MODULUS = sys.hash_info.modulus
ran: list[str] = []


@pytest.fixture(autouse=True)
def _nothing_runs(monkeypatch):
    monkeypatch.setitem(sys.modules, HERE, sys.modules.get(HERE) or _this_module())
    ran.clear()
    yield
    assert ran == []


def _this_module():
    import types

    module = types.ModuleType(HERE)
    vars(module).update(globals())
    return module


@dataclasses.dataclass
class Watched:
    x: int = 0

    @property
    def y(self):
        return 1

    @y.setter
    def y(self, value):
        ran.append("setter")

    def __post_init__(self):
        ran.append("__post_init__")

    def __setstate__(self, state):
        ran.append("__setstate__")


@dataclasses.dataclass
class Dying:
    x: int

    def __del__(self):
        ran.append("__del__")


@dataclasses.dataclass
class Hashing:
    x: int

    def __hash__(self):
        ran.append("__hash__")
        return 1


class Asked(enum.Flag):
    ONE = 1

    @classmethod
    def _missing_(cls, value):
        ran.append("_missing_")


Pair = namedtuple("Pair", "one two")


class DyingPair(Pair):
    def __del__(self):
        ran.append("__del__")


def ext(code, content):
    return msgpack.ExtType(code, content if isinstance(content, bytes) else packed(content))


def packed(content):
    return msgpack.packb(content, unicode_errors="surrogatepass")


def nested(levels, code=Code.TUPLE, content=b"\x01"):
    for _ in range(levels):
        content = packed(msgpack.ExtType(code, b"\x91" + content))
    return content


ENDLESS = ext(Code.RANGE, [0, 1 << 62, 1])
NUMBER = ext(Code.NUMPY_SCALAR, ["<i8", (1 << 40).to_bytes(8, "little")])
FORGED = {
    "fraction of a text": ext(Code.FRACTION, ["1e999999999"]),
    "fraction of texts": ext(Code.FRACTION, ["1", "3"]),
    "fraction by zero": ext(Code.FRACTION, [1, 0]),
    "tuple of a range": ext(Code.TUPLE, ENDLESS),
    "set of a range": ext(Code.SET, ENDLESS),
    "frozenset of a range": ext(Code.FROZENSET, ENDLESS),
    "rows of a range": ext(Code.ROWS, ENDLESS),
    "date of a range": ext(Code.DATE, ENDLESS),
    "datetime of a range": ext(Code.DATETIME, ENDLESS),
    "slice of a range": ext(Code.SLICE, ENDLESS),
    "range of a range": ext(Code.RANGE, ENDLESS),
    "enum of a range": ext(Code.ENUM, ENDLESS),
    "named tuple of a range": ext(Code.NAMEDTUPLE, ENDLESS),
    "date of pickled bytes": ext(Code.DATE, [b"\x07\xe8\x01\x01"]),
    "timedelta of floats": ext(Code.TIMEDELTA, [1e300, 0, 0]),
    "timedelta of large numbers": ext(Code.TIMEDELTA, [0, 1 << 60, 0]),
    "time zone elsewhere": ext(Code.ZONEINFO, "../../../../etc/passwd"),
    "time zone by another name": ext(Code.ZONEINFO, "x" * 100_000),
    "time zone of no name": ext(Code.ZONEINFO, 1),
    "decimal of a number": ext(Code.DECIMAL, 1),
    "decimal of parts": ext(Code.DECIMAL, [0, [1], 5]),
    "uuid of a list": ext(Code.UUID, [[0] * 16, None]),
    "path of a file": ext(Code.PATH, ["PosixPath", ext(Code.FILE, {"path": "x", "place": "/x", "digest": ""})]),
    "path of another kind": ext(Code.PATH, ["os", "x"]),
    "bytearray by a number": ext(Code.BYTEARRAY, 1 << 40),
    "bytearray by a numpy number": ext(Code.BYTEARRAY, NUMBER),
    "bytearray by truth": ext(Code.BYTEARRAY, True),
    "bytes of no part": ext(Code.BYTES_PART, -1),
    "text of no part": ext(Code.STR_PART, 7),
    "array of no type": ext(Code.NDARRAY, ["", [1], "C", b"x"]),
    "array of a type of ours": ext(Code.NDARRAY, [f"{HERE}.Watched", [1], "C", b"x"]),
    "array of texts elsewhere": ext(Code.NDARRAY, ["T", [1], "C", bytes(16)]),
    "array of objects within": ext(Code.NDARRAY, [[["a", "|O"]], [1], "C", bytes(8)]),
    "array of many parts": ext(Code.NDARRAY, ["(1000000,)f8", [0], "C", b""]),
    "array of a large part": ext(Code.NDARRAY, [[["a", "<f8", [1 << 40]]], [0], "C", b""]),
    "array of odd fields": ext(Code.NDARRAY, [[["a"]], [0], "C", b""]),
    "array by a numpy number": ext(Code.NDARRAY, ["|u1", [1 << 40], "C", NUMBER]),
    "array of too many axes": ext(Code.NDARRAY, ["|u1", [1] * 1000, "C", b"x"]),
    "array of huge axes": ext(Code.NDARRAY, ["|u1", [1 << 62] * 60, "C", b""]),
    "scalar of a number": ext(Code.NUMPY_SCALAR, ["|u1", 1 << 40]),
    "scalar of too few bytes": ext(Code.NUMPY_SCALAR, ["<f8", b"1"]),
    "masked range": ext(Code.MASKED_ARRAY, [ENDLESS, None, None, False]),
    "mask of another shape": ext(
        Code.MASKED_ARRAY,
        [ext(Code.NDARRAY, ["|u1", [1], "C", b"x"]), ext(Code.NDARRAY, ["|b1", [0], "C", b""]), None, False],
    ),
    "frame of a number": ext(Code.PANDAS_FRAME, [1 << 40]),
    "frame of nothing": ext(Code.POLARS_FRAME, [1, b"ARROW1" + bytes(100) + b"ARROW1"]),
    "series of no frame": ext(Code.POLARS_SERIES, ["x", 1]),
    "series of another class": ext(Code.POLARS_SERIES, ["x", ext(Code.NAMEDTUPLE, [HERE, "Pair", 1, 2])]),
    "file of no place": ext(Code.FILE, ["path", "place", "digest"]),
    "folder that leads out": ext(Code.FOLDER, {"path": "x", "place": "/x", "glob": "../*", "digest": ""}),
    "pickle": ext(Code.PICKLE, [1, []]),
    "unknown": ext(99, b""),
    "class without a name": ext(Code.DATACLASS, [1, 2, {}]),
    "class with a setter": ext(Code.DATACLASS, [HERE, "Watched.y.fset", {}]),
    "class that dies": ext(Code.DATACLASS, [HERE, "Dying", {"x": 1}]),
    "class that hashes": ext(Code.SET, [ext(Code.DATACLASS, [HERE, "Hashing", {"x": 1}])]),
    "class of another kind": ext(Code.DATACLASS, [HERE, "Pair", {}]),
    "attributes by number": ext(Code.DATACLASS, [HERE, "Watched", {1: 2}]),
    "tuple that dies": ext(Code.NAMEDTUPLE, [HERE, "DyingPair", 1, 2]),
    "tuple of too many": ext(Code.NAMEDTUPLE, [HERE, "Pair", 1, 2, 3]),
    "tuple of another kind": ext(Code.NAMEDTUPLE, ["os", "stat_result", *range(10)]),
    "flags that ask": ext(Code.ENUM, [HERE, "Asked", 2]),
    "member that is none": ext(Code.ENUM, [HERE, "Asked", "_missing_"]),
    "module that is not imported": ext(Code.DATACLASS, ["this_module_is_not_there", "X", {}]),
    "lazy name of a module": ext(Code.DATACLASS, ["concurrent.futures", "ProcessPoolExecutor", {}]),
    "keys of one hash": {ext(Code.INT, (1 + n * MODULUS).to_bytes(16, "little")): 0 for n in range(20_000)},
    "members of one hash": ext(
        Code.SET, [ext(Code.COMPLEX, struct.pack("<dd", -n * 1000003.0, n)) for n in range(20_000)]
    ),
    "copies in copies": nested(100, Code.TUPLE, packed(bytes(1 << 20))),
    "deep": nested(5000),
    "deep sets": nested(3000, Code.FROZENSET),
    "deep lists": b"\x91" * 5000 + b"\x01",
    "deep rows": ext(Code.ROWS, b"\x91" * 1100 + b"\x01"),
}


def refusal(skeleton, *parts):
    """Return what is said of the failure to unpack, having seen that it takes little memory and is one of ours."""
    tracemalloc.start()
    try:
        unpack([skeleton if isinstance(skeleton, bytes) else packed(skeleton), *parts], pickles=False)
    except (DamagedEntryError, ForeignEntryError) as error:
        found = str(error)
    else:
        found = ""
    finally:
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 64 << 20
    assert len(found) < 1000
    return found


@pytest.fixture(scope="session", autouse=True)
def _libraries():
    """Import what is imported when a value needs it, so that its memory does not count."""
    for name in ("numpy", "polars", "pandas", "pyarrow", "concurrent.futures"):
        pytest.importorskip(name)


@pytest.mark.parametrize("what", FORGED)
def test_what_is_no_value_is_refused(what):
    before = set(sys.modules)
    assert refusal(FORGED[what])
    assert {
        name for name in set(sys.modules) - before if not name.startswith(("pyperunner_cache", "pyperunner_text"))
    } == set()


def test_attributes_reach_no_setter():
    content = packed(ext(Code.DATACLASS, [HERE, "Watched", {"x": 1, "y": 2, "__class__": 3}]))
    value = unpack([content], pickles=False)
    assert type(value).__name__ == "Watched"
    assert vars(value) == {"x": 1, "y": 2, "__class__": 3}


def test_an_array_of_elements_without_bytes_takes_none():
    assert unpack([packed(ext(Code.NDARRAY, ["|S0", [1 << 40], "C", b""]))], pickles=False).nbytes == 0


def test_a_part_belongs_to_one_place():
    twice = packed([ext(Code.BYTES_PART, 1), ext(Code.BYTES_PART, 1)])
    assert "twice" in (refusal(twice, bytes(100)))


def test_large_fractions_take_no_time():
    large = [ext(Code.INT, (n + (1 << 8_000_000)).to_bytes(1_000_001, "little")) for n in (1, 2)]
    value = unpack([packed(ext(Code.FRACTION, large))], pickles=False)
    assert value.denominator == 2 + (1 << 8_000_000)
    assert unpack(pack(Fraction(6, 4)), pickles=False) == Fraction(3, 2)


DEPTHS = {
    "tuples": lambda inner: (inner, 1),
    "sets": lambda inner: frozenset([inner, 1]),
    "named tuples": lambda inner: Pair(1, inner),
    "keys": lambda inner: {(1, *inner): 2} if isinstance(inner, tuple) else ((1, tuple(inner) if inner != 1 else 1),),
    "values": lambda inner: {"a": (inner, 2**70, 1j)},
}


@pytest.mark.parametrize("levels", [3, 5, 30])
@pytest.mark.parametrize("kind", DEPTHS)
def test_what_lies_deep_comes_back(kind, levels):
    value = 1
    for _ in range(levels // 2 if kind in ("keys", "values") else levels):
        value = DEPTHS[kind](value)
    assert unpack(pack(value, pickles=False), pickles=False) == value


def test_what_earlier_releases_wrote_deep_comes_back():
    value = unpack([nested(200)])
    for _ in range(200):
        (value,) = value
    assert value == 1


def test_what_lies_too_deep_is_refused_by_its_path():
    value = ()
    for _ in range(60):
        value = (value,)
    with pytest.raises(UnstorableError, match=r"result(\[0\]){35} .*levels deep"):
        pack([value], pickles=False)
    assert unpack(pack([value])) == [value]


@pytest.mark.skipif(sys.platform == "win32", reason="the stack of threads is another matter there")
def test_a_small_stack_is_enough():
    code = f"""
import threading
from pyperunner_cache.values.pack import pack, unpack
value = ()
for _ in range(33): value = (value, 1)
def work():
    assert unpack(pack(value, pickles=False), pickles=False) == value
    unpack([{nested(200)!r}])
threading.stack_size(512 << 10)
thread = threading.Thread(target=work)
thread.start()
thread.join()
print("done")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "done\n", done.stderr


@pytest.mark.parametrize("compression", ["lz4", "zstd"])
def test_a_compressed_frame_is_refused(compression):
    import polars as pl

    file = io.BytesIO()
    pl.DataFrame({"x": [0] * 1000}).write_ipc(file, compression=compression)
    assert "compressed" in (refusal(ext(Code.POLARS_FRAME, [1000, file.getvalue()])))


def test_a_frame_of_nothing_but_rows_is_refused():
    import pyarrow as pa

    sink = pa.BufferOutputStream()
    table = pa.table({"x": pa.nulls(10_000_000)})
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    assert "rows" in (refusal(ext(Code.PANDAS_FRAME, [bytes(sink.getvalue())])))


def test_a_frame_with_any_flipped_byte_is_a_frame_or_refused():
    flip(random.Random(5), 60)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_a_frame_with_any_flipped_byte_is_a_frame_or_refused_many_times():
    flip(random.Random(6), 20_000)


def flip(chance, times):
    import pandas as pd
    import polars as pl

    frames = pl.DataFrame({"a": [1, 2], "b": ["x", None]}), pd.DataFrame({"a": [1, 2], "b": ["x", "yz"]})
    contents = [pack(frame, pickles=False)[0] for frame in frames]
    for _ in range(times):
        content = bytearray(chance.choice(contents))
        for _ in range(chance.choice((1, 1, 2, 8))):
            content[chance.randrange(len(content))] = chance.choice((0, 1, 0x7F, 0x80, 0xFF, chance.randrange(256)))
        refusal(bytes(content))
