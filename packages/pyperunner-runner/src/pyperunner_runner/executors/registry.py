"""Finds executors by name through the entry points of group ``pyperunner.executors``, and makes that of a run."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import TYPE_CHECKING, cast

from pyperunner_runner._errors import UnknownExecutor
from pyperunner_runner.ports import Executor, Session

if TYPE_CHECKING:
    from pyperunner_dag import DAG, OutputStore, Task
    from pyperunner_runner.execution.signals import Signals
    from pyperunner_runner.plan import Decision
    from pyperunner_runner.planning.settings import RunSettings

__all__ = ["ExecutorFactory", "find_executor", "open_executor"]

ExecutorFactory = Callable[[Session], Executor]
_GROUP = "pyperunner.executors"
_BUILT_IN = {
    "inline": "pyperunner_runner.executors.inline:InlineExecutor",
    "pool": "pyperunner_runner.executors.pool:PoolExecutor",
    "process": "pyperunner_runner.executors.process:ProcessExecutor",
}
"""The same as this package's entry points: reading the metadata of all that is installed takes milliseconds."""


def find_executor(executor: str | ExecutorFactory) -> ExecutorFactory:
    """Return what makes the executor: the argument itself if it can be called, else what its name stands for.

    Those of this package are imported when the first job starts; a run that has nothing to do needs none.

    Raises:
        UnknownExecutor: No executor of that name is installed; the error lists those that are.
    """
    if not isinstance(executor, str):
        return executor
    if executor in _BUILT_IN:
        module, _, name = _BUILT_IN[executor].partition(":")
        return lambda session: cast("Executor", getattr(importlib.import_module(module), name)(session))
    from importlib.metadata import entry_points

    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if executor not in found:
        raise UnknownExecutor(executor, sorted(found))
    return cast("ExecutorFactory", found[executor].load())


def open_executor(
    settings: RunSettings,
    dag: DAG[Task],
    decisions: Mapping[str, Decision],
    store: OutputStore,
    signals: Signals | None,
) -> Executor:
    """Return the executor of a run whose first job is about to start.

    Args:
        settings: How to run.
        dag: The tasks.
        decisions: What is done with them.
        store: Where outputs are.
        signals: Those that end the run, if they are looked after.
    """
    tasks = {node.name: node for node in dag}
    for name, decision in decisions.items():
        if decision.action == "run":
            # Made ready here, once for all tasks of the same code, and not in every child.
            _ = tasks[name].fingerprint().packed
    return settings.new_executor(
        Session(
            tasks=tasks,
            store=store,
            store_spec=store.spec(),
            process_limit=settings.process_limit,
            start_method=settings.start_method,
            wake=signals.wake if signals else None,
            let_signals_through=signals.let_through if signals else nullcontext,
        )
    )
