"""Makes what stands beside it: stores and the record of a few runs as 0.2.0 wrote them.

It has been run once, as a script, with the wheels of 0.2.0 (commit 6139914) in an empty folder ``/pyperunner-0.2.0``
that held this file, ``table.csv`` and ``specimens.py``: ``python make.py everything`` with Python 3.10 and its
libraries, the oldest that 0.2.0 knew, and ``python make.py script`` with each Python. Never run it with another
version. Tests import this file for its pipelines and values. Its code is part of the keys in the stores, so it stays.
"""

from __future__ import annotations

import asyncio
import collections
import dataclasses
import datetime as dt
import decimal
import enum
import fractions
import functools
import os
import pathlib
import sys
import uuid
import zoneinfo
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import pyperunner_cache
from pyperunner import Pipeline, Runner, Task, run, task
from pyperunner_cache import memoize, open_store
from pyperunner_dag import File, Folder, Options, Secret

PLACE = "/pyperunner-0.2.0"
FACTOR = 3


class Color(enum.Enum):
    """An enum of a script."""

    RED = "red"
    BLUE = "blue"


@dataclasses.dataclass
class Point:
    """A dataclass of a script."""

    x: int
    y: float = 0.5


class Pair(NamedTuple):
    """A named tuple of a script."""

    first: int
    second: str


class Model:
    """A class of a script, with a method that needs another part of the script."""

    def __init__(self, weights: Any) -> None:
        self.weights = weights

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    __hash__ = None  # type: ignore[assignment]

    def predict(self, n: int) -> int:
        """Return a number."""
        return scaled(n) + len(self.weights)


class ScriptError(ValueError):
    """An error of a script."""


def scaled(n: int) -> int:
    """Return a multiple."""
    return n * FACTOR


def multiplier(by: int) -> Callable[[int], int]:
    """Return a function of a function."""
    return lambda n: n * by


@task("Load")
def load(table: File, text: str = "ä") -> list[list[str]]:
    with open(table) as file:
        return [*(line.strip().split(",") for line in file), [text]]


@task("Count", env={"COUNTED": "1"}, timeout=60, retries=1)
def count(data: list[Any], more: tuple[int, ...] = (1, 2)) -> dict[str, Any]:
    print("counting", len(data))
    return {"rows": len(data[0]), "more": more, "env": os.environ["COUNTED"], 3: None}


class Train(Task):
    """A class of a user's with options of its own."""

    options = Options(priority=1)

    @run
    def run(self, data: list[Any], rate: float, counted: Any = None) -> Model:
        return Model([rate, len(data), counted["rows"]])


@task("Array")
def array(n: int) -> Any:
    return {"small": np.arange(3), "large": np.arange(n, dtype="<f8").reshape(-1, 10)}


@task("Shapes")
def shapes(color: Color, point: Point) -> list[Any]:
    return [color, point, Pair(1, "b"), scaled, Model, Color.BLUE]


@task("Secretive")
def secretive(password: str) -> str:
    return "known" if password else "unknown"


@task("Found")
def found() -> File:
    return File("/proc/sys/kernel/ostype")


@task("Fails")
def fails() -> None:
    raise ScriptError("no luck", 7)


@task("After")
def after(data: list[Any]) -> Any:
    return data


def flow(rate: float = 0.5) -> Pipeline:
    """Return the pipeline of which the store holds all outputs, with two rates."""
    loaded = load(table=File("table.csv"))
    counted = count("all")(loaded)
    trained = Train("model", rate=rate, counted=counted)(loaded)
    shaped = shapes(color=Color.RED, point=Point(1, 2.5))
    password = secretive(password=Secret(env="FLOW_PASSWORD", key="account"))
    last = after("last")([trained, shaped])
    return Pipeline("flow", [loaded, array(n=1000), password, found(), last], version="1")


def failing() -> Pipeline:
    """Return the pipeline of which one task fails."""
    return Pipeline("failing", [after("failed")(fails()), count("all")(load(table=File("table.csv")))])


