"""Values from text: what a param becomes when its new value is typed, ``--set "Fit().alpha=1e-3"``.

A value never changes its type unasked. What the param is annotated as decides; where that says nothing, the value that
is replaced or the default; where these say nothing either, the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2,
section 10.3), under which ``12:30``, ``1_000``, ``no`` and ``2024-02-01`` are text.
"""

from __future__ import annotations

import collections.abc
import copy
import dataclasses
import datetime
import decimal
import enum
import fractions
import pathlib
import re
import types
import typing
import uuid
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from typing import Any

import yaml

from pyperunner_cli.text import did_you_mean

__all__ = ["Misfit", "Written", "typed_value", "with_part"]


class Misfit(ValueError):
    """A text is no value of the type that is wanted; the error's text is a clause that says so."""


def typed_value(text: str | Written, hint: Any = None, before: Any = None) -> Any:
    """Return the value that ``text`` stands for.

    Args:
        text: What was typed. Text stays as it is, to the letter; collections are written as YAML.
        hint: What the param is annotated as; ``None`` where that says nothing.
        before: The value that is replaced, or the default; ``None`` where there is none.

    Raises:
        Misfit: It fits neither.
    """
    return _read(Written(text) if isinstance(text, str) else text, hint, before)


def with_part(whole: Any, path: Sequence[str], text: str | Written, hint: Any = None) -> Any:
    """Return a copy of a value in which one part is another.

    Args:
        whole: A mapping, dataclass, list or tuple.
        path: Keys, fields or positions that lead to the part.
        text: What was typed for it.
        hint: What the whole is annotated as.

    Raises:
        Misfit: There is no such part, or the text does not fit it.
    """
    if not path:
        return typed_value(text, hint, whole)
    part, *rest = path
    arguments = typing.get_args(hint)
    if dataclasses.is_dataclass(whole) and not isinstance(whole, type):
        known = {field.name: getattr(whole, field.name) for field in dataclasses.fields(whole) if field.init}
        new = with_part(_known(part, known, whole), rest, text, _hints_of_class(type(whole)).get(part))
        return _replaced(type(whole), whole, {part: new})
    if isinstance(whole, collections.abc.MutableMapping):
        keys = {str(key): key for key in whole}
        key = _known(part, keys, whole)
        changed = copy.copy(whole)
        changed[key] = with_part(whole[key], rest, text, arguments[1] if len(arguments) == 2 else None)
        return changed
    if isinstance(whole, (list, tuple)):
        items = {str(position): position for position in range(len(whole))}
        names = {name: position for position, name in enumerate(getattr(whole, "_fields", ()))}
        position = _known(part, {**items, **names}, whole)
        new = with_part(whole[position], rest, text, arguments[0] if arguments else None)
        values = [*whole[:position], new, *whole[position + 1 :]]
        return type(whole)(*values) if names else type(whole)(values)
    raise Misfit(f"a {type(whole).__name__} has no part {part!r}")


def _known(part: str, known: Mapping[str, Any], whole: Any) -> Any:
    if part not in known:
        raise Misfit(f"the {type(whole).__name__} has no part {part!r}. {did_you_mean(part, known)}".rstrip("?."))
    return known[part]


class Written:
    """What was typed, or a part of it: its letters, and what it is as YAML.

    Args:
        letters: The text.
        node: The part as YAML; ``None`` for the whole.
    """

    def __init__(self, letters: str, node: yaml.Node | None = None) -> None:
        self.letters = letters
        self._node = node

    @classmethod
    def of_node(cls, node: yaml.Node) -> Written:
        """Return what stands in a YAML document at a node."""
        return cls(node.value if isinstance(node, yaml.ScalarNode) else yaml.serialize(node).strip(), node)

    @cached_property
    def node(self) -> yaml.Node:
        """The text as YAML."""
        if self._node is not None:
            return self._node
        try:
            node = yaml.compose(self.letters, Loader=yaml.SafeLoader)
        except (yaml.YAMLError, ValueError) as error:
            raise Misfit(f"it is not YAML: {' '.join(str(error).split())}. Quote a text that looks like YAML") from None
        return node or yaml.ScalarNode("tag:yaml.org,2002:null", "")

    def items(self) -> list[Written]:
        """Return the items of a list."""
        if not isinstance(self.node, yaml.SequenceNode):
            raise Misfit(f"{self.letters!r} is no list, such as [1, 2]")
        return [Written.of_node(item) for item in self.node.value]

    def pairs(self) -> list[tuple[Written, Written]]:
        """Return keys and values of a mapping."""
        if not isinstance(self.node, yaml.MappingNode):
            raise Misfit(f"{self.letters!r} is no mapping, such as {{a: 1, b: 2}}")
        return [(Written.of_node(key), Written.of_node(value)) for key, value in self.node.value]

    @property
    def is_null(self) -> bool:
        """Whether it stands for ``None`` where that is possible."""
        return self.letters in _NULLS


