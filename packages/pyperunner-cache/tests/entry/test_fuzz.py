"""Entries with valid seals and anything within: a call gives a value or an error of ours, soon and in little memory."""

from __future__ import annotations

import collections
import copy
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import random
import sys
import time
import tracemalloc
import types
import uuid
import warnings

import msgpack
import pytest

from pyperunner_cache import CacheError, open_store
from pyperunner_cache.codecs.gzip import GzipCodec
from pyperunner_cache.codecs.raw import RawCodec
from pyperunner_cache.entry.draft import Draft
from pyperunner_cache.values.pack import pack
from pyperunner_cache.values.type_codes import Code
from pyperunner_keys import File, Folder

KEY, OTHER = "T()/1", "T()/2"
SECONDS, BYTES = 0.1, 64 << 20
MODULE = "module_of_the_fuzzer"


@dataclasses.dataclass
class Point:
    x: int
    y: object = None


class Colour(enum.Enum):
    RED = 1
    BLUE = "b"


class Right(enum.Flag):
    READ = 1
    WRITE = 2


Pair = collections.namedtuple("Pair", "one two")


@pytest.fixture(autouse=True)
def _module(monkeypatch):
    module = types.ModuleType(MODULE)
    monkeypatch.setitem(sys.modules, MODULE, module)
    for cls in (Point, Colour, Right, Pair):
        monkeypatch.setattr(cls, "__module__", MODULE)
        setattr(module, cls.__name__, cls)


@pytest.fixture
def seeds(tmp_path):
    """Skeleton and parts of values of all kinds."""
    np, pd, pl = (pytest.importorskip(name) for name in ("numpy", "pandas", "polars"))
    file = tmp_path / "file"
    file.write_text("content")
    values = [
        {"a": 1, "b": [1, 2.5, None, "x" * 50]},
        [(1, (2, (3,))), {1, "x"}, frozenset({b"k"}), {(1, 2): [3], 4: None}, range(1, 9, 2), slice(None, 3)],
        [2**70, -(2**90), 1j, -0.0, ..., bytearray(b"ab"), bytearray(6000), "\ud800"],
        [
            dt.datetime(2024, 2, 29, 1, 2, 3, 4, dt.timezone.utc),
            dt.date(2024, 2, 29),
            dt.time(1, 2),
            dt.timedelta(-1, 5),
        ],
        [decimal.Decimal("-1.10"), fractions.Fraction(1, 3), uuid.UUID(int=7), pathlib.PurePosixPath("a/b")],
        [Point(1, Point(2)), Colour.RED, Right.READ | Right.WRITE, Pair(1, [2])],
        [(number, "text", None) for number in range(20)],
        [np.arange(6).reshape(2, 3), np.float32(1), np.array(["a", "bc"]), np.zeros(3, "i4,f8"), np.zeros(3000)],
        np.ma.masked_array([1, 2], [True, False]),
        pd.DataFrame({"a": [1, 2], "b": ["x", "yz"]}),
        pl.DataFrame({"a": [1, 2], "b": ["x", None]}),
        [File(file), Folder(tmp_path, "*.txt")],
        "x" * (1 << 20),
        ((((((((1,), 2), 3), 4), 5), 6), 7), 8),
    ]
    return [pack(value, pickles=False) for value in values]


EVIL = [
    *(
        None,
        True,
        False,
        0,
        1,
        -1,
        255,
        1 << 31,
        1 << 62,
        (1 << 64) - 1,
        -(1 << 63),
        0.5,
        1e308,
        float("nan"),
        float("inf"),
    ),
    *(
        "",
        "x",
        "a" * 5000,
        "..",
        "/",
        "/dev/zero",
        "/dev/stdin",
        "os",
        "system",
        "builtins",
        "exec",
        "__class__",
        MODULE,
    ),
    *(
        "Point",
        "Colour",
        "Pair",
        "RED",
        "C",
        "F",
        "<f8",
        "|O",
        "|S0",
        "<U100000000",
        "M8[ns]",
        "1e999999999",
        "PosixPath",
    ),
    *(b"", b"x", bytes(100), b"\xff" * 16, b"\x91" * 1000, [], {}, [[]], [1] * 50, {"a": 1}, {1: 2}, [1 << 62] * 3),
]


def evil(chance):
    if chance.random() < 0.3:
        return Ext(chance.choice([*map(int, Code), 99]), copy.deepcopy(chance.choice(EVIL)))
    return copy.deepcopy(chance.choice(EVIL))


class Ext:
    """An extension object whose content, a tree or bytes, can be changed."""

    def __init__(self, code, content):
        self.code, self.content = code, content


def tree_of(data):
    """Return the nested objects of a skeleton."""

    def opened(code, content):
        try:
            return Ext(code, tree_of(content))
        except ValueError:
            return Ext(code, content)

    return msgpack.unpackb(data, ext_hook=opened, strict_map_key=False, unicode_errors="surrogatepass")


def packed(tree):
    return msgpack.packb(closed(tree), unicode_errors="surrogatepass")


