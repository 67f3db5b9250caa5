"""Subclasses of value types: never written as what they derive from, but by class, content and all else they hold."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pyperunner_keys.encoding.builtin import BUILTIN
from pyperunner_keys.encoding.instances import own_state, write_class, write_state
from pyperunner_keys.encoding.standard import standard_encoder
from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text

__all__ = ["encoder_of_subclass"]

_ALL = slice(None)
_BARE: dict[type[object], Callable[[Any], object]] = {
    bytearray: lambda value: bytearray.__getitem__(value, _ALL),
    bytes: lambda value: bytes.__getitem__(value, _ALL),
    complex: complex.__pos__,
    dict: lambda value: dict(dict.items(value)),
    float: float.__float__,
    frozenset: lambda value: frozenset(frozenset.__iter__(value)),
    int: int.__int__,
    list: lambda value: list.__getitem__(value, _ALL),
    set: lambda value: set(set.__iter__(value)),
    str: str.__str__,
    tuple: lambda value: tuple.__getitem__(value, _ALL),
}
"""What a value of a subclass holds as its base: the methods of the base are asked, which the subclass may override."""


_REBUILT: dict[str, Callable[[Any, Any], object]] = {
    **dict.fromkeys(
        ("date", "datetime", "time", "timedelta", "timezone"),
        lambda value, base: base(*base.__reduce_ex__(value, 4)[1]),
    ),
    "Decimal": lambda value, base: base(base.__str__(value)),
    "Fraction": lambda value, base: base(base.numerator.fget(value), base.denominator.fget(value)),
    "UUID": lambda value, base: base(int=base.int.__get__(value), is_safe=base.is_safe.__get__(value)),
    **dict.fromkeys(
        ("PurePosixPath", "PosixPath", "PureWindowsPath", "WindowsPath"), lambda value, base: _path(value, base)
    ),
}
"""The same for types of the standard library, by name."""


def _path(value: Any, base: Any) -> object:
    parts = getattr(value, "_raw_paths", None)  # since 3.12, unless it was made from another one
    return base(base.__str__(value)) if parts is None else base(*parts)


def encoder_of_subclass(cls: type[Any]) -> Encoder | None:
    """Return the encoder for a subclass of a builtin or standard type that is pickled as its base is, or ``None``."""
    for base in cls.__mro__[1:]:
        encoder = BUILTIN.get(base) or standard_encoder(base)
        if encoder is not None and cls.__reduce_ex__ is base.__reduce_ex__ and cls.__reduce__ is base.__reduce__:
            return _subclass_encoder(base, encoder)
    return None


def _subclass_encoder(base: type[object], encoder: Encoder) -> Encoder:
    def write(value: Any, out: Writer) -> None:
        out.enter(value)
        out.buffer += b"u"
        write_class(type(value), out)
        write_text(base.__name__, out)
        bare = _bare(value, base)
        names = getattr(type(value), "_fields", ())
        if isinstance(bare, tuple) and len(names) == len(bare):
            write_state(dict(zip(names, bare, strict=True)), value, out)
        elif isinstance(bare, (set, frozenset)):
            write_item(bare, out)  # the members of a set are sorted in different ways
        else:
            encoder(bare, out)
        write_state(_state(value, base), value, out)
        out.leave()

    return write


def _bare(value: Any, base: type[object]) -> Any:
    if base in _BARE:
        return _BARE[base](value)
    rebuild = _REBUILT.get(base.__name__)
    return value if rebuild is None else rebuild(value, base)


def _state(value: Any, base: type[object]) -> Any:
    """Return what a value holds that its base knows nothing of."""
    cls = type(value)
    tell = getattr(cls, "__getstate__", None)
    return own_state(value, base) if tell is getattr(base, "__getstate__", None) else value.__getstate__()
