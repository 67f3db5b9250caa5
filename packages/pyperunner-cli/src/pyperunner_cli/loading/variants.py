"""Variants: tasks of one pipeline several times, with other params, beside each other in one graph."""

from __future__ import annotations

import copy
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyperunner_dag.inputs import moved, rebuild

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG
    from pyperunner_dag.tasks import Task

__all__ = ["Variant", "spread"]


@dataclass(frozen=True)
class Variant:
    """One set of params.

    Attributes:
        params: The params that are other ones, by the names of their tasks.
        marks: What tells the choice for each of these tasks from other choices.
    """

    params: Mapping[str, Mapping[str, Any]]
    marks: Mapping[str, Hashable]


def spread(dag: DAG[Task], variants: Sequence[Variant]) -> tuple[list[Task], list[dict[str, str]]]:
    """Take the tasks that differ between variants, and all that follows from them, out of a graph, and variants in.

    What is equal in several variants is one task, named with the number of the first of them: ``Fit()[3]``. Its key is
    that of the same task in a pipeline without variants.

    Args:
        dag: The graph; its tasks are changed: what differs leaves it.
        variants: The variants.

    Returns:
        The tasks of the new graph, and for each variant the names of its own tasks by the names in the old graph.
    """
    decided: dict[str, frozenset[str]] = {}  # which tasks with other params one depends on, itself included
    changed = {name for variant in variants for name in variant.params}
    for task in dag:
        own = {task.name} & changed
        decided[task.name] = frozenset(own.union(*(decided[up.name] for up in dag.upstream(task))))
    old = [task for task in dag if decided[task.name]]
    made: dict[tuple[str, Hashable], Task] = {}
    named: list[dict[str, str]] = []
    for number, variant in enumerate(variants):
        instead: dict[Task, Task] = {}
        for task in old:
            choice = tuple(sorted((name, repr(variant.marks.get(name))) for name in decided[task.name]))
            if (task.name, choice) not in made:
                made[task.name, choice] = _copy(task, f"[{number}]", instead, variant.params.get(task.name, {}))
            instead[task] = made[task.name, choice]
        named.append({task.name: found.name for task, found in instead.items()})
    for task in old:
        for up in task.upstream:
            up._children.pop(task, None)
    return [*(task for task in dag if not decided[task.name]), *made.values()], named


def _copy(task: Task, variant: str, instead: Mapping[Task, Task], params: Mapping[str, Any]) -> Task:
    """Return a copy of a task with other params, after the variants of what the task came after."""

    def of_variant(source: Any) -> Any:
        return moved(source, lambda up: instead.get(up, up))

    made = copy.copy(task)
    made.variant = variant
    made.name = f"{task.name}{variant}"
    made._parents, made._inputs, made._children, made._parts = [], (), {}, {}
    made.inputs = {name: rebuild(value, of_variant) for name, value in task.inputs.items()}
    made.set_params(**params)
    return made.connect([of_variant(parent) for parent in task.given])
