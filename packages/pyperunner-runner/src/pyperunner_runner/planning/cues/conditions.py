"""Conditions: which tasks have nothing to do, because a condition is false, here or upstream."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from pyperunner_dag import task_of, truth_of
from pyperunner_runner.planning.cues.values import value_of

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["false_condition", "lacks", "waits_for_conditions"]


def lacks(task: Task, absent: Collection[str]) -> str:
    """Return why a task has nothing to do, as far as its upstream says; empty where it has.

    Args:
        task: The task.
        absent: Names of tasks that have nothing to do.
    """
    gone = next((up.name for up in task.input_tasks if up.name in absent), None)
    if gone is not None:
        return f"{gone}, which it can't do without, is skipped"
    parents = [up.name for up in task.parents]
    if parents and all(name in absent for name in parents):
        return f"all that it follows is skipped: {', '.join(dict.fromkeys(parents))}"
    return ""


def waits_for_conditions(task: Task, unknown: Collection[str]) -> bool:
    """Return whether it is not known yet if a task has something to do.

    Args:
        task: The task, which has something to do as far as is known.
        unknown: Names of tasks of which the output is not known yet, or not whether there will be one.
    """
    return any(task_of(source).name in unknown for source in task.conditions)


def false_condition(store: OutputStore | None, task: Task, absent: Collection[str]) -> str:
    """Return why a task has nothing to do, as far as its own conditions say; empty where it has.

    Args:
        store: Where the outputs of the conditions are; ``None`` for where these say.
        task: The task.
        absent: Names of tasks that have nothing to do.

    Raises:
        ConditionError: What one puts out is neither true nor false.
        KeyError: An output is gone.
    """
    for source in task.conditions:
        if task_of(source).name in absent:
            return f"its condition {source.name} is skipped"
        if not truth_of(value_of(store, source), task.name, source.name):
            return f"its condition {source.name} is false"
    return ""
