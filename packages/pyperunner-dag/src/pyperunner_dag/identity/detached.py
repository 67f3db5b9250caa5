"""A task without its graph, so that it can be sent to another process alone."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, TypeVar

from pyperunner_dag.inputs import rebuild
from pyperunner_dag.node import Node

if TYPE_CHECKING:
    from pyperunner_dag.tasks import Task

__all__ = ["Upstream", "detached"]

T = TypeVar("T", bound="Task")


class Upstream(Node):
    """Stands for a task upstream of one that was taken out of its graph: its name, and the key of its output."""

    def __init__(self, task: Task) -> None:
        super().__init__(task.name)
        self.key = task.key
        self._hash = task.hash()


def detached(task: T) -> T:
    """Return a copy of ``task`` whose key stands fast and whose upstream is reduced to names and keys.

    It holds neither output nor result, and can be pickled as far as the task's params and class can.
    """
    # The copy keeps hash and code, because there may be no sources where it goes.
    task.hash()
    stand_ins: dict[Any, Upstream] = {up: Upstream(up) for up in task.upstream}
    alone = copy.copy(task)
    alone.__dict__.update(
        _hash=task.hash(),
        _parents=[stand_ins[parent] for parent in task._parents],
        _inputs=tuple(stand_ins[node] for node in task._inputs),
        _children={},
        inputs={name: rebuild(value, stand_ins.__getitem__) for name, value in task.inputs.items()},
    )
    for passing in ("_held", "result", "status"):
        alone.__dict__.pop(passing, None)
    return alone
