"""Makes the scheduler of a run from its plan, the tasks' options, and how long tasks took in earlier runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pyperunner_runner.planning.critical_path import longest_paths
from pyperunner_runner.scheduler import Scheduler

if TYPE_CHECKING:
    from pyperunner_dag import DAG, Task
    from pyperunner_runner.plan import Decision
    from pyperunner_runner.planning.planner import Outline
    from pyperunner_runner.planning.settings import RunSettings

__all__ = ["new_scheduler"]


def new_scheduler(
    dag: DAG[Task],
    outline: Outline,
    decisions: Mapping[str, Decision],
    settings: RunSettings,
    earlier: Callable[[], Mapping[str, float]],
) -> Scheduler:
    """Return a scheduler at the start of a run.

    Args:
        dag: The tasks.
        outline: Their names and edges.
        decisions: The plan.
        settings: How to run.
        earlier: Gives the seconds that tasks took in earlier runs; called only if there is something to put in order.
    """
    runs = [name for name, decision in decisions.items() if decision.action == "run"]
    demands = {task.name: task.options.resources for task in dag if task.options.resources}
    rank: dict[str, tuple[float, ...]] = {}
    if len(runs) > settings.process_limit or (demands and len(runs) > 1):
        priorities = {task.name: task.options.priority for task in dag if task.options.priority}
        paths = longest_paths(outline.order, outline.upstream, dict.fromkeys(runs), earlier())
        rank = {name: (-priorities.get(name, 0), -path) for name, path in paths.items()}
    return Scheduler(
        outline.upstream,
        rank,
        free=[name for name, decision in decisions.items() if decision.action != "run"],
        demands=demands,
        capacity=settings.resources,
        fixed=() if outline.selected is None else outline.upstream.keys() - outline.selected,
    )