_NULLS = ("", "~", "null", "Null", "NULL")
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_INT = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?((\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|\.?(inf|Inf|INF))|\.?(nan|NaN|NAN)")


def _int(letters: str) -> int:
    if not _INT.fullmatch(letters):
        raise ValueError
    return int(letters, {"0o": 8, "0x": 16}.get(letters[:2], 10))


def _float(letters: str) -> float:
    if not _FLOAT.fullmatch(letters):
        raise ValueError
    return float(re.sub(r"\.(?=[in])", "", letters.lower()))


def _core(text: Written) -> Any:
    """Return what a text is where nothing else decides."""
    if isinstance(text.node, yaml.SequenceNode):
        return [_core(item) for item in text.items()]
    if isinstance(text.node, yaml.MappingNode):
        return {_core(key): _core(value) for key, value in text.pairs()}
    letters: str = text.node.value
    if isinstance(text.node, yaml.ScalarNode) and text.node.style is not None:  # quoted
        return letters
    if letters in _NULLS:
        return None
    if letters in _BOOLS:
        return _BOOLS[letters]
    if _INT.fullmatch(letters):
        return _int(letters)
    # Where a float is wanted, "nan" is one; where nothing is known, only ".nan" is.
    return _float(letters) if _FLOAT.fullmatch(letters) and not letters.lstrip("+-").isalpha() else letters


_READERS: dict[type, Callable[[str], Any]] = {
    bool: _BOOLS.__getitem__,
    int: _int,
    float: _float,
    str: str,
    complex: complex,
    bytes: str.encode,
    pathlib.PurePath: str,
    datetime.datetime: datetime.datetime.fromisoformat,
    datetime.date: datetime.date.fromisoformat,
    datetime.time: datetime.time.fromisoformat,
    decimal.Decimal: decimal.Decimal,
    fractions.Fraction: fractions.Fraction,
    uuid.UUID: uuid.UUID,
}
"""How a class is read from text; the first that a class is or inherits."""


def _read(text: Written, hint: Any, before: Any) -> Any:
    hint = _named(hint)
    if hint in (Any, object):  # the value that is there may still say what is meant
        try:
            return _read(text, None, before)
        except Misfit:
            return _core(text)
    if hint is None:
        if type(before) is int and _FLOAT.fullmatch(text.letters) and not _INT.fullmatch(text.letters):
            return _float(text.letters)  # who writes 1 where 1.0 is meant says it with an annotation
        return _core(text) if before is None else _of_class(text, type(before), before)
    if hint is type(None):
        return _only(text, (None,))
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(text, arguments, before)
    if origin is typing.Literal:
        return _only(text, arguments)
    if origin is not None:
        return _collection(text, origin, arguments, before)
    return _of_class(text, hint, before) if isinstance(hint, type) else _core(text)


def _named(hint: Any) -> Any:
    """Return what a ``NewType`` or ``type X = …`` is a name of."""
    while not isinstance(hint, type):
        meant = getattr(hint, "__supertype__", getattr(hint, "__value__", None))
        if meant is None:
            break
        hint = meant
    return hint


def _one_of(text: Written, hints: Iterable[Any], before: Any) -> Any:
    """Return the value of a union: of the class that is there if it fits, of ``str``, which takes all, at last."""
    if type(None) in hints and text.is_null and (text.letters or str not in hints):
        return None
    kinds = [hint for hint in hints if hint is not type(None)]
    for hint in sorted(kinds, key=lambda hint: (not _is_a(before, hint), hint is str)):
        try:
            return _read(text, hint, before if _is_a(before, hint) else None)
        except Misfit:
            continue
    raise Misfit(f"{text.letters!r} is none of {', '.join(getattr(hint, '__name__', str(hint)) for hint in kinds)}")


def _is_a(value: Any, hint: Any) -> bool:
    kind = typing.get_origin(hint) or hint
    return isinstance(kind, type) and isinstance(value, kind)


def _only(text: Written, values: Iterable[Any]) -> Any:
    for value in values:
        if text.is_null if value is None else text.letters == str(value):
            return value
    raise Misfit(f"{text.letters!r} is none of {', '.join(map(repr, values))}")


def _of_class(text: Written, kind: type, before: Any) -> Any:
    if issubclass(kind, enum.Enum):
        return _member(text, kind)
    if dataclasses.is_dataclass(kind):
        return _with_fields(text, kind, before)
    if typing.is_typeddict(kind):
        hints = _hints_of_class(kind)
        return {key.letters: _read(value, hints.get(key.letters), None) for key, value in text.pairs()}
    read = next((read for base, read in _READERS.items() if issubclass(kind, base)), None)
    if read is not None:
        return _exactly(text, kind, read)
    if issubclass(kind, (list, tuple, set, frozenset, dict)):
        return _collection(text, kind, (), before)
    value = _core(text)
    if hasattr(kind, "dtype") and hasattr(kind, "item"):  # a number of numpy's
        return _exactly(text, kind, lambda _: value)
    if not isinstance(value, kind):
        raise Misfit(f"{text.letters!r} is of type {type(value).__name__}, not {kind.__name__}")
    return value


def _exactly(text: Written, kind: type, read: Callable[[str], Any]) -> Any:
    try:
        value = read(text.letters)
        return value if isinstance(value, kind) else kind(value)
    except (ValueError, TypeError, KeyError, ArithmeticError):
        found = type(_core(text)).__name__
        raise Misfit(f"{text.letters!r} is of type {found}, not {kind.__name__}") from None


def _member(text: Written, kind: type[enum.Enum]) -> enum.Enum:
    for member in kind.__members__.values():
        if text.letters in (member.name, str(member)):
            return member
    for member in kind:
        if text.letters == str(member.value):
            return member
    raise Misfit(f"{text.letters!r} is none of {', '.join(kind.__members__)}")


def _with_fields(text: Written, kind: Any, before: Any) -> Any:
    """Return a dataclass with the fields that are named; the others stay as they are."""
    hints = _hints_of_class(kind)
    known = {field.name: getattr(before, field.name, None) for field in dataclasses.fields(kind) if field.init}
    given = {}
    for key, value in text.pairs():
        if key.letters not in known:
            raise Misfit(f"{kind.__name__} has no field {key.letters!r}; it has {', '.join(known)}")
        given[key.letters] = _read(value, hints.get(key.letters), known[key.letters])
    return _replaced(kind, before, given)


def _replaced(kind: Any, before: Any, given: Mapping[str, Any]) -> Any:
    try:
        return kind(**given) if before is None else dataclasses.replace(before, **given)
    except (TypeError, ValueError) as error:  # a field without a value, or what its own check says
        raise Misfit(f"no {kind.__name__} can be made: {error}") from None


def _hints_of_class(kind: type) -> dict[str, Any]:
    try:
        return typing.get_type_hints(kind)
    except Exception:  # names that are imported for type checkers only
        return {}


def _collection(text: Written, kind: type, arguments: tuple[Any, ...], before: Any) -> Any:
    if issubclass(kind, collections.abc.Mapping):
        key_hint, value_hint = arguments or (None, None)
        known = {str(key): key for key in before} if isinstance(before, collections.abc.Mapping) else {}
        pairs = {}
        for key, value in text.pairs():
            name = known[key.letters] if key.letters in known else _read(key, key_hint, None)
            pairs[name] = _read(value, value_hint, before[name] if key.letters in known else None)
        return _made(kind, pairs)
    if not issubclass(kind, collections.abc.Iterable):
        return _core(text)
    items = text.items()
    if hasattr(kind, "_fields"):  # a named tuple
        arguments = tuple(map(_hints_of_class(kind).get, kind._fields))
    if issubclass(kind, tuple) and arguments and arguments[-1] is not ...:
        if len(items) != len(arguments):
            raise Misfit(f"{text.letters!r} has {len(items)} items where {len(arguments)} are wanted")
        values = list(map(_read, items, arguments, [None] * len(items)))
        return kind(*values) if hasattr(kind, "_fields") else kind(values)
    item_hint, item_before = (arguments[0] if arguments else None), _common(before)
    values = [_read(item, item_hint, item_before) for item in items]
    return _made(kind, values)


def _made(kind: type, values: Any) -> Any:
    """Return a collection of that class; of an abstract one, the builtin."""
    if kind.__module__ != "collections.abc":
        return kind(values)
    return set(values) if issubclass(kind, collections.abc.Set) else values


def _common(values: Any) -> Any:
    """Return one of the items if all are of its class, which new ones are then of, too."""
    if not isinstance(values, (list, tuple, set, frozenset)):
        return None
    first = next(iter(values), None)
    return first if all(type(value) is type(first) for value in values) else None
