"""Says what became of each task: to the run's record, which is begun when the first thing happens."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from pyperunner_dag import Task
from pyperunner_runner.events import TaskFinished, TaskRetried

if TYPE_CHECKING:
    from pyperunner_runner.execution.record import Record
    from pyperunner_runner.ports import Ended

__all__ = ["Notes"]


class Notes:
    """Writes down the ends of tasks.

    Args:
        new_record: Makes the run folder.
    """

    def __init__(self, new_record: Callable[[], Record]) -> None:
        self._new_record = new_record
        self._record: Record | None = None

    @property
    def record(self) -> Record:
        """The run's record, begun when it is first asked for."""
        if self._record is None:
            self._record = self._new_record()
        return self._record

    def end(
        self,
        task: Task,
        reason: str,
        *,
        seconds: float = 0.0,
        error: str = "",
        ended: Ended | None = None,
        uss_peak: int | None = None,
    ) -> None:
        """Note what became of a task whose status and result are set.

        Args:
            task: The task.
            reason: Why it ran, or did not.
            seconds: Wall time from start to end.
            error: One line that says what went wrong.
            ended: The figures of its process, if it had one.
            uss_peak: Most memory of its own that it was seen to use, in bytes.
        """
        attempt, undeclared = (ended.attempt, tuple(ended.outcome.undeclared)) if ended else (0, ())
        event = TaskFinished(task.name, attempt, task.status.name, seconds, reason, error, undeclared)
        traceback = task.result.traceback if error and task.result is not None else ""
        facts = {
            "key": task.key,
            "parts": task.key_parts(),
            "uss_peak": uss_peak,
            "traceback": traceback or None,
        }
        self.record.code(task.fingerprint())
        if error and task.result is not None:
            task.result.traceback = self._failed(task.name, traceback or error)
        self.record.task_finished(event, ended, **facts)

    def retried(self, event: TaskRetried, traceback: str, ended: Ended, uss_peak: int | None) -> None:
        """Note that an attempt has failed and another follows.

        Args:
            event: What the hooks are told.
            traceback: Text of the attempt's traceback.
            ended: The figures of its process.
            uss_peak: Most memory of its own that it was seen to use, in bytes.
        """
        self._failed(event.task, traceback or event.error)
        self.record.task_retried(event, ended, uss_peak=uss_peak, traceback=traceback or None)

    def _failed(self, name: str, text: str) -> str:
        """Write an error down, with the last lines that the task has printed; return what was written."""
        whole = "\n".join([text.rstrip("\n"), *self.record.tail(name)])
        self.record.folder.log_exception(name, whole)
        return whole

    def cant_run(self, tasks: Iterable[Task], reason: str) -> None:
        """Give tasks the status ``CANT_RUN`` and note it."""
        for task in tasks:
            task.status = Task.Status.CANT_RUN
            self.end(task, reason)
