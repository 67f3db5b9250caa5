"""Acceptance: an output stored earlier stands for today's key, after a change that changes nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from pyperunner_dag import Difference, differences, output_key, task_of
from pyperunner_dag.ports import SupportsAlias, SupportsDelete, SupportsEntries
from pyperunner_runner.errors import NotAcceptable
from pyperunner_runner.planning.cues.standing import StandingOutputs
from pyperunner_runner.provenance.stored_entries import StoredEntry, entries_of, link, nearest
from pyperunner_text.former_names import keep_former_name

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task
    from pyperunner_runner.planning.planner import PlannedRun

__all__ = ["Acceptance", "Tasks", "accept", "invalidate"]

Tasks: TypeAlias = "Task | str | Sequence[Task | str]"
"""One task or several, each itself or by its name."""


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


def accept(
    planned: PlannedRun, asked: Tasks, *, downstream: bool, dry_run: bool, renamed: Mapping[str, str] | None
) -> list[Acceptance]:
    """Let the nearest earlier entry stand for each task, which is recorded in the new entry under ``accepted``.

    Args:
        planned: The graph, hashed; its store must list entries and know aliases.
        asked: The tasks; of several those that are up to date, or have nothing, are passed over.
        downstream: Whether to look at their descendants, too.
        dry_run: Whether to change nothing.
        renamed: What tasks were called when their entries were stored, by their names of today.

    Raises:
        NotAcceptable: There is none at all, the error says why; or the output of one is gone.
        UnknownPipelineTask: There is no such task.
    """
    names = {planned.task(each).name for each in ([asked] if isinstance(asked, str) else _several(asked))}
    tasks = [node for node in planned.dag if node.name in names]
    done = []
    for node, entry in _acceptable(planned, tasks, downstream, renamed or {}):
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
    names = {task.name, *(element.name for element in task.elements or ())}
    for node in planned.dag if downstream else ():
        if not names.isdisjoint(planned.upstream[node.name]):
            names.add(node.name)
    return [node.name for node in planned.dag if node.name in names and _remove(store, node)]


def _several(asked: Task | Sequence[Task | str]) -> Sequence[Task | str]:
    return asked if isinstance(asked, (list, tuple)) else [asked]  # type: ignore[list-item]


def _acceptable(
    planned: PlannedRun, tasks: Sequence[Task], downstream: bool, renamed: Mapping[str, str]
) -> list[tuple[Task, StoredEntry]]:
    """Return which earlier entry could stand for each task, and with ``downstream`` those for what follows from them.

    A task downstream is among them if it has no output of its own yet and the store holds one that was made with the
    same params from the very outputs that are accepted now, or from others that are up to date, and by the same code
    but for changes that the task itself has, too.

    Raises:
        NotAcceptable: There is none; the error says why.
    """
    agreed = _Agreed({}, dict(renamed))
    chosen: list[tuple[Task, StoredEntry]] = []
    refused: list[NotAcceptable] = []
    for task in tasks:
        try:
            chosen += _earlier(planned.store, task, agreed, downstream)
        except NotAcceptable as error:
            refused.append(error)
    if downstream and agreed.hashes:
        chosen += _downstream(planned, agreed)
    if not chosen:
        reason = "it is up to date, and nothing downstream of it can be accepted"
        raise refused[0] if refused else NotAcceptable(tasks[0].name, reason)
    return chosen


def _earlier(store: OutputStore, task: Task, agreed: _Agreed, downstream: bool) -> list[tuple[Task, StoredEntry]]:
    """Return the entry that could stand for a task, none if it is up to date, and note what is agreed then.

    Raises:
        NotAcceptable: There is none; or it is up to date, and what follows from it does not matter.
    """
    for ability, lack in ((SupportsEntries, "lists no entries"), (SupportsAlias, "knows no aliases")):
        if not isinstance(store, ability):
            raise NotAcceptable(task.name, f"its store {lack}, so no output stored earlier can stand for this one")
    if task.mapping is not None:
        raise NotAcceptable(task.name, "it stands for its elements; accept those by their names")
    if not task.options.cache:
        raise NotAcceptable(task.name, "its output is not kept after a run (cache=False)")
    if not store.missing([task.key]):
        if not downstream:
            raise NotAcceptable(task.name, "it is up to date, there is nothing to accept")
        standing = StoredEntry(task.key, store.meta(task.key))
        agreed.hashes[task.name] = _hash(standing.stands_for)
        return []
    earlier = nearest(store, task, agreed.names.get(task.name))
    if earlier is None:
        raise NotAcceptable(task.name, "the store holds no earlier output of it that says what it was made from")
    agreed.hashes[task.name] = _hash(earlier.key)
    agreed.code |= _code_changes(earlier.parts, task.key_parts())
    return [(task, earlier)]


@dataclass
class _Agreed:
    """What is accepted: the hashes that stand for today's, by task, former names, and changes of code."""

    hashes: dict[str, str]
    names: dict[str, str]
    code: frozenset[tuple[Any, ...]] = frozenset()


