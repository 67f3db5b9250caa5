"""Values of any type as plain ones that YAML can hold, and back.

Null, booleans, numbers, text, lists, and mappings of text stand for themselves. Everything else is a mapping with one
key that begins with ``$`` and says what it is, such as ``{$tuple: [1, 2]}``. What cannot be brought back is kept as
``{$opaque: {type: …, digest: …}}``, so that a reader sees that it was there.
"""

from __future__ import annotations

import base64
import datetime
import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, NoReturn

from pyperunner_dag.saved.values_code import CODE_READERS, code_to_plain
from pyperunner_dag.saved.values_files import FILE_READERS, file_to_plain
from pyperunner_dag.saved.values_numpy import NUMPY_READERS, numpy_to_plain
from pyperunner_dag.secret import Secret
from pyperunner_text.inert import find_class

if TYPE_CHECKING:
    import decimal
    import fractions
    import uuid
    from collections.abc import Callable
    from typing import TypeAlias

    from pyperunner_dag.saved.values_code import Convert, Finder
    from pyperunner_dag.schema import Plain

    Writer: TypeAlias = Callable[[Any, Convert], Plain]
    Reader: TypeAlias = Callable[[Plain, Convert, Finder], Any]

__all__ = ["OpaqueFound", "from_plain", "opaque", "to_plain"]

MAX_DEPTH = 50
"""Levels of nesting that are kept; a YAML file of three times that many levels can still be read."""
LONG_INT = 2000
"""Bits; Python refuses to write very long numbers in decimal."""
FRACTION_BITS = 1 << 16
"""Of numerator and denominator; whoever reads them looks for a common divisor, which of larger ones takes long."""
_MICROSECONDS = 1 << 62
_ZONE = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,3}").fullmatch
"""Of a key: a file of that name is opened, or a module of the package tzdata imported."""
_MANY_LEVELS = 2 * MAX_DEPTH
"""More than any value is saved with; each takes a few calls."""


class _ContainsItself(Exception):
    """A value that is to be saved holds itself."""


class OpaqueFound(Exception):
    """A saved value is one that could not be kept; its argument names the type."""


def to_plain(value: Any) -> Plain:
    """Return ``value`` in plain values; one that contains itself is opaque as a whole.

    Args:
        value: A value that ``pyperunner_keys.digest`` accepts.
    """
    try:
        return _plain(value, ())
    except _ContainsItself:
        return _opaque(value)


def _plain(value: Any, above: tuple[int, ...]) -> Plain:
    """Return ``value`` in plain values.

    Args:
        value: The value.
        above: Identities of what it stands in.
    """
    kind = type(value)
    if kind in (bool, type(None), float) or (kind is str and _fits(value)):
        return value
    if kind is int and value.bit_length() <= LONG_INT:
        return value
    if id(value) in above:
        raise _ContainsItself
    if len(above) > MAX_DEPTH:
        return _opaque(value)

    def inner(part: Any) -> Plain:
        return _plain(part, (*above, id(value)))

    if kind is list:
        return [inner(item) for item in value]
    if kind is dict and all(type(key) is str and _fits(key) and not key.startswith("$") for key in value):
        return {key: inner(item) for key, item in value.items()}
    writer = _WRITERS.get(kind) or _writer_elsewhere(kind)
    if writer is not None:
        tag, write = writer
        found: dict[str, Plain] | None = {tag: write(value, inner)}
    else:
        found = code_to_plain(value, inner) or numpy_to_plain(value, inner) or file_to_plain(value, inner)
    return _opaque(value) if found is None or None in found.values() else found


def _fits(text: str) -> bool:
    """Say whether YAML can hold ``text``."""
    return text.isascii() or not any("\ud800" <= char <= "\udfff" for char in text)


def opaque(value: object, digest: str) -> dict[str, Plain]:
    """Return what is kept of a value that cannot be brought back: its type and its digest."""
    from pyperunner_keys import importable_name

    kind = type(value)
    return {"$opaque": {"type": f"{importable_name(kind.__module__)}.{kind.__qualname__}", "digest": digest}}


def _opaque(value: object) -> dict[str, Plain]:
    from pyperunner_keys import digest

    return opaque(value, digest(value))


