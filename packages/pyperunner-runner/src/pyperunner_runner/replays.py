"""Replay of a recorded task: run once more, in this process, where a debugger can look on."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyperunner_dag import Pipeline, pick, resolve_inputs, seed_of, task_of
from pyperunner_runner.child.random_state import seeded
from pyperunner_text.former_names import keep_former_name

if TYPE_CHECKING:
    from pyperunner_results import PipelineResult

__all__ = ["replay"]


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
    task = pipeline.dag()[name]
    if task.key != recorded.key:
        message = f"{name} is not what it was in the recorded run: its code, params or upstream tasks have changed"
        warnings.warn(message, UserWarning, stacklevel=2)
    outputs = {source.name: _given(results, source, name) for source in task.sources}
    data = [outputs[source.name] for source in task.given]
    with seeded(seed_of(task, attempt=1)):
        return task.execute(data, resolve_inputs(task.inputs, lambda source: outputs[source.name]))


keep_former_name("pyperunner_runner._replay", replay)


def _given(results: PipelineResult, source: Any, name: str) -> Any:
    """Return what a task was given: the output of another, or a part of it."""
    task = task_of(source)
    output = results[task.name]
    whole = source is task or not source.output
    return pick(source, output if whole else output[source.output], name)