def _downstream(planned: PlannedRun, agreed: _Agreed) -> Iterator[tuple[Task, StoredEntry]]:
    """Yield the descendants that differ from an earlier entry by nothing but what is agreed."""
    store = planned.store
    for node in planned.dag:
        follows = not agreed.hashes.keys().isdisjoint(planned.upstream[node.name])
        known = node.name not in agreed.hashes and node.identity.counted is not None
        if not known or not follows or not node.options.cache or not store.missing([node.key]):
            continue
        now = _as_agreed(node.key_parts(), _of_parts_too(node, agreed))
        for earlier in entries_of(store, node.entry_name):
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


def _as_agreed(parts: Any, agreed: _Agreed) -> Any:
    """Return the parts of a key with the names and hashes that upstream tasks had."""
    parents = [_former(name, own, agreed) for name, own in parts["parents"]]
    return {**parts, "inputs": _replaced(parts["inputs"], agreed), "parents": parents}


def _former(name: str, own: str, agreed: _Agreed) -> list[str]:
    return [agreed.names.get(name, name), agreed.hashes.get(name, own)]


def _of_parts_too(node: Task, agreed: _Agreed) -> _Agreed:
    """Return what is agreed also by the names of the parts of outputs that a task needs."""
    parts = [source for source in node.sources if task_of(source) is not source]
    hashes = {part.name: agreed.hashes[part.task.name] for part in parts if part.task.name in agreed.hashes}
    return replace(agreed, hashes={**agreed.hashes, **hashes}) if hashes else agreed


def _replaced(value: Any, agreed: _Agreed) -> Any:
    if isinstance(value, list):
        return [_replaced(item, agreed) for item in value]
    if not isinstance(value, dict):
        return value
    if "task" in value:
        name, own = value["task"]
        return {"task": _former(name, own, agreed)}
    return {key: _replaced(item, agreed) for key, item in value.items()}


def _hash(key: str) -> str:
    return key.rpartition("/")[2]


def _remove(store: OutputStore, task: Task) -> bool:
    """Remove a task's entry, and those of the same work that early cutoff would take in its place."""
    if not isinstance(store, SupportsDelete) or task.identity.counted is None:
        return False
    try:
        inputs = StoredEntry(task.key, store.meta(task.key)).inputs
    except KeyError:
        return sum(store.delete(key) for key in task.entry_keys) > 0
    standing = list(StandingOutputs(store).keys(task))  # else one of these would stand next
    same = [entry.key for entry in entries_of(store, task.entry_name) if entry.is_same_work(task, inputs)]
    same = [key for found in (same if inputs else ()) for key in (found, *(output_key(found, o) for o in task.outputs))]
    return sum(store.delete(key) for key in {*task.entry_keys, *same, *standing}) > 0
