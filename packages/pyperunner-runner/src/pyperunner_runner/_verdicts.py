"""What a job's end means for its task, in results, exceptions and words. Pure."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from pyperunner_dag import Task
from pyperunner_runner._errors import InputLost, TaskDied, TaskExited, TaskKilled
from pyperunner_runner._failures import rebuild

if TYPE_CHECKING:
    from pyperunner_runner.ports import Ended, Exit

__all__ = ["one_line", "result_of", "signal_name"]


def signal_name(number: int) -> str:
    """Return ``SIGKILL`` for 9; a real-time signal by its number."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def result_of(task: Task, ended: Ended) -> Task.TaskResult:
    """Return the task's result; an output stays in the store and is loaded when somebody asks for it."""
    outcome = ended.outcome
    if outcome.kind in ("stored", "hit"):
        return Task.TaskResult(Task.Status.SUCCESS, load=task.load_output)
    if outcome.failure is not None:
        error = rebuild(outcome.failure)
        return Task.TaskResult(Task.Status.FAILURE, exception=error, traceback=outcome.failure.traceback)
    if outcome.kind == "inputs":
        return Task.TaskResult(Task.Status.FAILURE, exception=InputLost(task.name, outcome.inputs))
    return Task.TaskResult(Task.Status.FAILURE, exception=_death(task.name, ended.exit))


def one_line(error: BaseException | None) -> str:
    """Return ``ValueError: text`` with the first line of the text, or of this package's own errors the text alone."""
    if error is None:
        return "failed without an exception"
    text = str(error).strip().partition("\n")[0]
    if isinstance(error, (TaskDied, InputLost)):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _death(task: str, end: Exit) -> TaskDied:
    if end.code is None:
        return TaskDied(task, "its process was lost, because the process that supervised it is gone")
    if end.code < 0:
        return TaskKilled(task, f"killed by {signal_name(-end.code)}")
    return TaskExited(task, f"its process exited with code {end.code} before it handed over a result")
