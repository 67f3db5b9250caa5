"""Early cutoff: a task whose inputs turn out to be what they were before is satisfied from the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag import changed_outputs
from pyperunner_runner.planning.reasons_to_run import Decision
from pyperunner_runner.provenance.stored_entries import Digests, StoredEntry, entries_of, link

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["find_equal_output"]

_HIT = Decision("load", "early cutoff: inputs are identical")


def find_equal_output(task: Task) -> Decision | None:
    """Look for an output of a task that is about to run, made by the same code and params from equal inputs.

    One that is found is linked to the task's key of today, which makes it a hit.

    Args:
        task: The task; all of its upstream tasks have ended.

    Returns:
        That its output is loaded; ``None`` if there is none, or the store cannot say.
    """
    store = task.store
    if store is None or not task.upstream or not task.options.cache:
        return None
    try:
        return _find(store, task)
    except OSError:
        return None


def _find(store: OutputStore, task: Task) -> Decision | None:
    try:
        inputs = {source.own_name: _digests(store.meta(source.key)) for source in task.upstream}
    except KeyError:  # an input is gone: the child will find out and have it made again
        return None
    for entry in _candidates(store, task):
        if entry.is_same_work(task, inputs) and _stands(store, entry, task, inputs):
            return _HIT
    return None


def _candidates(store: OutputStore, task: Task) -> Iterator[StoredEntry]:
    """Yield the entry of the task's own key, if there is one, and its earlier entries."""
    if not store.missing([task.key]):
        try:
            yield StoredEntry(task.key, store.meta(task.key))
        except KeyError:  # damaged
            pass
    yield from (entry for entry in entries_of(store, task.own_name) if entry.key != task.key)


def _stands(store: OutputStore, entry: StoredEntry, task: Task, inputs: Mapping[str, Digests]) -> bool:
    """Let the entry stand for the task's key; say whether that was possible."""
    if changed_outputs(store, [entry.key]):
        return False
    if entry.key != task.key:
        try:
            link(store, task, entry, upstream={name: list(digests) for name, digests in inputs.items()})
        except KeyError:  # what it was linked to is gone
            return False
    return True


def _digests(meta: Mapping[str, Any]) -> Digests:
    return meta.get("digest"), meta.get("canonical")