def from_plain(value: Plain, find: Finder, depth: int = 0) -> Any:
    """Return the value that ``to_plain`` was given.

    Args:
        value: What ``to_plain`` returned.
        find: Gets classes and functions; it decides what may be imported.
        depth: Levels above it.

    Raises:
        OpaqueFound: There is a value in it that could not be kept.
        ValueError: There is something in it that this package does not write.
    """
    if depth > _MANY_LEVELS:
        raise ValueError(f"it is nested more than {_MANY_LEVELS} levels deep")

    def inner(part: Plain) -> Any:
        return from_plain(part, find, depth + 1)

    if isinstance(value, list):
        return [inner(item) for item in value]
    if not isinstance(value, Mapping):
        return value
    if not any(isinstance(key, str) and key.startswith("$") for key in value):
        return {key: inner(item) for key, item in value.items()}
    ((tag, content), *more) = value.items()
    if more or tag not in _READERS:
        raise ValueError(f"it is marked {', '.join(map(str, value))}, which means nothing here")
    try:
        return _READERS[tag](content, inner, find)
    except (AttributeError, KeyError, TypeError, OverflowError, ArithmeticError) as error:
        raise ValueError(f"what is marked {tag} does not read: {error!r}") from error


def _sorted(items: Iterable[object], inner: Convert) -> list[Plain]:
    """Return the items of a set in an order that is always the same."""
    from pyperunner_keys import encode

    return [inner(item) for item in sorted(items, key=encode)]


def _zone(zone: datetime.tzinfo | None) -> Plain:
    """Return a time zone as its key, or as seconds and name; ``False`` where it is neither kind."""
    key = getattr(zone, "key", None)
    if zone is None or isinstance(key, str):
        return key
    if type(zone) is datetime.timezone:
        return [zone.utcoffset(None).total_seconds(), zone.tzname(None)]
    return False


def _read_zone(zone: Plain) -> datetime.tzinfo | None:
    if zone is None:
        return None
    if isinstance(zone, str):
        from zoneinfo import ZoneInfo

        if not _ZONE(zone):
            raise ValueError(f"{zone!r:.60} is no time zone")
        return ZoneInfo(zone)
    seconds, name = zone
    offset = datetime.timedelta(seconds=seconds)
    unnamed = datetime.timezone(offset)
    return unnamed if unnamed.tzname(None) == name else datetime.timezone(offset, name)


def _moment(value: datetime.datetime | datetime.time, inner: Convert) -> Plain:
    if value.tzinfo is None and value.fold == 0:
        return value.isoformat()
    zone = _zone(value.tzinfo)
    naive = value.replace(tzinfo=None).isoformat()
    return None if zone is False else {"at": naive, "zone": zone, "fold": value.fold}


def _read_moment(kind: type[datetime.datetime] | type[datetime.time]) -> Reader:
    def read(content: Plain, inner: Convert, find: Finder) -> datetime.datetime | datetime.time:
        if isinstance(content, str):
            return kind.fromisoformat(content)
        return kind.fromisoformat(content["at"]).replace(tzinfo=_read_zone(content["zone"]), fold=content["fold"])

    return read


def _fraction(value: fractions.Fraction, inner: Convert) -> Plain:
    if max(value.numerator.bit_length(), value.denominator.bit_length()) > FRACTION_BITS:
        return None
    return [inner(value.numerator), inner(value.denominator)]


def _bytes(value: bytes | bytearray, inner: Convert) -> str:
    return base64.b64encode(value).decode()


def _read_path(content: Plain, inner: Convert, find: Finder) -> pathlib.PurePath:
    kinds = {kind.__name__: kind for kind in _PATHS}
    return kinds[content[0]](inner(content[1]))


def _read_decimal(content: Plain, inner: Convert, find: Finder) -> decimal.Decimal:
    from decimal import Decimal

    return Decimal(_text(content))


def _read_fraction(content: Plain, inner: Convert, find: Finder) -> fractions.Fraction:
    from fractions import Fraction

    return Fraction(*_ints(map(inner, content), 2, 1 << FRACTION_BITS))


def _read_uuid(content: Plain, inner: Convert, find: Finder) -> uuid.UUID:
    from uuid import UUID

    return UUID(content)


_PATHS: tuple[type[pathlib.PurePath], ...] = (
    pathlib.PosixPath,
    pathlib.WindowsPath,
    pathlib.PurePosixPath,
    pathlib.PureWindowsPath,
)

