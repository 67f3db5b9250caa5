"""Scheduler of a run: made from its plan, the tasks' options, and how long tasks took in earlier runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pyperunner_runner.planning.critical_path import longest_paths
from pyperunner_runner.planning.resources import counted
from pyperunner_runner.scheduler import Scheduler

if TYPE_CHECKING:
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.planning.settings import RunSettings

__all__ = ["new_scheduler"]


def new_scheduler(
    planned: PlannedRun, settings: RunSettings, earlier_times: Callable[[], Mapping[str, float]]
) -> Scheduler:
    """Return a scheduler at the start of a run.

    Args:
        planned: The plan.
        settings: How to run.
        earlier_times: Gives the seconds that tasks took in earlier runs; called only if there is something to put in
            order.
    """
    dag, upstream, runs = planned.dag, planned.upstream, planned.names("run")
    asking = ((task.name, counted(task.options.resources, settings)) for task in dag if task.options.resources)
    demands = {name: wanted for name, wanted in asking if wanted}
    maps = {task.name for task in planned.dag.maps}
    in_order = len(runs) > settings.process_limit or (demands and len(runs) > 1)
    paths = longest_paths(list(upstream), upstream, dict.fromkeys(runs), earlier_times()) if in_order else {}
    for name, path in paths.items():
        paths[name] = -path  # the longest first
    return Scheduler(
        upstream,
        rank=paths,
        priorities={task.name: task.options.priority for task in dag if task.options.priority} if in_order else {},
        unmetered=[*planned.names("load", "skip"), *maps],
        gathers=maps,
        unexpanded=maps & planned.dag.unknown,
        tolerant=planned.dag.tolerant,
        demands=demands,
        capacity=settings.resources,
        # What lets an earlier output stand has a key that another output must not get.
        never_remade=dag.stands | (set() if planned.selected is None else upstream.keys() - planned.selected),
    )
