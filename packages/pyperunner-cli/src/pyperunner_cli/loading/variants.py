"""Variants: tasks of a pipeline several times, with other params, beside each other in one graph."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyperunner_dag.dataflow.copies import connected_copy

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG
    from pyperunner_dag.tasks import Task

__all__ = ["Spread", "Variant", "merged", "spread"]


@dataclass(frozen=True)
class Variant:
    """One set of params.

    Attributes:
        params: The params that are other ones, by the names of their tasks.
        marks: What tells the choice for each of these tasks from other choices.
    """

    params: Mapping[str, Mapping[str, Any]]
    marks: Mapping[str, Hashable]


@dataclass(frozen=True)
class Spread:
    """A graph with variants in it.

    Attributes:
        tasks: All tasks, each behind those that it comes after.
        names: By the number of each variant, the names of its own tasks by what they are called without variants.
    """

    tasks: Sequence[Task]
    names: Mapping[int, Mapping[str, str]]


def spread(dag: DAG[Task], variants: Mapping[int, Variant]) -> Spread:
    """Return a copy of a graph with variants in the place of the tasks that differ, and of all that follows from them.

    What is equal in several variants is one task, named with the number of the first of them: ``Fit()[3]``. Its key is
    that of the same task in a pipeline without variants.

    Args:
        dag: The graph.
        variants: The variants by their numbers, in ascending order.
    """
    decided: dict[str, frozenset[str]] = {}  # which tasks with other params one depends on, itself included
    changed = {name for variant in variants.values() for name in variant.params}
    for task in dag:
        own = {task.name} & changed
        decided[task.name] = frozenset(own.union(*(decided[up.name] for up in dag.upstream(task))))
    same: dict[Task, Task] = {}
    for task in dag:
        if not decided[task.name]:
            same[task] = connected_copy(task, same, variant="")
    old = [task for task in dag if decided[task.name]]
    made: dict[tuple[str, Hashable], Task] = {}
    named: dict[int, dict[str, str]] = {}
    for number, variant in variants.items():
        instead = dict(same)
        for task in old:
            choice = tuple(sorted((name, repr(variant.marks.get(name))) for name in decided[task.name]))
            if (task.name, choice) not in made:
                params = variant.params.get(task.name, {})
                made[task.name, choice] = connected_copy(task, instead, params, variant=f"[{number}]")
            instead[task] = made[task.name, choice]
        named[number] = {task.name: instead[task].name for task in old}
    return Spread([*same.values(), *made.values()], named)


def merged(parts: Sequence[Spread]) -> Spread:
    """Bring graphs that were made apart from each other, as by one function with other arguments, into one.

    Tasks of one name and one key are one task. What is the same in all graphs keeps its name; the others are named with
    the number of the first variant that they belong to.
    """
    if len(parts) == 1:
        return parts[0]
    kinds = [{task: (_base(task), task.hash()) for task in part.tasks} for part in parts]
    by_name: dict[str, set[tuple[str, str]]] = {}
    for kind in {kind for part in kinds for kind in part.values()}:
        by_name.setdefault(kind[0], set()).add(kind)
    in_all = set.intersection(*(set(part.values()) for part in kinds))
    shared = {kind for kind in in_all if len(by_name[kind[0]]) == 1}
    made: dict[tuple[str, str], Task] = {}
    named: dict[int, dict[str, str]] = {}
    for part, kind_of in zip(parts, kinds, strict=True):
        instead: dict[Task, Task] = {}
        for task, kind in kind_of.items():
            if kind not in made:
                variant = "" if kind in shared else f"[{_first(part, task.name)}]"
                made[kind] = connected_copy(task, instead, variant=variant)
            instead[task] = made[kind]
        of_some = {name for own in part.names.values() for name in own.values()}
        for number, own in part.names.items():
            of_this = set(own.values())
            named[number] = {
                _base(task): found.name
                for task, found in instead.items()
                if found.variant and (task.name in of_this or task.name not in of_some)
            }
    return Spread(list(made.values()), named)


def _first(part: Spread, name: str) -> int:
    """Return the first variant that a task belongs to: one that is in no list belongs to all."""
    return next((number for number, own in part.names.items() if name in own.values()), next(iter(part.names)))


def _base(task: Task) -> str:
    """Return the name of a task without what tells variants apart."""
    return f"{task.prefix}{task.own_name}"
