"""Early cutoff: a task whose inputs turn out to be what they were before is satisfied from the store."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag import changed_outputs, task_of
from pyperunner_keys import digest
from pyperunner_runner.planning.reasons_to_run import Decision
from pyperunner_runner.provenance.stored_entries import Digests, StoredEntry, entries_of, link

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["EarlierElements", "find_equal_output"]

_HIT = Decision("load", "early cutoff: inputs are identical")
_ALL = 1 << 40


class EarlierElements:
    """The entries of mapped tasks by what they were made of; of each task all are looked at once in a run."""

    def __init__(self) -> None:
        self._known: dict[str, dict[tuple[str, str], list[StoredEntry]]] = {}

    def made_of(self, store: OutputStore, name: str, inputs: Mapping[str, Digests]) -> list[StoredEntry]:
        """Return the entries of a mapped task that one of these inputs, or one equal to it, has gone into."""
        if name not in self._known:
            known = self._known[name] = {}
            for entry in entries_of(store, name, _ALL):
                for which in _marks(entry.inputs):
                    known.setdefault(which, []).append(entry)
        found = [entry for which in _marks(inputs) for entry in self._known[name].get(which, ())]
        return list({entry.key: entry for entry in found}.values())


def _marks(inputs: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, digests in inputs.items():
        if isinstance(digests, (list, tuple)):
            yield from ((name, each) for each in digests if isinstance(each, str))


def find_equal_output(task: Task, elements: EarlierElements) -> Decision | None:
    """Look for an output of a task that is about to run, made by the same code and params from equal inputs.

    One that is found is linked to the task's key of today, which makes it a hit.

    Args:
        task: The task; all of its upstream tasks have ended.
        elements: Earlier elements of mapped tasks.

    Returns:
        That its output is loaded; ``None`` if there is none, or the store cannot say.
    """
    store = task.store
    if store is None or not task.upstream or not task.options.cache:
        return None
    try:
        return _find(store, task, elements)
    except OSError:
        return None


def _find(store: OutputStore, task: Task, elements: EarlierElements) -> Decision | None:
    try:
        inputs = {source.entry_name: _digests(store, source) for source in task.sources}
    except KeyError:  # an input is gone: the child will find out and have it made again
        return None
    for entry in _candidates(store, task, inputs, elements):
        if entry.is_same_work(task, inputs) and _stands(store, entry, task, inputs):
            return _HIT
    return None


def _candidates(
    store: OutputStore, task: Task, inputs: Mapping[str, Digests], elements: EarlierElements
) -> Iterator[StoredEntry]:
    """Yield the entry of the task's own key, if there is one, and its earlier entries."""
    if not store.missing(task.entry_keys):
        try:
            yield StoredEntry(task.key, store.meta(task.key))
        except KeyError:  # damaged
            pass
    name = task.entry_name
    others = entries_of(store, name) if task.of is None else elements.made_of(store, name, inputs)
    yield from (entry for entry in others if entry.key != task.key)


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


def _digests(store: OutputStore, source: Any) -> Digests:
    """Return the digests of what a task gets; of a mapped task those of all outputs that it stands for."""
    mapped = task_of(source)
    if mapped.mapping is None:
        meta = store.meta(source.key)
        return meta.get("digest"), meta.get("canonical")
    metas = [store.meta(element.key) for element in mapped.elements or () if not element.status.why_no_output]
    canonical = [meta.get("canonical") for meta in metas]
    return digest([meta.get("digest") for meta in metas]), digest(canonical) if all(canonical) else None
