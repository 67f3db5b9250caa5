"""Precheck: the walk before packing finds what is shared, cyclic or unknown, or kept as another type."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from pyperunner_cache.values.packer import ATOMS, BIG, NotPlain, is_rows
from pyperunner_cache.values.type_table import children_of, encoder_for, is_shareable

__all__ = ["Precheck"]

_DEEPEST = 200
"""Levels of lists and dicts."""
_LEVEL = 6
"""How many of them another container counts for: some readers have a stack of half a megabyte."""
_MANY = 100_000


class Precheck:
    """Looks at every container once.

    Args:
        pickles: Whether a pickle is an alternative; pandas frames have another plain form only where it is not.
    """

    def __init__(self, pickles: bool) -> None:
        self.pickles = pickles
        self.lower = False
        self._seen: set[int] = set()

    def walk(self, value: Any, depth: int) -> None:
        """Look at ``value`` and what it holds.

        Raises:
            NotPlain: Something is shared, cyclic, too deep, or of a type without a plain form.
        """
        kind = type(value)
        if kind in ATOMS:
            return
        if depth > _DEEPEST:
            most = f"{_DEEPEST} levels deep, or {_DEEPEST // _LEVEL} of tuples and objects"
            raise NotPlain(kind.__name__, f"it lies more than {most}")
        if kind is dict:
            self._mark(value)
            self._walk_dict(value, depth)
        elif kind is list:
            self._mark(value)
            self._walk_items(value, depth)
        elif kind is tuple:
            if not ATOMS.issuperset(map(type, value)):
                self._mark(value)
            self._walk_items(value, depth + _LEVEL - 1)
        elif kind is bytearray:
            self._mark(value)
            self.lower = True
        else:
            self._walk_other(value, depth)

    def _mark(self, value: Any) -> None:
        if id(value) in self._seen:
            raise NotPlain(type(value).__name__, "it appears more than once in the value, or contains itself")
        self._seen.add(id(value))

    def _walk_dict(self, value: dict[Any, Any], depth: int) -> None:
        kinds = set(map(type, value.values()))
        kinds.update(map(type, value))
        self._note_big(kinds, value.values())
        self._note_big(kinds, value)
        if kinds <= ATOMS:
            return
        for key, item in value.items():
            try:
                if type(key) not in ATOMS:
                    self.walk(key, depth + 1)
                if type(item) not in ATOMS:
                    self.walk(item, depth + 1)
            except NotPlain as refusal:
                refusal.under(f"[{_short(key)}]")
                raise

    def _walk_items(self, value: list[Any] | tuple[Any, ...], depth: int) -> None:
        kinds = set(map(type, value))
        self._note_big(kinds, value)
        if kinds <= ATOMS:
            return
        if kinds == {tuple} and type(value) is list and is_rows(value):
            self.lower = True
            return
        for at, item in enumerate(value):
            if type(item) not in ATOMS:
                try:
                    self.walk(item, depth + 1)
                except NotPlain as refusal:
                    refusal.under(f"[{at}]")
                    raise

    def _note_big(self, kinds: set[type], items: Collection[Any]) -> None:
        if self.lower or not (str in kinds or bytes in kinds) or len(items) > _MANY:
            return
        if kinds <= {str, bytes}:
            self.lower = max(map(len, items)) >= BIG
        else:
            self.lower = any(type(item) in (str, bytes) and len(item) >= BIG for item in items)

    def _walk_other(self, value: Any, depth: int) -> None:
        encoder_for(type(value), value, self.pickles)
        flat = isinstance(value, (tuple, frozenset)) and ATOMS.issuperset(map(type, value))
        if not flat and not is_shareable(type(value)):
            self._mark(value)
        for step, child in children_of(value):
            try:
                self.walk(child, depth + _LEVEL)
            except NotPlain as refusal:
                refusal.under(step)
                raise


def _short(key: Any) -> str:
    try:
        text = repr(key)
    except Exception:
        text = f"<{type(key).__name__}>"
    return text if len(text) <= 60 else text[:57] + "..."
