"""Explanations: what a run would do with each task and why, as a difference to what the store holds."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyperunner_dag import known_key
from pyperunner_runner.provenance.groups import explain_mapped
from pyperunner_runner.provenance.stored_entries import nearest
from pyperunner_text.former_names import keep_former_name

if TYPE_CHECKING:
    from pyperunner_dag import Difference, OutputStore, Task
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.planning.reasons_to_run import Decision

__all__ = ["Explanation", "TaskExplanation", "explain", "explain_task"]


@dataclass(frozen=True)
class TaskExplanation:
    """What a run would do with one task, and why. ``str()`` of it is a text for people."""

    name: str
    state: str
    """``up to date``, ``will run``, ``will load`` (a task that runs needs its output) or ``will skip``."""
    reasons: tuple[str, ...] = ()
    """Why it is not up to date, one line each."""
    differences: tuple[Difference, ...] = ()
    """What differs from the nearest earlier entry: of all that the store keeps of the task, the one with the fewest
    differences."""
    nearest: str | None = None
    """Key of that entry."""

    def lines(self, *, diffs: bool = False) -> Iterator[str]:
        """Yield a line that begins with name and state, and indented below it the reasons.

        Args:
            diffs: Whether the unified diffs of code follow their reasons.
        """
        yield f"{self.name}  {_IN_WORDS.get(self.state, self.state)}"
        texts = {found.text: found.diff for found in self.differences}
        for reason in self.reasons:
            yield f"    {reason}"
            if diffs and texts.get(reason):
                yield from (f"        {line}" for line in texts[reason].splitlines())

    def __str__(self) -> str:
        return "\n".join(self.lines(diffs=True))


_IN_WORDS = {"will load": "up to date, needed by a task that runs"}


class Explanation(Mapping[str, TaskExplanation]):
    """What a run would do with each task, by name, and why. ``str()`` of it is a text for people."""

    def __init__(self, tasks: Mapping[str, TaskExplanation]) -> None:
        self._tasks = dict(tasks)

    def __getitem__(self, name: str) -> TaskExplanation:
        return self._tasks[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tasks)

    def __len__(self) -> int:
        return len(self._tasks)

    def __str__(self) -> str:
        return "\n".join(line for task in self._tasks.values() for line in task.lines())


keep_former_name("pyperunner_runner._explain", TaskExplanation, Explanation)


def explain(planned: PlannedRun) -> Explanation:
    """Explain what was planned for each task."""
    written = [task for task in planned.graph if task.mapping is None]
    found = {each.name: each for each in _explanations(planned, written)}
    found |= {task.name: TaskExplanation(task.name, *explain_mapped(planned, task)) for task in planned.dag.maps}
    return Explanation({task.name: found[task.name] for task in planned.graph})


def explain_task(planned: PlannedRun, task: Task, plan_again: Callable[[], PlannedRun]) -> TaskExplanation:
    """Explain what was planned for one task, and look whether what is stored of it can be read.

    Args:
        planned: The plan.
        task: The task.
        plan_again: Called where its entry is damaged: it has been set aside, so the plan is another one.
    """
    if task.mapping is not None:
        return TaskExplanation(task.name, *explain_mapped(planned, task))
    if not _is_damaged(planned.store, task):
        return next(_explanations(planned, [task]))
    found = next(_explanations(plan_again(), [task]))
    return replace(found, reasons=("damaged",), differences=(), nearest=None)


def _is_damaged(store: OutputStore, task: Task) -> bool:
    """Whether there is an entry for a task's key which can't be read."""
    if task.held or not task.options.cache or task.identity.counted is None or store.missing([task.key]):
        return False
    try:
        store.meta(task.key)
    except KeyError:
        return True
    return False


def _explanations(planned: PlannedRun, tasks: Collection[Task]) -> Iterator[TaskExplanation]:
    decisions, store = planned.decisions, planned.store
    run = [task for task in tasks if decisions[task.name].action == "run" and task.options.cache]
    missing = store.missing([task.key for task in run if task.identity.counted is not None])
    return (_explain(task, decisions[task.name], store, known_key(task) in missing) for task in tasks)


def _explain(task: Task, decision: Decision, store: OutputStore, missing: bool) -> TaskExplanation:
    """Explain what was planned for one task.

    Args:
        task: The task.
        decision: What was planned.
        store: Where its output is kept.
        missing: Whether there should be a stored output and is none.
    """
    if decision.action != "run":
        return TaskExplanation(task.name, *_passive(decision))
    earlier = nearest(store, task) if missing else None
    found = tuple(earlier.differs_in(task)) if earlier else ()
    # That there is no stored output is what the differences explain.
    reasons = [decision.reason] if not (decision.reuse and missing) else [] if found else ["entry missing"]
    reasons += [difference.text for difference in found]
    return TaskExplanation(task.name, "will run", tuple(reasons), found, earlier.key if earlier and found else None)


def _passive(decision: Decision) -> tuple[str, tuple[str, ...]]:
    if decision.action == "load":
        return "will load", ()
    return ("up to date", ()) if decision.reason.startswith("up to date") else ("will skip", (decision.reason,))
