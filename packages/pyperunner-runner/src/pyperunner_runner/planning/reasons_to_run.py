"""Reasons to run: whether a run runs a task, loads its output for another, or skips it, and why. No I/O, no clock."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import ClassVar, Literal

from pyperunner_text.former_names import keep_former_name
from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["Action", "CheckAgain", "Decision", "RunAnyway", "plan", "unmet"]

Action = Literal["run", "load", "skip"]


@light_dataclass(frozen=True)
class Decision:
    """What happens to one task, and why in a few words."""

    action: Action
    reason: str
    reuse: bool = False
    """Whether an entry that someone else stored since the plan may stand for running the task."""
    always: ClassVar[bool] = False
    """Whether the task runs whatever its inputs turn out to be."""


class RunAnyway(Decision):
    """That a task runs, whatever its inputs turn out to be."""

    always: ClassVar[bool] = True

    def __init__(self, reason: str) -> None:
        super().__init__("run", reason)


_SKIP = Decision("skip", "up to date, not needed")
_LOAD = Decision("load", "up to date, needed by a task that runs")


class CheckAgain(Decision):
    """That the stored output of a task is looked at by checks that have not seen it; it is not made again."""

    always: ClassVar[bool] = True

    def __init__(self) -> None:
        super().__init__("run", "its checks have changed", reuse=True)


_STANDS = Decision("skip", "up to date: rerun='never' lets an earlier output stand")
_STANDS_LOADED = Decision("load", _STANDS.reason)
_FORCED = RunAnyway("forced")
_RELOAD = RunAnyway("reload=True")
_MISSING = Decision("run", "no stored output", reuse=True)
_NOT_SELECTED = Decision("skip", "not selected")
_NOT_NEEDED = Decision("skip", "its output is not kept, and no task that runs needs it")
_NOT_KEPT = Decision("run", "its output is not kept")


def plan(
    order: Sequence[str],
    upstream: Mapping[str, Sequence[str]],
    *,
    missing: Collection[str],
    changed: Mapping[str, str] = MappingProxyType({}),
    aged: Mapping[str, str] = MappingProxyType({}),
    reload: Collection[str] = (),
    held: Collection[str] = (),
    uncached: Collection[str] = (),
    selected: Collection[str] | None = None,
    force: bool = False,
    unchecked: Collection[str] = (),
    absent: Mapping[str, str] = MappingProxyType({}),
    conditions: Mapping[str, Collection[str]] = MappingProxyType({}),
    standing: Collection[str] = (),
    alone: Collection[str] = (),
    gathers: Collection[str] = (),
) -> dict[str, Decision]:
    """Decide for every task of a graph; linear in its edges.

    A task runs if it is forced, marked ``reload``, has no stored output or too old a one, or follows a task that runs;
    one whose output was given by hand runs only if it is forced or marked. Of the others, those that a running task
    needs are loaded and the rest is skipped. A task whose output is not kept runs only if a task that runs needs it, or
    if it is the end of its line; what it follows makes those after it run as if it stood not between them.

    Args:
        order: Task names, each after all its upstream tasks.
        upstream: The direct upstream tasks of each.
        missing: Tasks without a stored output that can be used.
        changed: Those of them whose stored output holds a file that is not what it was, with what happened to it.
        aged: Tasks whose stored output is too old, with the reason in words.
        reload: Tasks marked to run in any case.
        held: Tasks whose output was given by hand.
        uncached: Tasks whose output is not kept.
        selected: The tasks that may run; ``None`` for all.
        force: Run every task that may.
        unchecked: Tasks whose stored output today's checks have not seen.
        absent: Tasks that have nothing to do because a condition is false, with the reason in words.
        conditions: Of tasks with conditions those upstream tasks that are nothing but that.
        standing: Tasks with an earlier output that stands, whatever has changed since.
        alone: Tasks that do not run because what they follow does.
        gathers: Tasks that stand for what they follow, so that what needs them needs that.

    Returns:
        A decision per task, in the order given.
    """
    followed = _followed(upstream, selected, conditions) if uncached else frozenset()
    facts = _Facts(missing, changed, aged, reload, held, uncached, followed, force, alone)
    decisions: dict[str, Decision] = {}
    for name in order:
        may = selected is None or name in selected
        if name in absent:
            decisions[name] = Decision("skip", absent[name])
            continue
        decides = conditions.get(name, ())
        causes = [up for up in upstream[name] if up not in decides] if decides else upstream[name]
        decisions[name] = facts.decide(name, causes) if may else _NOT_SELECTED
        if name in standing and decisions[name] is _SKIP:
            decisions[name] = _STANDS
        if name in unchecked and may and decisions[name].action != "run":
            decisions[name] = CheckAgain()
    for name in reversed(order):
        if isinstance(decisions[name], CheckAgain):
            continue
        if decisions[name].action == "run" or (name in gathers and decisions[name].action == "load"):
            for parent in upstream[name]:
                if decisions[parent].action == "skip" and parent not in absent:
                    decisions[parent] = _needed(decisions[parent], name)
    return decisions


def unmet(
    decisions: Mapping[str, Decision],
    upstream: Mapping[str, Sequence[str]],
    *,
    missing: Collection[str],
    selected: Collection[str] | None,
) -> dict[str, list[str]]:
    """Return the tasks that would run without an input: those whose upstream tasks have no output and may not run.

    Args:
        decisions: The plan.
        upstream: The direct upstream tasks of each.
        missing: Tasks without a stored output, tasks whose output is not kept included.
        selected: The tasks that may run; ``None`` for all.

    Returns:
        For each such task the upstream tasks it lacks.
    """
    if selected is None:
        return {}
    found: dict[str, list[str]] = {}
    for name in selected:
        if decisions[name].action == "run":
            lacking = [parent for parent in upstream[name] if parent not in selected and parent in missing]
            if lacking:
                found[name] = lacking
    return found


class _Facts:
    """What a plan rests on; remembers which tasks it found to run.

    Args:
        missing: See ``plan``, as for the following.
        changed: What happened to files in stored outputs.
        aged: Why outputs are too old.
        reload: Tasks marked to run in any case.
        held: Tasks whose output was given by hand.
        uncached: Tasks whose output is not kept.
        followed: Tasks that have a successor which may run.
        force: Run every task.
        alone: Tasks that do not run because what they follow does.
    """

    def __init__(
        self,
        missing: Collection[str],
        changed: Mapping[str, str],
        aged: Mapping[str, str],
        reload: Collection[str],
        held: Collection[str],
        uncached: Collection[str],
        followed: Collection[str],
        force: bool,
        alone: Collection[str],
    ) -> None:
        self._missing, self._changed, self._aged = missing, changed, aged
        self._reload, self._held = reload, held
        self._uncached, self._followed, self._force, self._alone = uncached, followed, force, alone
        self._stale: set[str] = set()  # tasks that run, and those whose output would be a new one if it were made

    def decide(self, name: str, parents: Sequence[str]) -> Decision:
        """Decide for one task, all of whose upstream tasks were decided."""
        cause = None
        for parent in () if name in self._alone else parents:
            if parent in self._stale:
                cause = parent
                break
        made, stale = self._judge(name, cause)
        if stale:
            self._stale.add(name)
        return made

    def _judge(self, name: str, cause: str | None) -> tuple[Decision, bool]:
        if self._force:
            return _FORCED, True
        if name in self._reload:
            return _RELOAD, True
        if name in self._held:
            return _SKIP, False
        if name in self._uncached:
            return (_NOT_NEEDED if name in self._followed else _NOT_KEPT), cause is not None
        if name in self._changed:
            return Decision("run", self._changed[name], reuse=True), True
        if name in self._aged:
            return RunAnyway(self._aged[name]), True
        if name in self._missing:
            return _MISSING, True
        return (_SKIP, False) if cause is None else (Decision("run", f"upstream {cause} runs"), True)


def _needed(decision: Decision, by: str) -> Decision:
    """Return what becomes of a task that was to be skipped and that ``by``, which runs, needs."""
    if decision is _NOT_NEEDED:
        return Decision("run", f"needed by {by}")
    return _STANDS_LOADED if decision is _STANDS else _LOAD


def _followed(
    upstream: Mapping[str, Sequence[str]],
    selected: Collection[str] | None,
    conditions: Mapping[str, Collection[str]],
) -> set[str]:
    """Return the tasks that a task which may run takes something from."""
    may = [name for name in upstream if selected is None or name in selected]
    return {parent for name in may for parent in upstream[name] if parent not in conditions.get(name, ())}


keep_former_name("pyperunner_runner.plan", Decision)
