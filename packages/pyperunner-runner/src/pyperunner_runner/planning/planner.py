"""Planner: decides what a run of a pipeline would do with each task, from what the store holds. Changes no task."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from pyperunner_dag import (
    DAG,
    Options,
    OutputStore,
    Pipeline,
    PipelineError,
    Task,
    changed_outputs,
    refresh_hashes,
)
from pyperunner_runner.errors import SelectionUnmet, UnknownPipelineTask
from pyperunner_runner.planning.reasons_to_run import Action, Decision, plan, unmet
from pyperunner_runner.planning.selection import Labels, Selection, select

__all__ = ["PlannedRun", "Planner", "runnable_dag"]


@dataclass(frozen=True)
class PlannedRun:
    """What a run of a pipeline would do.

    Attributes:
        dag: The tasks, each after its upstream tasks.
        store: Where their outputs are kept.
        upstream: The names of each task's direct upstream tasks; in the order of ``dag``.
        selected: The names of the tasks that may run; ``None`` for all.
        decisions: What is done with each task, and why; in the order of ``dag``.
        unreadable: Why the store could not be asked, so that it counts as empty; empty where it could.
    """

    dag: DAG[Task]
    store: OutputStore
    upstream: Mapping[str, Sequence[str]]
    selected: frozenset[str] | None
    decisions: Mapping[str, Decision]
    unreadable: str = ""

    def names(self, *actions: Action) -> list[str]:
        """Return the names of the tasks for which one of the actions was decided."""
        return [name for name, decision in self.decisions.items() if decision.action in actions]

    def task(self, task: Task | str) -> Task:
        """Return a task of this run, or the one of its name; ``Hello`` stands for ``Hello()``.

        Raises:
            UnknownPipelineTask: There is none; the error gives similar names.
        """
        name = task.name if isinstance(task, Task) else task
        for known in (name, f"{name}()"):
            if known in self.decisions:
                return self.dag[known]
        raise UnknownPipelineTask(name, tuple(get_close_matches(name, self.decisions, n=3, cutoff=0.5)))


class Planner:
    """Plans runs.

    Args:
        store: Where outputs are kept.
        code: What counts of the code where neither a task nor the pipeline says so.
    """

    def __init__(self, store: OutputStore, code: Options | None = None) -> None:
        self._store = store
        self._code = code

    def plan(
        self,
        pipeline: Pipeline,
        dag: DAG[Task],
        *,
        force: bool = False,
        selection: Selection | None = None,
        tolerant: bool = False,
    ) -> PlannedRun:
        """Hash the tasks of a pipeline and decide for each whether it runs, is loaded or is skipped.

        Args:
            pipeline: The pipeline.
            dag: Its graph.
            force: Run every task that is selected.
            selection: What was asked for; everything by default.
            tolerant: A store that cannot be asked counts as empty, and the plan says so.

        Raises:
            UnknownSelection: A pattern matches no task.
            OSError: The store cannot be asked; see ``tolerant``.
            SelectionUnmet: A selected task needs an output that is neither stored nor made by a selected task.
        """
        order = [task.name for task in dag]
        upstream = {task.name: [up.name for up in dag.upstream(task)] for task in dag}
        selected = select(selection, [Labels(task.name, task.tag) for task in dag], upstream) if selection else None
        refresh_hashes(dag, pipeline.code_options(self._code))
        held = {task.name for task in dag if task.held}
        uncached = {task.name for task in dag if not task.options.cache}
        keys = {task.key: task.name for task in dag if task.name not in held and task.name not in uncached}
        unreadable, absent, stale = "", set(keys), dict[str, str]()
        try:
            absent = set(self._store.missing(keys))
            stale = changed_outputs(self._store, keys.keys() - absent)
        except OSError as error:
            if not tolerant:
                raise
            unreadable, absent = str(error), set(keys)
        changed = {keys[key]: what for key, what in stale.items()}
        missing = {keys[key] for key in absent} | changed.keys() | (uncached - held)
        decisions = plan(
            order,
            upstream,
            missing=missing,
            changed=changed,
            reload={task.name for task in dag if task.reload},
            held=held,
            uncached=uncached,
            selected=selected,
            force=force,
        )
        lacking = unmet(decisions, upstream, missing=missing, selected=selected)
        if lacking:
            first = next(name for name in order if name in lacking)
            raise SelectionUnmet(first, tuple(lacking[first]), len(lacking) - 1)
        return PlannedRun(dag, self._store, upstream, selected, decisions, unreadable)


def runnable_dag(pipeline: Pipeline) -> DAG[Task]:
    """Return the graph of a pipeline that can be run.

    Raises:
        ValueError: Names are not unique, or there is a cycle.
        PipelineError: The pipeline has no tasks.
    """
    dag = pipeline.dag()
    if not len(dag):
        raise PipelineError(f"pipeline {pipeline.name!r} is empty: add a task with pipeline.add(task)")
    return dag
