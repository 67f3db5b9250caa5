"""Reads: what a part of a fingerprint was read from, and whether that is still what there is.

Names are compared by the identity of what they hold, functions by that of their code and defaults, classes by that of
their members. What can change in place is digested anew. Everything that was read is held, so that no identity is given
to something else.
"""

from __future__ import annotations

import datetime
import pathlib
import re
import types
from collections.abc import Callable, Iterable, Mapping
from operator import is_
from typing import Any

from pyperunner_keys.code.kinds import is_own_code, wrapped_parts
from pyperunner_text.inert import find_class

__all__ = ["MISSING", "Reads", "is_fixed"]

MISSING: Any = object()
"""Stands for what a name holds that is not there."""

_FIXED = frozenset(
    {
        *(bool, int, float, complex, str, bytes, type(None), type(...), type(NotImplemented), range),
        *(datetime.date, datetime.timedelta, datetime.timezone, re.Pattern),
        *(pathlib.PurePosixPath, pathlib.PosixPath, pathlib.PureWindowsPath, pathlib.WindowsPath),
    }
)
_FIXED_ELSEWHERE = {"decimal": "Decimal", "fractions": "Fraction", "uuid": "UUID"}
"""Such types of modules that are not imported for their sake."""


def is_fixed(value: Any) -> bool:
    """Say whether nothing in a value can change as long as it is the same object; code has reads of its own."""
    kind = type(value)
    if kind in _FIXED:
        return True
    if kind is tuple or kind is frozenset:
        return all(map(is_fixed, value))
    if kind in (staticmethod, classmethod):
        return is_fixed(value.__func__)
    if kind is property:
        return all(map(is_fixed, (value.fget, value.fset, value.fdel)))
    if kind is types.BuiltinFunctionType:
        return value.__self__ is None or isinstance(value.__self__, (type, types.ModuleType))
    if kind is types.FunctionType:
        return is_own_code(value) or not wrapped_parts(value)
    if isinstance(value, (type, types.ModuleType)):
        return True
    return kind.__name__ in _FIXED_ELSEWHERE.values() and _is_fixed_elsewhere(kind)


def _is_fixed_elsewhere(kind: type) -> bool:
    return any(find_class(module, name) is kind for module, name in _FIXED_ELSEWHERE.items())


class Reads:
    """What was looked at, each with what was found.

    Attributes:
        names: Namespaces, names in them, and what they held.
        functions: Functions with code, defaults and attributes.
        classes: Classes with their bases and members.
        cells: Variables of closures with what they held.
        answers: Functions without arguments, and what they returned.
    """

    __slots__ = ("answers", "cells", "classes", "functions", "names")

    def __init__(self) -> None:
        self.names: list[tuple[Mapping[Any, Any], str, Any]] = []
        self.functions: list[tuple[types.FunctionType, Any, Any, Any, dict[str, Any]]] = []
        self.classes: list[tuple[type[Any], tuple[type[Any], ...], tuple[str, ...], tuple[Any, ...]]] = []
        self.cells: list[tuple[types.CellType, Any]] = []
        self.answers: list[tuple[Callable[[], Any], Any]] = []

    @classmethod
    def together(cls, several: Iterable[Reads]) -> Reads:
        """Return all that several have looked at, names only once."""
        found = cls()
        answers: dict[int, tuple[Callable[[], Any], Any]] = {}
        names: dict[tuple[int, str], tuple[Mapping[Any, Any], str, Any]] = {}
        for each in several:
            names.update({(id(read[0]), read[1]): read for read in each.names})
            found.functions += each.functions
            found.classes += each.classes
            found.cells += each.cells
            answers.update({id(read[0]): read for read in each.answers})
        found.names, found.answers = [*names.values()], [*answers.values()]
        return found

    def add(self, other: Reads) -> None:
        """Take over what another one has looked at."""
        for kind in self.__slots__:
            getattr(self, kind).extend(getattr(other, kind))

    def name(self, space: Mapping[Any, Any], name: str) -> None:
        """Note what a namespace holds under a name."""
        self.names.append((space, name, space.get(name, MISSING)))

    def function(self, function: types.FunctionType) -> None:
        """Note what a function is made of."""
        attributes = dict(vars(function))
        self.functions.append((function, function.__code__, function.__defaults__, function.__kwdefaults__, attributes))
        self.cells += [(cell, _held_by(cell)) for cell in function.__closure__ or ()]

    def members(self, cls: type[Any]) -> None:
        """Note what a class holds."""
        self.classes.append((cls, cls.__bases__, tuple(vars(cls)), tuple(vars(cls).values())))

    def answer(self, ask: Callable[[], Any], answer: Any) -> None:
        """Note what a function without arguments has returned."""
        self.answers.append((ask, answer))

    def hold(self, answered: dict[int, bool]) -> bool:
        """Say whether all is as it was found.

        Args:
            answered: What is known of answers already, by the identity of the question; more is added.
        """
        missing = MISSING
        for space, name, value in self.names:
            if space.get(name, missing) is not value:
                return False
        for function, code, defaults, keyword_defaults, attributes in self.functions:
            if (
                function.__code__ is not code
                or function.__defaults__ is not defaults
                or function.__kwdefaults__ is not keyword_defaults
                or ((attributes or function.__dict__) and not _are(function.__dict__, attributes))
            ):
                return False
        for cls, bases, members, values in self.classes:
            now = vars(cls)
            if cls.__bases__ is not bases or tuple(now) != members or not all(map(is_, now.values(), values)):
                return False
        for cell, value in self.cells:
            if _held_by(cell) is not value:
                return False
        for ask, answer in self.answers:
            known = answered.get(id(ask))
            if known is None:
                known = answered[id(ask)] = bool(ask() == answer)
            if not known:
                return False
        return True


def _held_by(cell: types.CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # the outer function has not given it a value
        return MISSING


def _are(now: dict[str, Any], before: dict[str, Any]) -> bool:
    if not now and not before:
        return True
    return now.keys() == before.keys() and all(now[name] is value for name, value in before.items())
