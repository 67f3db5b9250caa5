"""Decides what a run does with every task: run it, load its output for another, or skip it. Pure: no I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

__all__ = ["Action", "Decision", "plan"]

Action = Literal["run", "load", "skip"]


@dataclass(frozen=True)
class Decision:
    """What happens to one task, and why in a few words."""

    action: Action
    reason: str
    reuse: bool = False
    """Whether an entry that someone else stored since the plan may stand for running the task."""


_SKIP = Decision("skip", "up to date, not needed")
_LOAD = Decision("load", "up to date, needed by a task that runs")
_FORCED = Decision("run", "forced")
_RELOAD = Decision("run", "reload=True")
_MISSING = Decision("run", "no stored output", reuse=True)


def plan(
    order: Sequence[str],
    upstream: Mapping[str, Sequence[str]],
    *,
    missing: Collection[str],
    reload: Collection[str] = (),
    held: Collection[str] = (),
    force: bool = False,
) -> dict[str, Decision]:
    """Decide for every task of a graph; linear in its edges.

    A task runs if it is forced, marked ``reload``, has no stored output, or follows a task that runs; one whose
    output was given by hand runs only if it is forced or marked. Of the others, those that a running task needs are
    loaded and the rest is skipped.

    Args:
        order: Task names, each after all its upstream tasks.
        upstream: The direct upstream tasks of each.
        missing: Tasks without a stored output.
        reload: Tasks marked to run in any case.
        held: Tasks whose output was given by hand.
        force: Run every task.

    Returns:
        A decision per task, in the order given.
    """
    decisions: dict[str, Decision] = {}
    for name in order:
        decisions[name] = _decide(name, upstream[name], decisions, missing, reload, held, force)
    for name in order:
        if decisions[name].action == "run":
            for parent in upstream[name]:
                if decisions[parent].action == "skip":
                    decisions[parent] = _LOAD
    return decisions


def _decide(
    name: str,
    parents: Sequence[str],
    decisions: Mapping[str, Decision],
    missing: Collection[str],
    reload: Collection[str],
    held: Collection[str],
    force: bool,
) -> Decision:
    if force:
        return _FORCED
    if name in reload:
        return _RELOAD
    if name in held:
        return _SKIP
    if name in missing:
        return _MISSING
    ran = next((parent for parent in parents if decisions[parent].action == "run"), None)
    return _SKIP if ran is None else Decision("run", f"upstream {ran} runs")
