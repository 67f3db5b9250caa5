"""Outcomes: turn the end of a job into its task's result, exception and one-line message. Pure."""

from __future__ import annotations

import signal
from functools import partial
from typing import TYPE_CHECKING

from pyperunner_dag import Task
from pyperunner_runner.child.failures import describe_failure, full_name, rebuild
from pyperunner_runner.errors import InputLost, RunFailed, TaskDied, TaskExited, TaskKilled, TaskOutOfMemory, WorkerLost
from pyperunner_runner.ports import Failure

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyperunner_runner.ports import Ended, Exit

__all__ = ["failure_of", "result_of", "run_failed", "signal_name", "summarize"]

_BAD_ENDS = (Task.Status.FAILURE, Task.Status.CANT_RUN)
_OWN_ERRORS = frozenset(map(full_name, (TaskDied, InputLost)))
_SHOWN_LINES = 40  # of what there is to say of one failed task, in the message of RunFailed


def signal_name(number: int) -> str:
    """Return ``SIGKILL`` for 9; a real-time signal by its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def result_of(
    task: Task,
    ended: Ended,
    cause: TaskKilled | None = None,
    uss_peak: int | None = None,
    *,
    made_again: bool = True,
) -> Task.TaskResult:
    """Return the task's result; an output stays in the store and is loaded when somebody asks for it.

    Args:
        task: The task.
        ended: How its job ended.
        cause: Why the runner ended the job, if it did.
        uss_peak: Most memory of its own that it was seen to use, in bytes.
        made_again: Whether inputs that it could not load were made again.
    """
    outcome = ended.outcome
    if outcome.kind in ("stored", "hit"):
        return Task.TaskResult(Task.Status.SUCCESS, load=task.load_output)
    traceback = "" if outcome.failure is None else outcome.failure.traceback
    if cause is not None:
        return Task.TaskResult(Task.Status.FAILURE, exception=cause, traceback=traceback)
    if outcome.failure is not None:
        again = partial(rebuild, outcome.failure)
        return Task.TaskResult(Task.Status.FAILURE, rebuild=again, traceback=traceback)
    if outcome.kind == "inputs":
        return Task.TaskResult(Task.Status.FAILURE, exception=InputLost(task.name, tuple(outcome.inputs), made_again))
    return Task.TaskResult(Task.Status.FAILURE, exception=_death(task.name, ended.exit, uss_peak))


def failure_of(
    task: Task, result: Task.TaskResult, ended: Ended | None = None, cause: TaskKilled | None = None
) -> Failure:
    """Return what there is to say of a task that failed, without rebuilding its exception.

    Args:
        task: The task.
        result: Its result.
        ended: How its job ended, if it had one.
        cause: Why the runner ended the job, if it did.
    """
    if cause is None and ended is not None and ended.outcome.failure is not None:
        return ended.outcome.failure
    if result.exception is None:
        return Failure("", "failed without an exception")
    return describe_failure(task.name, result.exception)


def summarize(task: str, failure: Failure) -> str:
    """Return ``ValueError: text`` with the first line of the text, or of this package's own errors the text alone.

    Their text begins with the task's name, which whoever shows the line has said already.
    """
    text = failure.message.strip().partition("\n")[0]
    name = failure.type.rpartition(".")[2]
    if _OWN_ERRORS.intersection(failure.bases):
        return text.removeprefix(f"{task}: ")
    return f"{name}: {text}" if name and text else name or text


def run_failed(tasks: Collection[Task], run_folder: str) -> RunFailed | None:
    """Return the error of a run in which tasks have failed; ``None`` where none has."""
    failed, cant_run = (tuple(task.name for task in tasks if task.status is end) for end in _BAD_ENDS)
    if not failed:
        return None
    texts = {task.name: task.result.traceback for task in tasks if task.result is not None}
    errors = tuple(f"{name}: {_last_lines(texts[name])}" for name in failed if name in texts)
    return RunFailed(failed, cant_run, run_folder, errors)


def _last_lines(text: str) -> str:
    lines = text.splitlines()
    return "\n".join(["…", *lines[-_SHOWN_LINES:]] if len(lines) > _SHOWN_LINES else lines)


def _death(task: str, end: Exit, uss_peak: int | None) -> TaskDied:
    if end.lost:
        return WorkerLost(task, end.lost)
    if end.left:
        return TaskKilled(task, "its process was killed and does not end, because the system holds it")
    if end.code is None:
        return TaskDied(task, "its process was lost, because the process that supervised it is gone")
    if end.oom:
        return TaskOutOfMemory(task, max(uss_peak or 0, end.max_rss or 0) or None)
    if end.code < 0:
        return TaskKilled(task, f"killed by {signal_name(-end.code)}")
    return TaskExited(task, f"its process exited with code {end.code} before it handed over a result")
