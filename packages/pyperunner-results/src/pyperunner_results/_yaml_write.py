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

from ._errors import RecordError

__all__ = ["to_yaml"]

# A letter first keeps numbers, dates and special floats out; the listed words are YAML 1.1's booleans and nulls.
_PLAIN = re.compile(
    r"(?!(?:y|n|yes|no|on|off|true|false|null)\Z)[a-z_][a-z0-9_./()+-]*(?: [a-z0-9_./()+-]+)*\Z", re.IGNORECASE
)
_BEYOND_BMP = re.compile("[\U00010000-\U0010ffff]")
_BROKEN_BY_JSON = re.compile("[\x7f-\uffff]")


def to_yaml(value: Any) -> str:
    """Return ``value`` as a YAML document.

    Args:
        value: None, bool, int, float, str, bytes, date, datetime, set, and lists, tuples (written as lists) and
            mappings of such.

    Raises:
        RecordError: A value inside is of another type, or contains itself; the error names its path.
    """
    out: list[str] = []
    _block(value, "", "", out, ())
    return "".join(out).lstrip("\n") if isinstance(value, (Mapping, list, tuple)) else "".join(out).strip() + "\n"


def _block(value: Any, indent: str, where: str, out: list[str], open_ids: tuple[int, ...]) -> None:
    """Append ``value``, which follows a ``key:`` or ``-`` on the same line, and the line's end."""
    if isinstance(value, (Mapping, list, tuple)):
        if not value:
            out.append(" {}\n" if isinstance(value, Mapping) else " []\n")
            return
        if id(value) in open_ids or len(open_ids) > 90:
            raise RecordError(where, f"{type(value).__name__} that contains itself or is nested too deep")
        out.append("\n")
        open_ids = (*open_ids, id(value))
        if isinstance(value, Mapping):
            for key, item in value.items():
                name = _scalar(key, where)
                # A key that is written before its colon ends within 1,024 characters; longer ones are announced.
                out.append(f"{indent}{name}:" if len(name) < 1000 else f"{indent}? {name}\n{indent}:")
                _block(item, indent + "  ", f"{where}.{key}" if where else str(key), out, open_ids)
        else:
            for number, item in enumerate(value):
                out.append(f"{indent}-")
                _block(item, indent + "  ", f"{where}[{number}]", out, open_ids)
    else:
        out.append(f" {_scalar(value, where)}\n")


def _scalar(value: Any, where: str) -> str:
    kind = type(value)
    if kind is str:
        return value if _PLAIN.match(value) else _quoted(value)
    if value is None:
        return "null"
    if kind is bool:
        return "true" if value else "false"
    if kind is int:
        return str(value)
    if kind is float:
        return _float(value)
    return _other(value, where)


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable():
        return json.dumps(text)
    return _BEYOND_BMP.sub(
        lambda m: f"\\U{ord(m[0]):08x}", _BROKEN_BY_JSON.sub(_bmp, json.dumps(text, ensure_ascii=False))
    )


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