def opaque() -> Pipeline:
    """Return a pipeline with params of every form that YAML has for them, and one that it has none for."""
    values = [
        (1, 2.5),
        {"a": {1}},
        {2: b"x"},
        1j,
        Color.RED,
        Point(1),
        scaled,
        functools.partial(scaled, 2),
        np.arange(3),
    ]
    more = [dt.datetime(2024, 2, 29, 1, 2), pathlib.PurePosixPath("a/b"), File("table.csv"), Folder(".", "table.*")]
    return Pipeline("opaque", [load("plain", table=values, text=[*more]), load("opaque", table=Model([1]), text="t")])


def plain() -> dict[str, Any]:
    """Return builtins and values of the standard library: what has a form of its own, pickle aside."""
    return {
        "none": None,
        "true": True,
        "int": -7,
        "huge": 2**70,
        "float": -0.0,
        "complex": 1 - 2j,
        "text": "ä\ud800\0",
        "long text": "é" * 5000,
        "bytes": b"\0\xff",
        "long bytes": bytes(range(256)) * 20,
        "bytearray": bytearray(b"ab"),
        "list": [1, [2, []], "x"],
        "tuple": (1, (2, ())),
        "dict": {"b": 1, (1, 2): [3], 4: None},
        "set": {1, "x", (2,)},
        "frozenset": frozenset({b"k"}),
        "range": range(1, 9, 2),
        "slice": slice(None, 3),
        "ellipsis": ...,
        "datetime": dt.datetime(2024, 2, 29, 1, 2, 3, 4, dt.timezone.utc),
        "zoned": dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        "date": dt.date(2024, 2, 29),
        "time": dt.time(1, 2, fold=1),
        "timedelta": dt.timedelta(-1, 5),
        "timezone": dt.timezone(dt.timedelta(hours=2), "X"),
        "decimal": decimal.Decimal("-1.10"),
        "fraction": fractions.Fraction(1, 3),
        "uuid": uuid.UUID(int=7),
        "path": pathlib.PurePosixPath("a/b"),
        "rows": [(number, "text", None) for number in range(20)],
        "array": np.arange(12, dtype="<i4").reshape(3, 4),
        "fortran": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "large array": np.arange(2000.0),
        "times": np.array(["2024-02-29", "NaT"], dtype="M8[ns]"),
        "scalar": np.float32(1.5),
        "record": np.array([(1, 2.5)], dtype=[("a", "<i4"), ("b", "<f8")]),
        "masked": np.ma.masked_array([1, 2, 3], [False, True, False]),
    }


def pickled() -> dict[str, Any]:
    """Return values that are kept as pickles."""
    twice = [1, 2]
    return {
        "shared": [twice, twice, {"again": twice}],
        "ordered dict": collections.OrderedDict([("b", 1), ("a", 2)]),
        "default dict": collections.defaultdict(list, a=[1]),
        "counter": collections.Counter("aab"),
        "deque": collections.deque([1, 2], maxlen=3),
        "error": ValueError("x", 1),
        "os error": FileNotFoundError(2, "no such file", "x.csv"),
        "group": [KeyError("k"), StopIteration(3)],
        "function": os.path.join,
        "class": decimal.Decimal,
        "partial": functools.partial(int, base=2),
        "objects": np.array([1, "a", None], dtype=object),
        "array with buffer": [np.arange(2000.0), twice, twice],
    }


def frames() -> dict[str, Any]:
    """Return frames and series of pandas and polars."""
    import pandas
    import polars

    numbers = pandas.DataFrame({"n": [1, 2], "x": [0.5, float("nan")]}, index=pandas.Index([10, 20], name="i"))
    return {
        "frame": numbers,
        "times": pandas.DataFrame({"t": np.array(["2024-02-29", "NaT"], "M8[ns]")}),
        "series": pandas.Series([1.5, 2.5], name="s"),
        "polars frame": polars.DataFrame({"n": [1, None], "text": ["a", "ä"]}),
        "polars series": polars.Series("s", [1, 2]),
    }


def files() -> dict[str, Any]:
    """Return values that stand for what is on disk on every Linux, and one that is there no more."""
    return {
        "file": File("/proc/sys/kernel/ostype"),
        "folder": Folder("/", "pyperunner-0.2.0-has-no-such-folder/*.csv"),
        "nested": {"both": (File("/proc/sys/kernel/ostype"), [Folder("/", "no-such-folder-either/*")])},
        "pickled file": collections.OrderedDict(f=File("/proc/sys/kernel/ostype")),
        "lost": File(f"{PLACE}/lost.txt"),
    }


