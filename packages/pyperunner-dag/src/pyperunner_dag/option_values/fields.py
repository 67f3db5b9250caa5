"""Fields of options: the default of each, and its check, which returns a value in its one form or says why not."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import TypeAlias, TypeGuard

    _Check: TypeAlias = Callable[[object], object]

__all__ = ["FIELDS"]

_UNITS = {
    unit.lower(): base**power
    for power, letter in enumerate("kMGT", start=1)
    for unit, base in ((f"{letter}B", 1000), (f"{letter}iB", 1024))
}
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
_AGE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([smhdw])\s*")
_SIZE = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _optional(check: _Check) -> _Check:
    return lambda value: None if value is None else check(value)


def _timeout(value: object) -> float:
    if not _is_number(value) or value <= 0:
        raise ValueError(f"it takes seconds, more than 0, not {value!r}; leave it out for no limit")
    return float(value)


def _retries(value: object) -> int:
    if not _is_count(value) or value < 0:
        raise ValueError(f"it takes a whole number, how often a failed task is tried again, not {value!r}")
    return value


def _backoff(value: object) -> float:
    if not _is_number(value) or value < 0:
        raise ValueError(f"it takes seconds before the first retry, 0 or more, not {value!r}")
    return float(value)


def _retry_on(value: object) -> tuple[object, ...]:
    found = (value,) if isinstance(value, (str, type)) else _items(value, "retry_on=[OSError, 'Timeout']")
    for item in found:
        if not (isinstance(item, type) and issubclass(item, BaseException)) and not (isinstance(item, str) and item):
            raise ValueError(f"it takes classes of exceptions or their names, not {item!r}")
    return found


def _memory_limit(value: object) -> int:
    wish = "it takes bytes, or text such as '2 GiB' or '500 MB'"
    if isinstance(value, str):
        match = _SIZE.fullmatch(value)
        unit = _UNITS.get(match[2].lower()) if match else None
        if match is None or unit is None:
            raise ValueError(f"{wish}, not {value!r}")
        value = int(float(match[1]) * unit)
    if not _is_count(value) or value <= 0:
        raise ValueError(f"{wish}, more than 0, not {value!r}; leave it out for no limit")
    return int(value)


def _max_age(value: object) -> float:
    wish = "it takes seconds, a timedelta, or text such as '1d' or '12h' (units s, m, h, d, w)"
    if isinstance(value, str):
        match = _AGE.fullmatch(value)
        if match is None:
            raise ValueError(f"{wish}, not {value!r}")
        value = float(match[1]) * _SECONDS[match[2]]
    elif isinstance(value, timedelta):
        value = value.total_seconds()
    if not _is_number(value) or value <= 0:
        raise ValueError(f"{wish}, more than 0, not {value!r}; leave it out for no limit")
    return float(value)


def _resources(value: object) -> Mapping[str, float]:
    if not isinstance(value, Mapping):
        raise ValueError(f"it takes amounts by name, such as {{'gpu': 1}}, not {value!r}")
    for name, amount in value.items():
        if not isinstance(name, str) or not name:
            raise ValueError(f"a resource has a name, not {name!r}")
        if not _is_number(amount) or amount <= 0:
            raise ValueError(f"the amount of {name!r} is a number, more than 0, not {amount!r}")
    return MappingProxyType({name: float(amount) for name, amount in value.items()})


def _threads(value: object) -> int:
    if not _is_count(value) or value < 1:
        raise ValueError(f"it takes a whole number of threads, 1 or more, not {value!r}; leave it out for a share")
    return int(value)


def _priority(value: object) -> int:
    if not _is_count(value):
        raise ValueError(f"it takes a whole number, higher first, not {value!r}")
    return int(value)


def _env(value: object) -> Mapping[str, str]:
    if not isinstance(value, Mapping):
        raise ValueError(f"it takes values by name, such as {{'OMP_NUM_THREADS': '1'}}, not {value!r}")
    for name, text in value.items():
        if not isinstance(name, str) or not name or "=" in name or not _is_plain(name):
            raise ValueError(f"{name!r} is no name of an environment variable")
        if not isinstance(text, str):
            raise ValueError(f"the value of {name} is text, such as '1', not a {type(text).__name__}")
        if not _is_plain(text):
            raise ValueError(f"the value of {name} has a NUL character or a lone surrogate in it")
    return MappingProxyType(dict(value))


def _is_plain(text: str) -> bool:
    """Say whether the environment and a cache key can hold ``text``."""
    return not any(char == "\0" or "\ud800" <= char <= "\udfff" for char in text)


def _flag(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"it takes True or False, not {value!r}")
    return value


def _seed(value: object) -> object:
    known = value is None or (isinstance(value, str) and value in ("task", "attempt"))
    if not known and not (_is_count(value) and 0 <= value < 1 << 32):
        raise ValueError(f"it takes 'task', 'attempt', a whole number from 0 to 2**32 - 1, or None, not {value!r}")
    return value


def _choice(*choices: str) -> _Check:
    def check(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"it takes {', '.join(map(repr, choices))}, not {value!r}")
        return value

    return check


def _version(value: object) -> str:
    if not isinstance(value, str) or not _is_plain(value):
        raise ValueError(f"it takes text, such as '2', not {value!r}")
    return value


def _named(example: str) -> _Check:
    def check(value: object) -> str:
        if not isinstance(value, str) or not value or not _is_plain(value):
            raise ValueError(f"it takes a name, such as {example!r}, not {value!r:.60}")
        return value

    return check


def _store(value: object) -> str:
    from pyperunner_text.urls import without_credentials

    place = os.fspath(value) if isinstance(value, os.PathLike) else value
    if not isinstance(place, str) or not place or not _is_plain(place):
        raise ValueError(f"it takes the folder or URL of a store, such as 's3://bucket/outputs', not {value!r:.60}")
    if without_credentials(place) != place:
        raise ValueError(
            "it is recorded, so it can't hold a password; leave that to the environment, as its library has it"
        )
    return place


def _ignore(value: object) -> tuple[object, ...]:
    found = (value,) if isinstance(value, str) else _items(value, "ignore=['helpers.log_*']")
    if not all(isinstance(name, str) and name and _is_plain(name) for name in found):
        raise ValueError(f"it takes names or patterns of names, not {value!r}")
    return found


def _check(value: object) -> tuple[object, ...]:
    if value is None:
        return ()
    found = tuple(value) if isinstance(value, (list, tuple)) else (value,)
    for item in found:
        if not callable(item) and not callable(getattr(item, "validate", None)):
            raise ValueError(f"it takes a function of the output, or a schema, or several, not {item!r:.60}")
    return found


def _depends(value: object) -> tuple[object, ...]:
    return _items(value, "depends=[plugin]")


def _items(value: object, example: str) -> tuple[object, ...]:
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise ValueError(f"it takes a list, write {example}, not {value!r}")
    return tuple(value)


FIELDS: dict[str, tuple[object, _Check]] = {
    "timeout": (None, _optional(_timeout)),
    "retries": (0, _retries),
    "backoff": (0.0, _backoff),
    "retry_on": ((), _retry_on),
    "retries_on_loss": (2, _retries),
    "memory_limit": (None, _optional(_memory_limit)),
    "resources": (MappingProxyType({}), _resources),
    "threads": (None, _optional(_threads)),
    "priority": (0, _priority),
    "env": (MappingProxyType({}), _env),
    "cache": (True, _flag),
    "seed": ("task", _seed),
    "max_age": (None, _optional(_max_age)),
    "store": (None, _optional(_store)),
    "codec": (None, _optional(_named("raw"))),
    "format": (None, _optional(_named("parquet"))),
    "check": ((), _check),
    "rerun": (None, _optional(_choice("never"))),
    "code": (None, _optional(_choice("deep", "own", "off"))),
    "version": (None, _optional(_version)),
    "ignore": ((), _ignore),
    "depends": ((), _depends),
    "packages": (None, _optional(_choice("none", "version"))),
    "strict": (None, _optional(_flag)),
}
"""By the name of each option: its default, and its check."""
