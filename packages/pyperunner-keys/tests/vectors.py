"""Golden vectors: values by name. Run as a script, it prints name and encoding of each as JSON lines."""

import collections
import collections.abc
import datetime as dt
import decimal
import enum
import fractions
import pathlib
import re
import typing
import uuid
import zoneinfo

VALUES = {
    "none": None,
    "true": True,
    "false": False,
    "one": 1,
    "minus one": -1,
    "big": 2**64,
    "huge": -(10**5000),
    "float": 1.0,
    "zero": 0.0,
    "minus zero": -0.0,
    "nan": float("nan"),
    "minus nan": -float("nan"),
    "infinity": float("-inf"),
    "complex": complex(-0.0, 2),
    "empty text": "",
    "text": "ä€😀",
    "surrogate": "\ud800",
    "bytes": b"\x00\xff",
    "bytearray": bytearray(b"\x00"),
    "list": [1, [2, []]],
    "tuple": (1, (2, ())),
    "dict": {"b": 1, "a": [2]},
    "mixed keys": {1: "a", "1": "b", (1,): "c", None: "d", 1.5: "e"},
    "set": {"b", "a", 1, (2, 3)},
    "frozenset": frozenset({frozenset({1}), 2}),
    "date": dt.date(2024, 2, 29),
    "datetime": dt.datetime(2024, 2, 29, 12, 30, 1, 5),
    "utc": dt.datetime(2024, 2, 29, tzinfo=dt.timezone.utc),
    "offset": dt.datetime(2024, 2, 29, tzinfo=dt.timezone(dt.timedelta(hours=2), "X")),
    "zone": dt.datetime(2024, 7, 1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    "fold": dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
    "time": dt.time(1, 2, 3),
    "timedelta": dt.timedelta(days=-1, microseconds=1),
    "decimal": decimal.Decimal("1.10"),
    "decimal nan": decimal.Decimal("NaN"),
    "fraction": fractions.Fraction(1, 3),
    "uuid": uuid.UUID(int=5),
    "posix path": pathlib.PurePosixPath("a/b"),
    "windows path": pathlib.PureWindowsPath("a/b"),
    "path": pathlib.Path("a"),
    "range": range(1, 10, 2),
    "slice": slice(None, 5),
    "ellipsis": ...,
    "pattern": re.compile("a+", re.I),
    "ordered dict": collections.OrderedDict([("b", 1), ("a", 2)]),
    "default dict": collections.defaultdict(None, b=1, a=2),
    "counter": collections.Counter("aab"),
    "deque": collections.deque([1, 2], maxlen=3),
    "error": ValueError("x", 1),
    "class": int,
    "function": len,
    "flags": re.I | re.M,
    "standard enum": enum.Enum,
    "hint any": typing.Any,
    "hint union": typing.Union,
    "hint annotated": typing.Annotated,
    "hint literal": typing.Literal,
    "hint list": list[int],
    "hint old list": typing.List[typing.Any],  # noqa: UP006
    "hint call": collections.abc.Callable[[int], str],
    "hint old call": typing.Callable[[int], str],
    "hint optional": typing.Optional[int],  # noqa: UP045
    "hint union of": typing.Union[int, str],  # noqa: UP007
    "hint literal of": typing.Literal["a", 1],
    "hint annotated with": typing.Annotated[int, "x"],
    "hint tuple": typing.Tuple[int, ...],  # noqa: UP006
}

if __name__ == "__main__":
    import json

    from pyperunner_keys import encode

    for name, value in VALUES.items():
        print(json.dumps([name, encode(value).decode("latin-1")]))