_WRITERS: dict[type, tuple[str, Writer]] = {
    int: ("$int", lambda v, inner: hex(v)),
    str: ("$str", lambda v, inner: v.encode("unicode_escape").decode()),
    tuple: ("$tuple", lambda v, inner: [inner(item) for item in v]),
    set: ("$set", _sorted),
    frozenset: ("$frozenset", _sorted),
    dict: ("$dict", lambda v, inner: [[inner(key), inner(item)] for key, item in v.items()]),
    bytes: ("$bytes", _bytes),
    bytearray: ("$bytearray", _bytes),
    complex: ("$complex", lambda v, inner: [v.real, v.imag]),
    datetime.datetime: ("$datetime", _moment),
    datetime.time: ("$time", _moment),
    datetime.date: ("$date", lambda v, inner: v.isoformat()),
    datetime.timedelta: ("$timedelta", lambda v, inner: [v.days, v.seconds, v.microseconds]),
    range: ("$range", lambda v, inner: [inner(part) for part in (v.start, v.stop, v.step)]),
    slice: ("$slice", lambda v, inner: [inner(part) for part in (v.start, v.stop, v.step)]),
    Secret: ("$secret", lambda v, inner: {"env": v.env, "key": v.key} if v.env is not None else None),
    **{kind: ("$path", lambda v, inner: [type(v).__name__, inner(str(v))]) for kind in _PATHS},
}
_WRITERS_ELSEWHERE: dict[tuple[str, str], tuple[str, Writer]] = {
    ("decimal", "Decimal"): ("$decimal", lambda v, inner: str(v)),
    ("fractions", "Fraction"): ("$fraction", _fraction),
    ("uuid", "UUID"): ("$uuid", lambda v, inner: str(v)),
}
"""Those of types of modules that are not imported for their sake."""


def _writer_elsewhere(kind: type) -> tuple[str, Writer] | None:
    found = (writer for names, writer in _WRITERS_ELSEWHERE.items() if find_class(*names) is kind)
    return next(found, None)


def _text(content: Plain) -> str:
    if not isinstance(content, str):
        raise TypeError(f"it is a {type(content).__name__} in the place of a text")
    return content


def _ints(parts: Iterable[Any], count: int, most: int = 0) -> list[int]:
    """Return whole numbers, so many of them: classes of numbers take much else, such as the text of a huge one.

    Args:
        parts: What should be the numbers.
        count: How many there are.
        most: How large they may be; 0 for any size.
    """
    found = list(parts)
    if len(found) != count or not all(isinstance(part, int) for part in found):
        raise TypeError(f"it is not made of {count} whole numbers")
    if most and any(abs(part) > most for part in found):
        raise ValueError("it is made of numbers too large for it")
    return found


def _opaque_reader(content: Plain, inner: Convert, find: Finder) -> NoReturn:
    raise OpaqueFound(str(content["type"]))


_READERS: dict[str, Reader] = {
    "$int": lambda c, inner, find: int(_text(c), 16),
    "$str": lambda c, inner, find: c.encode("ascii").decode("unicode_escape"),
    "$tuple": lambda c, inner, find: tuple(map(inner, c)),
    "$set": lambda c, inner, find: set(map(inner, c)),
    "$frozenset": lambda c, inner, find: frozenset(map(inner, c)),
    "$dict": lambda c, inner, find: {inner(key): inner(item) for key, item in c},
    "$bytes": lambda c, inner, find: base64.b64decode(c, validate=True),
    "$bytearray": lambda c, inner, find: bytearray(base64.b64decode(c, validate=True)),
    "$complex": lambda c, inner, find: complex(*c),
    "$datetime": _read_moment(datetime.datetime),
    "$time": _read_moment(datetime.time),
    "$date": lambda c, inner, find: datetime.date.fromisoformat(c),
    "$timedelta": lambda c, inner, find: datetime.timedelta(*_ints(c, 3, _MICROSECONDS)),
    "$decimal": _read_decimal,
    "$fraction": _read_fraction,
    "$uuid": _read_uuid,
    "$range": lambda c, inner, find: range(*_ints(map(inner, c), 3)),
    "$slice": lambda c, inner, find: slice(*map(inner, c)),
    "$path": _read_path,
    "$secret": lambda c, inner, find: Secret(env=c["env"], key=c["key"]),
    "$opaque": _opaque_reader,
    **CODE_READERS,
    **NUMPY_READERS,
    **FILE_READERS,
}