def script() -> dict[str, Any]:
    """Return values of this script's own classes and functions."""
    return {
        "enum": Color.RED,
        "dataclass": Point(1, 2.5),
        "named tuple": Pair(1, "b"),
        "instance": Model([1, (2,)]),
        "error": ScriptError("x", 2),
        "class": Model,
        "function": scaled,
        "method": Model([1]).predict,
        "lambda": multiplier(3),
        "dict": {"color": Color.BLUE, "points": [Point(1), Point(2)]},
        "task class": Train,
        "decorated": after,
        "task": Train("stored", rate=1.5),
        "secret": [Secret(env="FLOW_PASSWORD", key="account"), Options(retries=2, retry_on=[ScriptError])],
    }


def squared(n: int, verbose: bool = False) -> dict[str, int]:
    """Return a square."""
    return {"n": n, "square": n * n * FACTOR}


async def slowly(n: int) -> int:
    """Return a number, later."""
    await asyncio.sleep(0)
    return n + 1


def memoized(store: Any) -> tuple[Any, Any]:
    """Return the memoized functions of the store."""
    return memoize(store, ignore=["verbose"])(squared), memoize(store, name="slow")(slowly)


KINDS = {"plain": plain, "pickled": pickled, "frames": frames, "files": files, "script": script}


def key(kind: str, label: str) -> str:
    """Return the key under which a value lies."""
    return f"{kind.title()}({label})/{uuid.uuid5(uuid.NAMESPACE_OID, label).hex}"


def store_values(store: Any, kinds: tuple[str, ...], **options: Any) -> None:
    """Store all values of some kinds."""
    for kind in kinds:
        for label, value in KINDS[kind]().items():
            store.save(
                key(kind, label), value, {"seconds": 0.5, "label": label, "at": (1, dt.date(2024, 2, 29))}, **options
            )


def everything() -> None:
    """Make stores and runs."""
    from specimens import specimens

    pathlib.Path("lost.txt").write_text("lost\n")
    os.environ.update(FLOW_PASSWORD="s3cret", STORE_KEY="key")
    runner = Runner("data", "runs")
    for rate in (0.5, 0.25):
        runner.run(flow(rate))
    runner.run(failing())
    runner.results()
    flow().to_file("flow.yaml")
    opaque().to_file("opaque.yaml")

    store_values(open_store("values"), tuple(KINDS))
    store_values(open_store("values-raw", codec="raw"), ("plain", "files"))
    store_values(open_store("values-safe", trust="safe", max_size="1 GB"), ("plain",))
    frame = frames()
    with open_store("values-safe", trust="safe", level=9) as safe:
        for label in ("frame", "series", "polars frame"):
            safe.save(key("frames", label), frame[label])
        safe.save(key("files", "nested"), files()["nested"])
    with open_store("values-signed", signing_key="env:STORE_KEY") as signed:
        signed.save(key("plain", "dict"), plain()["dict"])
    with open_store("sqlite:///values.db", codecs={"Plain(array)": "raw"}) as database:
        store_values(database, tuple(KINDS))
        for name, value in specimens().items():
            if not name.endswith(("Backend", ".File")):
                database.save(f"Specimen({name})/0", value)
    with open_store("values") as store:
        store.alias("Alias(to a value)/0", key("plain", "dict"), {"why": "accepted"})
        store.alias("Alias(to a file)/0", key("files", "file"))
        store.alias("Alias(to an alias)/0", "Alias(to a value)/0")
        square, slow = memoized(store)
        assert square(3, verbose=True) == square(3)
        assert square(np.int64(4))["n"] == 4
        assert asyncio.run(slow(1)) == 2


if __name__ == "__main__":
    if pyperunner_cache.__version__ != "0.2.0" or pathlib.Path.cwd() != pathlib.Path(PLACE):
        raise SystemExit(f"this is for 0.2.0, in {PLACE}")
    if sys.argv[1] == "everything":
        everything()
    else:
        with open_store(f"script-3.{sys.version_info.minor}") as own:
            store_values(own, ("script",))
