"""YAML writer: builtins that plain ``yaml.safe_load`` reads back equal, several times faster than PyYAML's own dumper.

Mappings and lists are written in block style, strings plain where nothing could take them for something else and
double-quoted elsewhere. Of a mapping or list with very many items, such as the tasks of a large pipeline, each stands
on one line where JSON can say it. Anchors are never written: a shared list is written out where it stands.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from itertools import islice
from typing import Any

from pyperunner_text.errors import FactError

__all__ = ["UnwritableValue", "is_plain", "read_json", "to_yaml", "yaml_pieces"]

_MANY = 1000
_MAX_DEPTH = 250  # as the reader's, which is not imported because it needs PyYAML
# A letter first keeps numbers, dates and special floats out; the listed words are YAML 1.1's booleans and nulls.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./()+-]*(?: [A-Za-z0-9_./()+-]+)*\Z")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
_FLOAT = re.compile(r"-?[0-9]+\.[0-9]+(?:e[+-][0-9]+)?\Z")
# Compiled on first use, which takes milliseconds that most records can do without.
_BEYOND_BMP = "[\U00010000-\U0010ffff]"
_BROKEN_BY_JSON = "[\x7f-\uffff]"


class UnwritableValue(FactError, ValueError):
    """A value that YAML cannot keep.

    Args:
        where: Its path inside what was to be written, such as ``tasks.Load().params.lock``.
        type_name: Its type.
    """

    where: str
    type_name: str
    template = "{where} is a {type_name}, which YAML cannot keep"


def to_yaml(value: Any) -> str:
    """Return ``value`` as a YAML document.

    Args:
        value: None, bool, int, float, str, date, datetime, and lists, tuples (written as lists) and mappings of such.

    Raises:
        UnwritableValue: A value inside is of another type, contains itself, or is nested more than 250 levels deep.
    """
    return "".join(yaml_pieces(value))


def yaml_pieces(value: Any) -> Iterator[str]:
    """Yield what ``to_yaml`` returns in pieces, so that what has very many items is never there as a whole.

    Mappings two levels deep are read item by item. Such a mapping may make each when it is asked for it.

    Args:
        value: See ``to_yaml``.

    Raises:
        UnwritableValue: See ``to_yaml``; pieces may have come before.
    """
    strings = _Strings()
    if not _is_block(value):
        yield f"{_line(value, (), strings)}\n"
        return
    out: list[str] = []
    if not isinstance(value, Mapping):
        _block(value, "", (), (), out, strings)
    else:
        open_ids = (id(value),)
        for key, item in value.items():
            if isinstance(item, Mapping) and len(item) > _MANY:
                out.append(f"{_head(key, '', (), strings)}\n")
                items = iter(item.items())
                while some := list(islice(items, _MANY)):
                    _entries(some, "  ", (key,), (*open_ids, id(item)), out, strings, mapping=True, many=True)
                    yield "".join(out)
                    out.clear()
                    strings.clear()
            else:
                _entries([(key, item)], "", (), open_ids, out, strings, mapping=True, many=len(value) > _MANY)
    yield "".join(out)


class _Strings(dict[str, str]):
    """Texts as YAML writes them; most texts of a record stand in it several times."""

    def __missing__(self, text: str) -> str:
        written = text if is_plain(text) else _quoted(text)
        self[text] = written
        return written


def is_plain(text: str) -> bool:
    """Say whether a text is written as it is; nothing takes it for anything else."""
    return _PLAIN.match(text) is not None and text.lower() not in _WORDS


def _is_block(value: Any) -> bool:
    return type(value) is not str and isinstance(value, (dict, list, tuple, Mapping)) and len(value) > 0


def _block(
    value: Any, indent: str, path: tuple[Any, ...], open_ids: tuple[int, ...], out: list[str], strings: _Strings
) -> None:
    """Append the lines of a mapping or list that is not empty.

    Args:
        value: The mapping or list.
        indent: What every line begins with.
        path: Keys and numbers that lead to ``value``.
        open_ids: What ``value`` stands in.
        out: Where the lines go.
        strings: Texts written so far.
    """
    if id(value) in open_ids or len(open_ids) == _MAX_DEPTH:
        raise UnwritableValue(_where(path), f"{type(value).__name__} that contains itself or is nested too deep")
    mapping = isinstance(value, Mapping)
    items = value.items() if mapping else enumerate(value)
    _entries(items, indent, path, (*open_ids, id(value)), out, strings, mapping=mapping, many=len(value) > _MANY)


def _entries(
    items: Iterable[tuple[Any, Any]],
    indent: str,
    path: tuple[Any, ...],
    open_ids: tuple[int, ...],
    out: list[str],
    strings: _Strings,
    *,
    mapping: bool,
    many: bool,
) -> None:
    """Append the lines of some items of a mapping or list; see ``_block``.

    Args:
        items: Keys or numbers, and values.
        indent: What every line begins with.
        path: Keys and numbers that lead to the mapping or list.
        open_ids: It and what it stands in.
        out: Where the lines go.
        strings: Texts written so far.
        mapping: Whether it is a mapping.
        many: Whether it has so many items that each stands on one line.
    """
    head = f"{indent}-"
    for key, item in items:
        if mapping:
            head = _head(key, indent, path, strings)
        if type(item) is str:
            out.append(f"{head} {strings[item]}\n")
        elif many and (line := _json(item)):
            out.append(f"{head} {line}\n")
        elif _is_block(item):
            if mapping:
                out.append(f"{head}\n")
            first = len(out)
            _block(item, f"{indent}  ", (*path, key), open_ids, out, strings)
            if not mapping:
                out[first] = f"{head} {out[first][len(head) + 1 :]}"
        else:
            out.append(f"{head} {_line(item, (*path, key), strings)}\n")


def _head(key: Any, indent: str, path: tuple[Any, ...], strings: _Strings) -> str:
    """Return what stands before the value of a key."""
    name = strings[key] if type(key) is str else _line(key, path, strings)
    # A key that is written before its colon ends within 1,024 characters; longer ones are announced.
    return f"{indent}{name}:" if len(name) < 1000 else f"{indent}? {name}\n{indent}:"


def _json(value: Any) -> str | None:
    """Return a value in JSON, if YAML takes that for the same; ``None`` otherwise."""
    try:
        text = json.dumps(value)
        if _is_same_in_json(value):
            return text if _is_yaml(text) else None
        return text if value == read_json(text) else None  # JSON has other keys and numbers
    except (TypeError, ValueError, RecursionError):
        return None


_SAME_IN_JSON = frozenset((str, int, bool, type(None)))


def _is_same_in_json(value: Any) -> bool:
    """Say whether a value holds nothing that JSON has in another form, so that there is no need to read it back."""
    kind = type(value)
    if kind is dict:
        if value and {*map(type, value)} != {str}:
            return False
        parts = value.values()
    elif kind is list:
        parts = value
    else:
        return kind in _SAME_IN_JSON
    return _SAME_IN_JSON.issuperset(map(type, parts)) or all(map(_is_same_in_json, parts))


def read_json(text: str) -> Any:
    """Return what a text means both in JSON and in YAML.

    Raises:
        ValueError: It means nothing in one of them, is no single printable line, or is nested deep.
    """
    if not _is_yaml(text):
        raise ValueError(text)
    return _JSON.decode(text)


def _is_yaml(text: str) -> bool:
    """Say whether JSON is YAML, too, which has no pairs of surrogates, and is read to a depth."""
    return text.isprintable() and text.count("[") + text.count("{") <= _MAX_DEPTH and "\\ud" not in text.lower()


def _mapping(items: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(items)
    if len(found) < len(items):
        raise ValueError("a key is there twice")
    return found


def _number(text: str) -> float:
    if _FLOAT.match(text) is None:
        raise ValueError(text)
    return float(text)


_JSON = json.JSONDecoder(object_pairs_hook=_mapping, parse_float=_number, parse_constant=_number)


def _where(path: tuple[Any, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def _line(value: Any, path: tuple[Any, ...], strings: _Strings) -> str:
    """Return a scalar or an empty collection as it is written on one line."""
    kind = type(value)
    if kind is str:
        return strings[value]
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return _float(value)
    if kind is datetime:
        return str(value.isoformat(" "))
    if kind is date:
        return str(value.isoformat())
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, (list, tuple)):
        return "[]"
    raise UnwritableValue(_where(path), kind.__name__)


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable():
        return json.dumps(text)
    within = re.sub(_BROKEN_BY_JSON, _bmp, json.dumps(text, ensure_ascii=False))
    return re.sub(_BEYOND_BMP, lambda m: f"\\U{ord(m[0]):08x}", within)


def _bmp(match: re.Match[str]) -> str:
    char = match[0]
    return char if char.isalnum() else f"\\u{ord(char):04x}"


def _float(value: float) -> str:
    if math.isfinite(value):
        text = repr(value)
        return text.replace("e", ".0e") if "e" in text and "." not in text else text
    return ".nan" if math.isnan(value) else ".inf" if value > 0 else "-.inf"
