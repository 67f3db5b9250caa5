"""Early cutoff: a task whose inputs turn out to be what they were before is satisfied from the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag import changed_outputs
from pyperunner_runner.plan import UNCONDITIONAL, Decision
from pyperunner_runner.provenance.stored_entries import Digests, Earlier, earlier_entries, link

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["cut_off"]

_HIT = Decision("load", "early cutoff: inputs are identical")


def cut_off(task: Task, decision: Decision) -> Decision:
    """Look for an output of a task that is about to run, made by the same code and params from equal inputs.

    One that is found is linked to the task's key of today, which makes it a hit.

    Args:
        task: The task; all of its upstream tasks have ended.
        decision: What was planned; a task that is forced or marked ``reload`` runs in any case.

    Returns:
        That its output is loaded, if there is one, else ``decision``.
    """
    store = task.store
    if store is None or decision in UNCONDITIONAL or not task.upstream or not task.options.cache:
        return decision
    try:
        inputs = {source.name: _digests(store.meta(source.key)) for source in task.upstream}
    except KeyError:  # an input is gone: the child will find out and have it made again
        return decision
    for earlier in _candidates(store, task):
        if earlier.is_same_work(task, inputs) and _stands(store, earlier, task, inputs):
            return _HIT
    return decision


def _candidates(store: OutputStore, task: Task) -> Iterator[Earlier]:
    """Yield the entry of the task's own key, if there is one, and its earlier entries."""
    if not store.missing([task.key]):
        try:
            yield Earlier(task.key, store.meta(task.key))
        except KeyError:  # damaged
            pass
    yield from (entry for entry in earlier_entries(store, task.name) if entry.key != task.key)


def _stands(store: OutputStore, earlier: Earlier, task: Task, inputs: Mapping[str, Digests]) -> bool:
    """Let the entry stand for the task's key; say whether that was possible."""
    if changed_outputs(store, [earlier.key]):
        return False
    if earlier.key != task.key:
        try:
            link(store, task, earlier, upstream={name: list(digests) for name, digests in inputs.items()})
        except KeyError:  # what it was linked to is gone
            return False
    return True


def _digests(meta: Mapping[str, Any]) -> Digests:
    return meta.get("digest"), meta.get("canonical")
