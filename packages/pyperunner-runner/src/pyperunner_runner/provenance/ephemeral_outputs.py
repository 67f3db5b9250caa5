"""Ephemeral outputs: kept for one run only (``cache=False``): under keys of the run's own, removed at its end."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from pyperunner_dag.ports import SupportsDelete, SupportsEntries
from pyperunner_results import process_identity, process_is_alive

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["EphemeralOutputs"]

_numbers = itertools.count(1)


class EphemeralOutputs:
    """The outputs of one run that are not kept.

    Args:
        tasks: The tasks of the run; those with ``cache=False`` get their keys here.
        store: Where outputs are.
        say: Writes a warning into the run's log.
    """

    def __init__(self, tasks: Iterable[Task], store: OutputStore, say: Callable[[str], None]) -> None:
        self._tasks: list[Task] = []
        self._begun = False
        self._store = store
        self._say = say
        self._scope = ""
        self.add(tasks)

    def add(self, tasks: Iterable[Task]) -> None:
        """Add tasks that have come to exist; those with ``cache=False`` get their keys here."""
        found = [task for task in tasks if not task.options.cache]
        if found and not self._scope:
            self._process = process_identity()
            self._scope = "-".join(map(str, (*self._process.values(), next(_numbers), os.urandom(4).hex())))
        for task in found:
            task.scope_to(self._scope)
        self._tasks += found

    def meta(self, task: Task) -> Mapping[str, Any]:
        """Return what is stored beside the output of a task, so that others know whose it is."""
        if task.options.cache:
            return {}
        from pyperunner_runner.provenance.stored_entries import RUN

        return {RUN: self._process}

    def begin(self) -> None:
        """Remove what runs that were killed have left of these tasks' outputs; from now on there is some to remove."""
        store = self._store
        self._begun = True
        if self._tasks and isinstance(store, SupportsEntries) and isinstance(store, SupportsDelete):
            with suppress(OSError):  # a store that can't be asked just now is swept by a later run
                for task in self._tasks:
                    for key in [entry["key"] for entry in store.entries(task.own_name)]:
                        if self._is_left_over(key):
                            store.delete(key)

    def remove(self) -> None:
        """Remove this run's outputs; may be called twice."""
        tasks, self._tasks = self._tasks, []
        if self._begun and tasks and not isinstance(self._store, SupportsDelete):
            self._say(f"the store can't remove entries, so outputs of tasks with cache=False stay: {tasks[0].name}, …")
        for task in tasks:
            if self._begun and isinstance(self._store, SupportsDelete):
                for key in task.entry_keys:
                    with suppress(OSError):
                        self._store.delete(key)
            task.scope_to("")

    def _is_left_over(self, key: str) -> bool:
        from pyperunner_runner.provenance.stored_entries import RUN

        try:
            process = self._store.meta(key).get(RUN)
        except KeyError:
            return False
        return isinstance(process, Mapping) and process_is_alive(process) is False
