"""Acceptance: an output stored earlier stands for today's key, after a change that changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyperunner_dag import Difference, differences
from pyperunner_dag.ports import SupportsAlias, SupportsDelete, SupportsEntries
from pyperunner_runner.errors import NotAcceptable
from pyperunner_runner.provenance.stored_entries import StoredEntry, entries_of, link, nearest
from pyperunner_text.former_names import keep_former_name

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task
    from pyperunner_runner.planning.planner import PlannedRun

__all__ = ["Acceptance", "accept", "invalidate"]


@dataclass(frozen=True)
class Acceptance:
    """An output stored earlier that stands, or could stand, for a task's key of today."""

    name: str
    """The task."""
    key: str
    """Its key of today."""
    earlier: str
    """Key of the earlier entry."""
    differences: tuple[Difference, ...]
    """What differs between the two."""

    def __str__(self) -> str:
        return "\n".join([self.name, *(f"    {found}" for found in self.differences)])


keep_former_name("pyperunner_runner._accept", Acceptance)


def accept(planned: PlannedRun, task: Task, *, downstream: bool, dry_run: bool) -> list[Acceptance]:
    """Let the nearest earlier entry stand for a task, which is recorded in the new entry under ``accepted``.

    Args:
        planned: The graph, hashed; its store must list entries and know aliases.
        task: The task.
        downstream: Whether to look at the task's descendants, too.
        dry_run: Whether to change nothing.

    Raises:
        NotAcceptable: There is none, the error says why; or the output of one is gone.
    """
    done = []
    for node, entry in _acceptable(planned, task, downstream):
        found = tuple(entry.differs_in(node))
        if not dry_run:
            facts = {"when": time.time(), "from": entry.key, "differences": [item.text for item in found]}
            try:
                link(planned.store, node, entry, accepted=facts)
            except KeyError:
                raise NotAcceptable(node.name, f"the output of {entry.key} is gone from the store") from None
        done.append(Acceptance(node.name, node.key, entry.key, found))
    return done


def invalidate(planned: PlannedRun, task: Task, *, downstream: bool) -> list[str]:
    """Remove the stored output of a task, and with ``downstream`` those of all its descendants.

    Returns:
        The names of the tasks that had one.

    Raises:
        NotAcceptable: The store can't remove entries.
    """
    store = planned.store
    if not isinstance(store, SupportsDelete):
        raise NotAcceptable(task.name, "its store can't remove entries; use reload=True to run it again")
    names = {task.name}
    for node in planned.dag if downstream else ():
        if not names.isdisjoint(planned.upstream[node.name]):
            names.add(node.name)
    return [node.name for node in planned.dag if node.name in names and _remove(store, node)]


def _acceptable(planned: PlannedRun, task: Task, downstream: bool) -> list[tuple[Task, StoredEntry]]:
    """Return which earlier entry could stand for the task, and with ``downstream`` those for what follows from it.

    A task downstream is among them if it has no output of its own yet and the store holds one that was made with the
    same params from the very outputs that are accepted now, or from others that are up to date, and by the same code
    but for changes that the task itself has, too.

    Raises:
        NotAcceptable: There is none; the error says why.
    """
    store = planned.store
    for ability, lack in ((SupportsEntries, "lists no entries"), (SupportsAlias, "knows no aliases")):
        if not isinstance(store, ability):
            raise NotAcceptable(task.name, f"its store {lack}, so no output stored earlier can stand for this one")
    if not task.options.cache:
        raise NotAcceptable(task.name, "its output is not kept after a run (cache=False)")
    if not store.missing([task.key]):
        if not downstream:
            raise NotAcceptable(task.name, "it is up to date, there is nothing to accept")
        standing = StoredEntry(task.key, store.meta(task.key))
        agreed = _Agreed({task.name: _hash(standing.stands_for)})
        chosen: list[tuple[Task, StoredEntry]] = []
    else:
        earlier = nearest(store, task)
        if earlier is None:
            raise NotAcceptable(task.name, "the store holds no earlier output of it that says what it was made from")
        agreed = _Agreed({task.name: _hash(earlier.key)}, _code_changes(earlier.parts, task.key_parts()))
        chosen = [(task, earlier)]
    if downstream:
        chosen += _downstream(planned, agreed)
        if not chosen:
            raise NotAcceptable(task.name, "it is up to date, and nothing downstream of it can be accepted")
    return chosen


@dataclass
class _Agreed:
    """What is accepted: the hashes that stand for today's, by task, and changes of code."""

    hashes: dict[str, str]
    code: frozenset[tuple[Any, ...]] = frozenset()


def _downstream(planned: PlannedRun, agreed: _Agreed) -> Iterator[tuple[Task, StoredEntry]]:
    """Yield the descendants that differ from an earlier entry by nothing but what is agreed."""
    store = planned.store
    for node in planned.dag:
        follows = not agreed.hashes.keys().isdisjoint(planned.upstream[node.name])
        if not follows or not node.options.cache or not store.missing([node.key]):
            continue
        now = _with_hashes(node.key_parts(), agreed.hashes)
        for earlier in entries_of(store, node.name):
            if earlier.parts and _agrees(earlier.parts, now, agreed):
                agreed.hashes[node.name] = _hash(earlier.key)
                yield node, earlier
                break


def _agrees(before: Mapping[str, Any], now: Mapping[str, Any], agreed: _Agreed) -> bool:
    found = differences(before, now)
    changes = _code_changes(before, now)
    return not found or (all(one.kind == "code" for one in found) and bool(changes) and changes <= agreed.code)


def _code_changes(before: Mapping[str, Any], now: Mapping[str, Any]) -> frozenset[tuple[Any, ...]]:
    """Return the parts of the code that differ, each with its digests; something unique where they are not known."""
    try:
        old, new = dict(before["code"]["parts"]), dict(now["code"]["parts"])
    except (KeyError, TypeError, ValueError):
        return frozenset({(object(),)})
    return frozenset((name, old.get(name), new.get(name)) for name in {**old, **new} if old.get(name) != new.get(name))


def _with_hashes(parts: Any, hashes: Mapping[str, str]) -> Any:
    """Return the parts of a key with other hashes for some upstream tasks."""
    inputs = _replaced(parts["inputs"], hashes)
    return {**parts, "inputs": inputs, "parents": [[name, hashes.get(name, own)] for name, own in parts["parents"]]}


def _replaced(value: Any, hashes: Mapping[str, str]) -> Any:
    if isinstance(value, list):
        return [_replaced(item, hashes) for item in value]
    if not isinstance(value, dict):
        return value
    if "task" in value:
        name, own = value["task"]
        return {"task": [name, hashes.get(name, own)]}
    return {key: _replaced(item, hashes) for key, item in value.items()}


def _hash(key: str) -> str:
    return key.rpartition("/")[2]


def _remove(store: OutputStore, task: Task) -> bool:
    """Remove a task's entry, and those of the same work that early cutoff would take in its place."""
    if not isinstance(store, SupportsDelete):
        return False
    try:
        inputs = StoredEntry(task.key, store.meta(task.key)).inputs
    except KeyError:
        return store.delete(task.key)
    same = [entry.key for entry in entries_of(store, task.name) if entry.is_same_work(task, inputs)]
    return sum(store.delete(key) for key in {task.key, *(same if inputs else ())}) > 0
