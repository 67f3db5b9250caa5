"""Builtins to YAML that plain ``yaml.safe_load`` reads back equal, several times faster than PyYAML's own dumper.

Mappings and lists are written in block style, strings plain where nothing could take them for something else and
double-quoted elsewhere. Anchors are never written: a shared list is written out where it stands.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from pyperunner_results.errors import RecordError

__all__ = ["to_yaml"]

# A letter first keeps numbers, dates and special floats out; the listed words are YAML 1.1's booleans and nulls.
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_./()+-]*(?: [A-Za-z0-9_./()+-]+)*\Z")
_WORDS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))
# Compiled on first use, which takes milliseconds that most records can do without.
_BEYOND_BMP = "[\U00010000-\U0010ffff]"
_BROKEN_BY_JSON = "[\x7f-\uffff]"


def to_yaml(value: Any) -> str:
    """Return ``value`` as a YAML document.

    Args:
        value: None, bool, int, float, str, bytes, date, datetime, set, and lists, tuples (written as lists) and
            mappings of such.

    Raises:
        RecordError: A value inside is of another type, or contains itself; the error names its path.
    """
    strings = _Strings()
    if not _is_block(value):
        return f"{_line(value, (), strings)}\n"
    out: list[str] = []
    _block(value, "", (), (), out, strings)
    return "".join(out)


class _Strings(dict[str, str]):
    """Texts as YAML writes them; most texts of a record stand in it several times."""

    def __missing__(self, text: str) -> str:
        written = text if _PLAIN.match(text) and text.lower() not in _WORDS else _quoted(text)
        self[text] = written
        return written


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
    if id(value) in open_ids or len(open_ids) > 90:
        raise RecordError(_where(path), f"{type(value).__name__} that contains itself or is nested too deep")
    open_ids = (*open_ids, id(value))
    mapping = isinstance(value, Mapping)
    head = f"{indent}-"
    for key, item in value.items() if mapping else enumerate(value):
        if mapping:
            name = strings[key] if type(key) is str else _line(key, path, strings)
            # A key that is written before its colon ends within 1,024 characters; longer ones are announced.
            head = f"{indent}{name}:" if len(name) < 1000 else f"{indent}? {name}\n{indent}:"
        if type(item) is str:
            out.append(f"{head} {strings[item]}\n")
        elif _is_block(item):
            if mapping:
                out.append(f"{head}\n")
            first = len(out)
            _block(item, f"{indent}  ", (*path, key), open_ids, out, strings)
            if not mapping:
                out[first] = f"{head} {out[first][len(head) + 1 :]}"
        else:
            out.append(f"{head} {_line(item, (*path, key), strings)}\n")


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
    if isinstance(value, Mapping):
        return "{}"
    return "[]" if isinstance(value, (list, tuple)) else _other(value, _where(path))


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


def _other(value: Any, where: str) -> str:
    """Write a rarer scalar the way PyYAML does, on one line."""
    if type(value) is bytes:
        return f'!!binary "{base64.b64encode(value).decode()}"'
    import yaml

    for base in (str, int, float):
        if isinstance(value, base) and type(value).__module__ != "builtins" and not hasattr(value, "dtype"):
            raise RecordError(where, type(value).__name__)
    try:
        text = yaml.safe_dump(value, default_flow_style=True, width=1 << 30, allow_unicode=True)
    except yaml.YAMLError:
        raise RecordError(where, type(value).__name__) from None
    return text.removesuffix("\n").removesuffix("\n...")
