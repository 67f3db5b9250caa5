"""Detached copies: a task for another process, which has of its upstream names and keys alone."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

from pyperunner_dag.identity.changes import faults_of
from pyperunner_dag.identity.hashing import kept_hash
from pyperunner_dag.identity.upstream import Upstream
from pyperunner_dag.inputs import moved, rebuild, task_of
from pyperunner_dag.outputs.elements import NOTHING, Element

__all__ = ["detached_copy", "known_key"]

T = TypeVar("T")


def known_key(task: Any) -> str:
    """Return the key of a task's output; that of the task as it is written where it is not known yet."""
    is_known = not task.identity.is_open or task.identity.entry is not None
    return str(task.key) if is_known else f"{task.entry_name}/{kept_hash(task)}"


def detached_copy(given: T) -> T:
    """Return a copy of a task whose key stands fast: see ``Task.detached``."""
    task: Any = given
    # The copy keeps hash and code, because there may be no sources where it goes.
    kept_hash(task)
    stand_ins = {up: _stand_in(up) for up in task.upstream}

    def stand_in(source: Any) -> Any:
        if isinstance(source, Element) and source.value is not NOTHING:
            return source.value
        return moved(source, stand_ins.__getitem__)

    alone = copy.copy(task)
    alone.identity.hash, alone.identity.is_open = task.identity.counted or task.identity.hash, False
    alone.identity.is_fixed = True
    alone.identity.faults = faults_of(task) if task.of is None else ()  # those of an element its process finds out
    there = [at for at, parent in enumerate(task._parents) if not parent.identity.is_absent]
    alone._parents = [stand_ins[task._parents[at]] for at in there]
    alone._parts = {new: stand_in(task._parts[at]) for new, at in enumerate(there) if at in task._parts}
    alone._conditions = ()
    if task.inputs:
        alone.inputs = {name: rebuild(value, stand_in) for name, value in task.inputs.items()}
        sources = [source for source in task._named or task._inputs if getattr(source, "value", NOTHING) is NOTHING]
        alone._inputs = tuple(dict.fromkeys(stand_ins[task_of(source)] for source in sources))
        alone._named = tuple(map(stand_in, sources)) if task._named else ()
    alone._children = ()
    for passing in ("_held", "result", "status", "elements"):
        alone.__dict__.pop(passing, None)
    if task.of is not None:
        alone.of = Upstream(task.of.name, "", "")
    result: T = alone
    return result


def _stand_in(up: Any) -> Upstream:
    made = Upstream(up.name, up.identity.counted or kept_hash(up), known_key(up), up.outputs, up.variant, up.prefix)
    if up.elements is not None:
        made.entries = [(each.name, each.key) for each in up.elements if not each.status.why_no_output]
    return made