def closed(tree):
    if type(tree) is Ext:
        return msgpack.ExtType(tree.code % 128, tree.content if type(tree.content) is bytes else packed(tree.content))
    if type(tree) is list:
        return [closed(item) for item in tree]
    if type(tree) is dict:
        return {key if key.__hash__ else repr(key): closed(item) for key, item in zip(map(closed, tree), tree.values())}
    return tree


def steps_of(tree):
    """Return the holders of all places directly within, and where in them."""
    if type(tree) is Ext:
        return [(vars(tree), "content")] * 4 + [(vars(tree), "code")]
    if type(tree) is list:
        return [(tree, at) for at in range(len(tree))]
    return [(tree, at) for at in tree] if type(tree) is dict else []


def mutate(chance, tree):
    """Change one place in a tree; return the tree."""
    steps, at = steps_of(tree), tree
    if not steps:
        return evil(chance)
    while steps:
        holder, step = chance.choice(steps)
        at = holder[step]
        steps = steps_of(at) if chance.random() < 0.8 else []
    what = chance.randrange(8)
    if what == 0 and type(holder) is list:
        del holder[step]
    elif what == 1 and type(holder) is list:
        holder.insert(step, at)
    elif step == "code":
        holder[step] = chance.randrange(128)
    elif what == 2 and type(at) is bytes and at:
        changed = bytearray(at)
        changed[chance.randrange(len(at))] = chance.randrange(256)
        holder[step] = bytes(changed[: chance.randrange(len(at) + 1)] if chance.random() < 0.3 else changed)
    elif what == 3 and type(at) is int:
        holder[step] = at + chance.choice((-1, 1, 1 << 40)) if abs(at) < 1 << 60 else 0
    elif what == 4:
        for _ in range(chance.choice((1, 5, 40, 300))):
            at = Ext(int(chance.choice((Code.TUPLE, Code.SET, Code.FROZENSET))), [at])
        holder[step] = at
    else:
        holder[step] = evil(chance)
    return tree


def forge(store, chance, seeds):
    """Put an entry whose head, skeleton or parts are not what a store writes, under a valid seal."""
    skeleton, *parts = chance.choice(seeds)
    tree = tree_of(bytes(skeleton))
    for _ in range(chance.choice((0, 1, 1, 1, 2, 5))):
        tree = mutate(chance, tree)
    if parts and chance.random() < 0.3:
        parts = [bytes(part)[: chance.randrange(len(part) + 1)] for part in parts]
    fields = {}
    while chance.random() < 0.3:
        fields[chance.choice(FIELDS)] = closed(evil(chance)) if chance.random() < 0.5 else chance.choice(KNOWN)
    try:
        content = packed(tree)
    except (ValueError, OverflowError, RecursionError):
        content = b"\x01"
    codec = chance.choice((GzipCodec(), RawCodec()))
    draft = Draft(KEY, [content, *parts], codec, fields, None)
    store.backend.put(KEY, draft.chunks(), codec.filename)


FIELDS = ["key", "codec", "parts", "saved", "meta", "alias", "files", "classes", "pickle", "store", "count", "other"]
KNOWN = [
    [KEY, "00" * 16],
    [OTHER, "00" * 16],
    [[MODULE, "Point"]],
    [["os", "system"]],
    [{"path": "x", "place": "/dev/zero", "digest": "d"}],
    [{"path": "x", "place": "/", "glob": "**/*", "digest": "d"}],
    [{"path": "x", "place": "/proc", "glob": "*/*/*/*", "digest": "d"}],
    [1 << 40],
    [1] * 1000,
    msgpack.packb({"seconds": 1}),
    msgpack.packb(msgpack.ExtType(Code.PICKLE, b"x")),
]
CALLS = [
    lambda store: store.load(KEY),
    lambda store: store.meta(KEY),
    lambda store: store.files([KEY]),
    lambda store: store.unusable([KEY]),
    lambda store: store.verify("T()"),
    lambda store: store.alias(OTHER, KEY),
]


def fuzz(store, seeds, seed, times):
    """Return the tries that took too long, or too much, or failed with an error of others."""
    wrong = []
    for number in range(times):
        chance = random.Random(f"{seed} {number}")
        forge(store, chance, seeds)
        call = chance.choice(CALLS[:1] * 6 + CALLS)
        tracemalloc.start()
        begin = time.thread_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                call(store)
        except CacheError:
            pass
        except Exception as error:
            wrong.append((seed, number, f"{type(error).__name__}: {error!s:.200}"))
        seconds, peak = time.thread_time() - begin, tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        if seconds > SECONDS * 5 or peak > BYTES:  # tracing makes everything a few times slower
            wrong.append((seed, number, f"{seconds:.3f} s, {peak:,} bytes"))
    return wrong


@pytest.mark.parametrize("url", ["{}/s", "memory://"])
def test_forged_entries(tmp_path, seeds, url):
    with open_store(url.format(tmp_path), trust="safe") as store:
        fuzz(store, seeds, "warm", 30)  # imports count once
        assert fuzz(store, seeds, 1, 150) == []


@pytest.mark.long
@pytest.mark.timeout(7200)
def test_forged_entries_for_long(tmp_path, seeds):
    with open_store("memory://", trust="safe") as store:
        fuzz(store, seeds, "warm", 30)
        assert fuzz(store, seeds, 2, 300_000) == []
