"""Hints as values: what ``typing`` makes a class in some versions of Python and an object in others counts the same.

==========  ==============  ==============
name        is a class      is an object
==========  ==============  ==============
Any         since 3.11      in 3.10
Annotated   up to 3.12      since 3.13
Union       since 3.14      up to 3.13
list[int]   seems so, 3.10  always
==========  ==============  ==============
"""

from __future__ import annotations

import sys
import types
from typing import Any

from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text

__all__ = ["class_name", "counts_as_class", "encoder_of_union", "write_form", "write_union"]

_MOST_CALL_IT = {"_TypedCacheSpecialForm": "_LiteralSpecialForm"}
"""Names of classes in ``typing``, since 3.13 and before."""


def counts_as_class(value: Any) -> bool | None:
    """Say whether a hint counts as a class, whatever it is here; ``None`` for a value that is what it looks like."""
    if isinstance(value, types.GenericAlias):
        return False
    typing = sys.modules.get("typing")
    if typing is None:
        return None
    if value is typing.Any or value is typing.Annotated:
        return True
    return False if value is typing.Union else None


def class_name(cls: type[Any]) -> str:
    """Return the qualified name under which a class counts."""
    name = cls.__qualname__
    return _MOST_CALL_IT.get(name, name) if cls.__module__ == "typing" else name


def encoder_of_union(value: Any) -> Encoder | None:
    """Return the encoder for ``Union`` or a union where `typing.Union` is the class of all unions, else ``None``.

    There ``Optional[int]`` and ``int | None`` are the same. They count as the first does elsewhere; the second has no
    encoding of its own there.
    """
    if types.UnionType.__module__ != "typing":
        return None
    if value is types.UnionType:
        return lambda value, out: write_form("Union", out)
    return (lambda value, out: write_union(value.__args__, out)) if type(value) is types.UnionType else None


def write_form(name: str, out: Writer) -> None:
    """Write one of the names that ``typing`` makes objects, as reducing it would.

    Args:
        name: The name.
        out: The encoding.
    """
    out.buffer += b"o"
    write_text("typing", out)
    write_text("_SpecialForm", out)
    write_text(name, out)


def write_union(args: tuple[Any, ...], out: Writer) -> None:
    """Write a union as reducing ``Union[args]`` would, where that is an object of its own.

    Args:
        args: The alternatives.
        out: The encoding.
    """
    out.buffer += b"o"
    write_text("typing", out)
    write_text("_UnionGenericAlias", out)
    write_text("_operator:getitem", out)
    out.buffer += b"t2:"
    write_form("Union", out)
    write_item(args, out)
    out.buffer += b"1;a0:NN"
