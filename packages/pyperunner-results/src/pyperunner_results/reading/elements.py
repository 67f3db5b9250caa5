"""Elements of a mapped task in a run: their names in order, and a list of their outputs that loads on demand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, overload

__all__ = ["ElementOutputs", "element_names", "mapped_task_of"]

_MOST = 1_000_000
"""A number of elements above this is none: nobody names so many because a record says so."""


class ElementOutputs(Sequence[Any]):
    """The outputs of the elements of a mapped task, in their order; each is loaded when it is asked for.

    Args:
        names: Names of the elements.
        load: Loads the output of one.
    """

    def __init__(self, names: Sequence[str], load: Callable[[str], Any]) -> None:
        self.names = names
        self._load = load

    def __len__(self) -> int:
        return len(self.names)

    @overload
    def __getitem__(self, index: int) -> Any: ...

    @overload
    def __getitem__(self, index: slice) -> ElementOutputs: ...

    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return ElementOutputs(self.names[index], self._load)
        return self._load(self.names[index])

    def __repr__(self) -> str:
        return f"<outputs of {len(self.names):,} elements>"


def mapped_task_of(name: str, tasks: Mapping[str, Mapping[str, Any]]) -> str | None:
    """Return the mapped task that a name is that of an element of: ``Clean(*)`` for ``Clean(*)[3]``."""
    if not name.endswith("]"):
        return None
    task = name.rpartition(")[")[0] + ")" if ")[" in name else ""
    if task not in tasks:  # the label holds such brackets, too
        task = next((other for other in tasks if name.startswith(f"{other}[")), "")
    return task if task and isinstance(tasks[task].get("map"), Mapping) else None


def element_names(task: str, recorded: object, known: Iterable[str]) -> list[str]:
    """Return the names of the elements of a mapped task, in their order.

    Args:
        task: The mapped task.
        recorded: What its run has recorded of them: how many there are, or their labels.
        known: Names of all tasks that the run has recorded, for a run that was ended before.
    """
    if isinstance(recorded, list):
        return [f"{task}[{label}]" for label in recorded]
    if isinstance(recorded, int) and recorded <= _MOST:
        return [f"{task}[{number}]" for number in range(recorded)]
    found = [name for name in known if name.startswith(f"{task}[")]
    return sorted(found, key=lambda name: (len(name), name))
