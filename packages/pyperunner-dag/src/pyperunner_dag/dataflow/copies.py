"""Copies: tasks of a graph once more, beside the others and under names of their own."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, TypeVar

from pyperunner_dag.dag import made_now
from pyperunner_dag.errors import DuplicateNameError, PipelineError
from pyperunner_dag.inputs import moved, rebuild
from pyperunner_text.visible import visible

__all__ = ["Copies", "NotIncludedError", "PrefixTakenError", "connected_copy"]

T = TypeVar("T")
_OF_A_RUN = ("elements", "result", "status")


class PrefixTakenError(DuplicateNameError):
    """A pipeline has a task already of a name that one of an included pipeline would have."""

    prefix: str
    template = (
        "task names must be unique in a pipeline, and {name} is there already; "
        "include the other pipeline under another prefix than {prefix}"
    )


class NotIncludedError(PipelineError, KeyError):
    """An included pipeline has no task of that name."""

    name: str
    known: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        from difflib import get_close_matches

        near = get_close_matches(self.name, self.known, n=3) or list(self.known[:5])
        hint = f"; there are {visible(', '.join(near))}" if near else ""
        return f"the included pipeline has no task {visible(self.name)}{hint}"


class Copies(dict[str, T]):
    """Copies by the names of their originals; one that is asked for and not there is told with names like it."""

    def __missing__(self, name: str) -> T:
        raise NotIncludedError(str(name), tuple(self))


def connected_copy(
    given: T,
    instead: Mapping[Any, Any],
    params: Mapping[str, Any] | None = None,
    *,
    prefix: str | None = None,
    variant: str | None = None,
) -> T:
    """Return a copy of a task, connected to what stands for the tasks that the task itself is connected to.

    Args:
        given: The task.
        instead: Of those that have one the copy, by the task.
        params: Params that are other ones.
        prefix: What the name of the copy begins with, such as ``eu.``; by default as that of the task.
        variant: What it ends with, such as ``[0]``; by default as that of the task.
    """
    task: Any = given

    def copied(source: Any) -> Any:
        return moved(source, lambda up: instead.get(up, up))

    made = copy.copy(task)
    made.prefix = task.prefix if prefix is None else prefix
    made.variant = task.variant if variant is None else variant
    made.name = f"{made.prefix}{task.own_name}{made.variant}"
    made._parents, made._inputs, made._children, made._named, made._parts = [], (), (), (), {}
    made._conditions = ()
    for passing in _OF_A_RUN:
        made.__dict__.pop(passing, None)
    made.inputs = {name: rebuild(value, copied) for name, value in task.inputs.items()}
    made.set_params(**(params or {}))
    made.connect([copied(parent) for parent in task.given])
    made.when(*map(copied, task.conditions))
    made.made = made_now()
    result: T = made
    return result
