"""The deciding half of the runner: the pipeline, its plan, where outputs are kept. Starts nothing, writes nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from pyperunner_dag import (
    DAG,
    Options,
    OutputStore,
    Pipeline,
    PipelineError,
    Task,
    changed_outputs,
    draw_text,
    open_store,
    refresh_hashes,
)
from pyperunner_results import strip_credentials
from pyperunner_runner._errors import SelectionUnmet
from pyperunner_runner.plan import Decision, plan, unmet
from pyperunner_runner.planning.gc_paused import collector_paused
from pyperunner_runner.planning.selection import Labels, Selection, select

__all__ = ["Outline", "Patterns", "Planner", "dag_of"]

Patterns: TypeAlias = str | Iterable[str] | None
"""Names, tags or globs that select tasks; ``None`` for no selection."""


@dataclass(frozen=True)
class Outline:
    """A planned graph by names: every task after its upstream tasks, and which may run (``None``: all)."""

    order: Sequence[str]
    upstream: Mapping[str, Sequence[str]]
    selected: frozenset[str] | None = None


class Planner:
    """Decides what a run of a pipeline would do.

    Args:
        data_path: Where outputs are kept: a folder, a store URL, or an open ``OutputStore``.
        code: What counts of the code where neither a task nor the pipeline says so.
    """

    def __init__(self, data_path: str | os.PathLike[str] | OutputStore, code: Options | None = None) -> None:
        self.data_path = data_path
        self._code = code
        self.pipeline: Pipeline | None = None
        self.plan: Mapping[str, Decision] = {}
        self._store = open_store(data_path)
        self._queue: list[Task] = []
        self._execute: list[Task] = []
        self._outline = Outline((), {})

    @property
    def tasks_queue(self) -> list[Task]:
        """All tasks in topological order, as they were planned; a new list on every access."""
        return list(self._queue)

    @property
    def tasks_execute(self) -> list[Task]:
        """Those of ``tasks_queue`` that run, or whose output a running task needs; a new list on every access."""
        return list(self._execute)

    def set_pipeline(self, pipeline: Pipeline) -> None:
        """Set the pipeline to run and forget the plan of the one before."""
        self.pipeline = pipeline
        self.plan = {}
        self._queue = []
        self._execute = []

    def assert_valid_pipeline(self) -> None:
        """Check that a pipeline is set, has tasks, unique names and no cycle.

        Raises:
            ValueError: No pipeline is set, or names are not unique, or there is a cycle.
            PipelineError: The pipeline has no tasks.
        """
        dag_of(self._pipeline())

    @staticmethod
    def validate_pipeline(pipeline: Pipeline) -> None:
        """Check that a pipeline has tasks, unique names and no cycle; raise as ``assert_valid_pipeline`` does."""
        dag_of(pipeline)

    @collector_paused()
    def analyze_pipeline(
        self, force_reload: bool = False, *, only: Patterns = None, until: Patterns = None, from_: Patterns = None
    ) -> None:
        """Decide for every task whether it runs, is loaded or is skipped, and keep that as ``plan``; changes no task.

        Args:
            force_reload: Run every task that is selected.
            only: Select these tasks; a task's name, its tag, or a glob over both, one or several.
            until: Select these tasks and all their ancestors.
            from_: Select these tasks and all their descendants.

        Raises:
            UnknownSelection: A pattern matches no task.
            SelectionUnmet: A selected task needs an output that is neither stored nor made by a selected task.
        """
        self._analyze(self._pipeline().dag(), force_reload, Selection.of(only, until, from_))

    def execution_plan_summary(self, print_fn: Callable[[str], object] | None = None) -> None:
        """Draw the graph as text, with the tasks that will run marked ``*``.

        Args:
            print_fn: Called with the text; ``print`` by default.
        """
        if not self.plan:
            self.analyze_pipeline()
        mark = {name for name, decision in self.plan.items() if decision.action == "run"}
        (print_fn or print)(draw_text(self._pipeline().dag(), mark=mark))

    def _pipeline(self) -> Pipeline:
        if self.pipeline is None:
            raise ValueError("there is no pipeline to run: pass one to run() or set_pipeline()")
        return self.pipeline

    def _analyze(self, dag: DAG[Task], force: bool, selection: Selection) -> None:
        order = [task.name for task in dag]
        upstream = {task.name: [up.name for up in dag.upstream(task)] for task in dag}
        labels = [Labels(task.name, task.tag) for task in dag] if selection else []
        selected = select(selection, labels, upstream)
        refresh_hashes(dag, self._pipeline().code_options(self._code))
        held = {task.name for task in dag if task.held}
        uncached = {task.name for task in dag if not task.options.cache}
        keys = {task.key: task.name for task in dag if task.name not in held and task.name not in uncached}
        absent = self._store.missing(keys)
        stale = changed_outputs(self._store, keys.keys() - absent)
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
            raise SelectionUnmet(first, lacking[first], len(lacking) - 1)
        self.plan = decisions
        self._outline = Outline(order, upstream, selected)

    def _location(self) -> str:
        """What the record and errors say of where the outputs are: never a password."""
        if isinstance(self.data_path, (str, os.PathLike)):
            return strip_credentials(os.fspath(self.data_path))
        spec = self.data_path.spec()
        # No other process can open it, so there is no address; its repr could say anything.
        return strip_credentials(str(spec["url"])) if spec else f"object://{type(self.data_path).__qualname__}"


def dag_of(pipeline: Pipeline) -> DAG[Task]:
    """Return the graph of a pipeline that can be run; raise as ``Planner.assert_valid_pipeline`` does."""
    dag = pipeline.dag()
    if not len(dag):
        raise PipelineError(f"pipeline {pipeline.name!r} is empty: add a task with pipeline.add(task)")
    return dag
