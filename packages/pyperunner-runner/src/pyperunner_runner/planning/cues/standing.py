"""Standing outputs: those that were stored before something changed, and that ``rerun="never"`` lets stand."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag import changed_outputs, output_key
from pyperunner_dag.ports import SupportsEntries
from pyperunner_runner.planning.cues.ages import saved_at

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["RUN", "StandingOutputs"]

RUN = "run"
"""What of an entry's ``meta`` names the process of the run that it is kept for, where it is kept for one only."""


class StandingOutputs:
    """The stored outputs of tasks whose options say ``rerun="never"``; of each name they are read once.

    Args:
        store: Where they are.
    """

    def __init__(self, store: OutputStore) -> None:
        self._store = store
        self._known: dict[str, dict[object, list[tuple[float, str]]]] = {}

    def of(self, task: Task) -> str | None:
        """Return the hash in the key of the output that stands for a task: the newest with the same params.

        Of an element of a mapped task it is the newest that was made of an equal element.

        Returns:
            ``None`` where there is none, or where none is to stand.
        """
        keys = self.keys(task)
        return None if (found := next(keys, None)) is None else found.rpartition("/")[2]

    def keys(self, task: Task) -> Iterator[str]:
        """Yield the keys of all outputs that could stand for a task, the newest first."""
        options = task.options
        if options.rerun != "never" or not options.cache or not isinstance(self._store, SupportsEntries):
            return
        oldest = 0.0 if options.max_age is None else time.time() - options.max_age
        for saved, key in self._entries(task.entry_name).get(_work(task.key_parts(), task.of is not None), ()):
            all_of_it = [key, *(output_key(key, name) for name in task.outputs)]
            is_whole = not self._store.missing(all_of_it) and not changed_outputs(self._store, all_of_it)
            if saved >= oldest and is_whole:
                yield key

    def _entries(self, name: str) -> dict[object, list[tuple[float, str]]]:
        """Return times and keys of the entries of one name by what they were made of, the newest first."""
        if name not in self._known:
            found: dict[object, list[tuple[float, str]]] = {}
            self._known[name] = found
            assert isinstance(self._store, SupportsEntries)
            for info in self._store.entries(name):
                try:
                    meta = self._store.meta(info["key"])
                    parts, saved = meta.get("parts"), saved_at(self._store, info["key"], meta)
                except KeyError:  # gone, or damaged
                    continue
                if isinstance(parts, Mapping) and RUN not in meta:
                    for of_element in (False, True):
                        found.setdefault(_work(parts, of_element), []).append((saved, info["key"]))
            for entries in found.values():
                entries.sort(reverse=True)
        return self._known[name]


def _work(parts: Mapping[str, Any], of_element: bool) -> object:
    """Return what of a key has to be the same: the params, and of an element what it is."""
    params = parts.get("params")
    own = tuple(sorted(params.items())) if isinstance(params, Mapping) else ()
    return own, parts.get("format"), str(parts.get("inputs")) if of_element else ""
