"""Needs: which entries of a store the records of runs, running ones among them, must find there."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

__all__ = ["Needs", "needs_of", "with_targets"]


@dataclass(frozen=True)
class Needs:
    """What runs need of a store.

    Attributes:
        by_run: The keys of entries by the name of the run, the oldest first.
    """

    by_run: Mapping[str, frozenset[str]]

    @property
    def all(self) -> set[str]:
        """The keys that any run needs."""
        return set().union(*self.by_run.values())


def needs_of(log_path: str, store: Any, stored: Collection[str]) -> Needs:
    """Return what the runs below ``log_path`` need of what is stored.

    Args:
        log_path: Folder of run folders.
        store: The store.
        stored: All its keys.
    """
    from pyperunner_results.upkeep.needed import needed_keys

    known = set(stored)
    runs = needed_keys(log_path)
    targets = cache(partial(_target, store))
    return Needs({name: frozenset(_closed(keys & known, targets)) for name, (_, keys) in runs.items()})


def with_targets(store: Any, keys: Iterable[str]) -> set[str]:
    """Return ``keys`` and those that they stand for: an accepted entry holds no output of its own."""
    return _closed(keys, partial(_target, store))


def _closed(keys: Iterable[str], target_of: Callable[[str], str | None]) -> set[str]:
    found: set[str] = set()
    pending = list(keys)
    while pending:
        key = pending.pop()
        if key not in found:
            found.add(key)
            target = target_of(key)
            pending += [] if target is None else [target]
    return found


def _target(store: Any, key: str) -> str | None:
    """Return the key of the entry that one stands for."""
    try:
        linked = store.meta(key).get("linked")
    except KeyError:  # it is gone, or damaged
        return None
    to = linked.get("to") if isinstance(linked, Mapping) else None
    return to if isinstance(to, str) else None
