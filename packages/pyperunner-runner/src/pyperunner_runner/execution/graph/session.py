"""Session of a run: what its executor is told before the first job."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from pyperunner_dag import members_of
from pyperunner_dag.ports import SupportsLock
from pyperunner_runner.child.context.displays import SHELL
from pyperunner_runner.executors.supervisor.start_methods import start_method_beside
from pyperunner_runner.planning.inner_imports import modules_to_preload
from pyperunner_runner.ports import Session

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from pyperunner_dag import Task
    from pyperunner_runner.execution.signals import Signals
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.planning.reasons_to_run import Decision
    from pyperunner_runner.planning.settings import RunSettings
    from pyperunner_runner.ports import Executor

__all__ = ["open_executor", "session_of"]


def open_executor(
    planned: PlannedRun,
    settings: RunSettings,
    signals: Signals | None,
    decisions: Mapping[str, Decision],
    warn: Callable[[str], None],
    startable: Callable[[], int],
) -> Executor:
    """Return the executor of a run whose first job is about to start.

    Args:
        planned: The plan.
        settings: How to run.
        signals: Those that end the run, if anybody listens.
        decisions: What is done with each task.
        warn: Writes a warning into the run's log.
        startable: Gives how many tasks could start just now, besides those that run.
    """
    if not all(isinstance(store, SupportsLock) for store in members_of(planned.store)):
        warn("the store has no locks: single flight is off, two runs at once make an output twice")
    to_run = [planned.dag[name] for name, decision in decisions.items() if decision.action == "run"]
    session = session_of(planned, settings, signals, to_run)
    return settings.new_executor(replace(session, startable=startable))


def session_of(
    planned: PlannedRun, settings: RunSettings, signals: Signals | None, to_run: Collection[Task]
) -> Session:
    """Return what the executor of a run is told.

    Args:
        planned: The plan; the one task that stands for all elements is in the session, these travel with jobs.
        settings: How to run.
        signals: Those that end the run, if anybody listens.
        to_run: The tasks that run.
    """
    for task in to_run:
        # Made ready here, once for all tasks of the same code, and not in every child.
        _ = task.fingerprint().packed
    return Session(
        tasks={task.name: task for task in planned.graph},
        store=planned.store,
        store_spec=planned.store.spec(),
        process_limit=settings.process_limit,
        limit_is_chosen=settings.limit_is_chosen,
        start_method=start_method_beside(planned.store, settings.start_method),
        preload=(*modules_to_preload(to_run, settings.preload), *((SHELL,) if settings.displays else ())),
        wake=signals.wake if signals else None,
        resources=settings.resources,
        to_run=[task.name for task in to_run],
        let_signals_through=signals.let_through if signals else nullcontext,
    )
