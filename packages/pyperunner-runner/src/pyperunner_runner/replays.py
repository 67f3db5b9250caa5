"""Replay of a recorded task: run once more, in this process, where a debugger can look on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyperunner_dag import (
    MapError,
    Pipeline,
    Successes,
    items_of,
    listing_of,
    pick,
    refresh_hashes,
    resolve_inputs,
    seed_of,
    task_of,
)
from pyperunner_runner.child.context.random_state import seeded
from pyperunner_runner.planning.growth import GrownGraph
from pyperunner_text.former_names import keep_former_name

if TYPE_CHECKING:
    from pyperunner_dag import DAG, Listing, Task
    from pyperunner_results import PipelineResult

__all__ = ["replay"]

_MADE = ("SUCCESS", "SKIPPED")


def replay(results: PipelineResult, name: str, *, modules: Iterable[str] | None = None) -> Any:
    """Run a recorded task with its recorded params and inputs, in this process, and return what it returns.

    Nothing is stored. An exception of the task's comes out as it is, so that a debugger finds its frames. The task's
    code is today's; if it is not what the record says, that is warned of.

    Args:
        results: The run.
        name: The task's name.
        modules: Names or globs of the modules that may be imported to find the tasks; ``None`` for any.

    Raises:
        UnknownTask: The run has no such task; the error gives similar names.
        OutputMissing: An input is not in the store any more; the error says how to make it again.
        PipelineFileError: The pipeline can't be made again from its record.
    """
    recorded = results.task(name)
    pipeline = Pipeline.from_dict(results.conf, compare_hashes=False, modules=modules)
    task = _task_of(pipeline.dag(), results, name)
    if task.mapping is not None:
        raise MapError(name, f"it stands for its elements, each of which has a name, such as {name}[0]")
    if task.key != recorded.key:
        message = f"{name} is not what it was in the recorded run: its code, params or upstream tasks have changed"
        warnings.warn(message, UserWarning, stacklevel=2)
    outputs = {source.name: _given(results, source, name) for source in task.sources}
    data = [outputs[source.name] for source in task.given]
    with seeded(seed_of(task, attempt=1)):
        return task.execute(data, resolve_inputs(task.inputs, lambda source: outputs[source.name]))


keep_former_name("pyperunner_runner._replay", replay)


def _task_of(dag: DAG[Task], results: PipelineResult, name: str) -> Task:
    """Return the task of a name; what follows from mapped ones, elements of these included, by recorded outputs."""
    if all(task.mapping is None for task in dag):
        return dag[name]
    refresh_hashes(dag)
    grown = GrownGraph(dag)

    def listing(source: Any) -> Listing:
        items = items_of(_given(results, source, name))
        if items is None:
            raise MapError(name, f"what {source.name} returned is no list any more")
        return listing_of(items)

    for task in dag:
        if task.mapping is None:
            grown.add(task)
            continue
        try:
            grown.add_map(task, listing if grown.unknown.isdisjoint(up.name for up in task.upstream) else None)
        except (KeyError, MapError):  # the output is gone, which matters only where an element of it is wanted
            if name.startswith(f"{task.name}["):
                raise
            grown.add_map(task, None)
    return grown[name]


def _given(results: PipelineResult, source: Any, name: str) -> Any:
    """Return what a task was given: the output of another, or a part of it; of a mapped one a list."""
    task = task_of(source)
    output = results[task.name]
    if isinstance(source, Successes):
        return [output[number] for number, name in enumerate(output.names) if results.task(name).status in _MADE]
    if task.mapping is not None:
        output = list(output)
    whole = source is task or not source.output_name
    return pick(source, output if whole else output[source.output_name], name)
