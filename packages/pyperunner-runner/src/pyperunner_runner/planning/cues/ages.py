"""Ages: which stored outputs are older than their tasks allow."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["aged", "saved_at"]

_AHEAD = 60.0
"""Seconds that the clock of another machine may be ahead of this one's."""
_UNITS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


def aged(store: OutputStore, tasks: Iterable[Task]) -> dict[str, str]:
    """Return those tasks whose stored outputs are older than ``max_age``, by name, with the reason in words.

    Args:
        store: Where the outputs are; the meta of each is read, if its task has a ``max_age``.
        tasks: Tasks that have an output in it.
    """
    found: dict[str, str] = {}
    for task in tasks:
        limit = task.options.max_age
        if limit is None:
            continue
        try:
            age = time.time() - saved_at(store, task.key, store.meta(task.key))
        except KeyError:  # it is gone, or damaged; whoever loads it finds out
            continue
        if age > limit:
            found[task.name] = f"its output is {_words(age)} old, more than {_words(limit)}"
        elif age < -_AHEAD:
            # Left alone, it would be young until that time has come, and for as long as it may be old after that.
            found[task.name] = "its output has a time to come: it was stored when a clock was ahead"
    return found


def saved_at(store: OutputStore, key: str, meta: Mapping[str, Any]) -> float:
    """Return when an output was stored, in epoch seconds: that which an entry stands for, where it was linked.

    Raises:
        KeyError: What it was linked to is gone.
    """
    linked = meta.get("linked")
    target = linked.get("to", key) if isinstance(linked, Mapping) else key
    found = meta if target == key else store.meta(target)
    return float(found["saved_at"])


def _words(seconds: float) -> str:
    """Return a length of time by its largest unit, such as ``2 days``; halves are told."""
    unit, size = next(((unit, size) for unit, size in _UNITS if seconds >= size), _UNITS[-1])
    number = f"{seconds / size:.1f}".removesuffix(".0")
    return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
