"""Values of stored outputs that decide something: lists that are mapped over, and conditions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pyperunner_dag import load_whole, pick, task_of

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore

__all__ = ["value_of"]


def value_of(store: OutputStore | None, source: Any) -> Any:
    """Return the output of a task, or the part of it that a source is.

    Args:
        store: Where it is; ``None`` for where the task says, which in a run may be what stands in for its store.
        source: The task or the part.
    """
    task = task_of(source)
    value = task.output if task.held else load_whole(store or task.store, task)
    if source is not task and source.output_name:
        value = value[source.output_name]
    return pick(source, value, source.name)
