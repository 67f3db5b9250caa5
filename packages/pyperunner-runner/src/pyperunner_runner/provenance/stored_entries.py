"""Stored entries of a task: what they were made from, which is nearest to today's key, how one stands for it."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest
from typing import TYPE_CHECKING, Any

from pyperunner_dag import Difference, differences, output_key
from pyperunner_dag.ports import SupportsAlias, SupportsEntries
from pyperunner_keys import unpack_places
from pyperunner_runner.planning.cues.standing import RUN

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["RUN", "Digests", "StoredEntry", "entries_of", "link", "nearest"]

Digests = Sequence[Any]
"""Of an output: that of the payload, and the canonical one, or ``None`` where it is not known."""
_MOST = 50
"""Of a task with more entries, the newest so many are looked at."""


@dataclass(frozen=True)
class StoredEntry:
    """An entry that a task made under another key, or under today's."""

    key: str
    meta: Mapping[str, Any]

    @property
    def parts(self) -> Mapping[str, Any]:
        """What its key was made of."""
        return _mapping(self.meta.get("parts"))

    @property
    def made_as(self) -> str:
        """Key of the entry that holds the output: its own, or that of the entry it was linked to."""
        return str(_mapping(self.meta.get("linked")).get("to", self.key))

    @property
    def stands_for(self) -> str:
        """Key that it was accepted in place of; its own if it was not."""
        return str(_mapping(self.meta.get("accepted")).get("from", self.key))

    @property
    def inputs(self) -> Mapping[str, Any]:
        """Digests of the outputs that it was made from, by the names of the upstream tasks."""
        return _mapping(self.meta.get("upstream"))

    def is_same_work(self, task: Task, inputs: Mapping[str, Digests]) -> bool:
        """Whether it was made by the same code and params as the task's, from inputs with these digests."""
        made_from = self.inputs
        if made_from.keys() != inputs.keys() or not all(_equal(made_from[name], inputs[name]) for name in inputs):
            return False
        return all(found.kind == "upstream" for found in differences(self.parts, task.key_parts()))

    def differs_in(self, task: Task) -> list[Difference]:
        """Return what of the task's key is not as it was."""
        was, now = unpack_places(self.meta.get("sources")), task.fingerprint().places
        return differences(self.parts, task.key_parts(), was, now)


def entries_of(store: OutputStore, name: str, most: int = _MOST) -> Iterator[StoredEntry]:
    """Yield the entries of the task called ``name``, the newest first; nothing where a store lists none.

    Those that are kept for one run only are left out.
    """
    if isinstance(store, SupportsEntries):
        for info in nlargest(most, store.entries(name), key=lambda info: info["modified"]):
            try:
                meta = store.meta(info["key"])
            except KeyError:  # gone, or damaged
                continue
            if RUN not in meta:
                yield StoredEntry(info["key"], meta)


def nearest(store: OutputStore, task: Task, name: str | None = None) -> StoredEntry | None:
    """Return the earlier entry that differs from the task's key in the fewest parts, the newest of several.

    One whose key has another format, so that nothing can be said of its parts, is the last choice.

    Args:
        store: Where to look.
        task: The task.
        name: What it was called then, if not what it is called now.
    """
    now = task.key_parts()
    others = (entry for entry in entries_of(store, name or task.own_name) if entry.parts and entry.key != task.key)
    return min(others, key=lambda entry: _distance(differences(entry.parts, now)), default=None)


def _distance(found: list[Difference]) -> tuple[bool, int]:
    return any(each.kind == "format" for each in found), len(found)


def link(store: OutputStore, task: Task, entry: StoredEntry, **facts: Any) -> None:
    """Let an entry stand for the task's key of today.

    Args:
        store: The store of both.
        task: The task.
        entry: The entry.
        **facts: To be kept in the new entry.

    Raises:
        KeyError: The output of the entry is gone, or is another one by now.
    """
    target = entry.made_as
    if target != entry.key and store.meta(target)["digest"] != entry.meta["digest"]:
        raise KeyError(target)
    kept = {name: entry.meta[name] for name in ("seconds", "upstream", "canonical") if name in entry.meta}
    linked = {"to": target, "when": time.time()}
    meta = {**kept, **task.entry_meta(), **facts, "linked": linked}
    pairs = [(output_key(task.key, name), output_key(target, name)) for name in task.outputs]
    for key, of_target in pairs:
        _link(store, key, of_target, store.meta(of_target))
    _link(store, task.key, target, meta)


def _link(store: OutputStore, key: str, target: str, meta: Mapping[str, Any]) -> None:
    if isinstance(store, SupportsAlias):
        store.alias(key, target, meta)
    else:
        store.save(key, store.load(target), meta)


def _equal(before: Any, now: Any) -> bool:
    if not isinstance(before, (list, tuple)) or not isinstance(now, (list, tuple)) or len(before) != len(now):
        return False
    return any(one is not None and one == other for one, other in zip(before, now, strict=True))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
