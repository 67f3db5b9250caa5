"""Status of a task, and the result of its latest run."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from typing import Any

__all__ = ["Status", "TaskResult"]


class Status(Enum):
    """State of a task in its pipeline; the value is the name."""

    NOT_STARTED = "NOT_STARTED"
    RUNNING = "RUNNING"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    CANT_RUN = "CANT_RUN"
    """A predecessor failed."""
    SKIPPED = "SKIPPED"
    """There was nothing to do."""


class TaskResult:
    """Outcome of one execution of a task.

    Args:
        status: How it ended.
        output: What the task returned.
        exception: What it raised.
        traceback: Text of the traceback, empty where there is none.
        load: Gets the output in the place of ``output``; called on every access, nothing is kept.
    """

    def __init__(
        self,
        status: Status,
        output: object = None,
        exception: BaseException | None = None,
        traceback: str = "",
        load: Callable[[], object] | None = None,
    ) -> None:
        self.status = status
        self.exception = exception
        self.traceback = traceback
        self._output = output
        self._load = load

    def __repr__(self) -> str:
        failed = "" if self.exception is None else f" {self.exception!r}"
        return f"<TaskResult {self.status.name}{failed}>"

    @property
    def output(self) -> Any:
        """What the task returned, loaded now where it was left in the store."""
        return self._output if self._load is None else self._load()
