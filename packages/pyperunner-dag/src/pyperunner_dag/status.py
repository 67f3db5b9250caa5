"""Status of a task, and the result of its latest run."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from functools import cached_property
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

    @property
    def why_no_output(self) -> str:
        """Why a task in this state has no output, as a clause; empty where that is not said."""
        return {"FAILURE": "it failed", "CANT_RUN": "it could not run: a task before it failed"}.get(self.value, "")


class TaskResult:
    """Outcome of one execution of a task.

    Args:
        status: How it ended.
        output: What the task returned.
        exception: What it raised.
        traceback: Text of the traceback, empty where there is none.
        load: Gets the output in the place of ``output``; called on every access, nothing is kept.
        rebuild: Gets the exception in the place of ``exception``; called when it is first asked for.
    """

    def __init__(
        self,
        status: Status,
        output: object = None,
        exception: BaseException | None = None,
        traceback: str = "",
        load: Callable[[], object] | None = None,
        rebuild: Callable[[], BaseException] | None = None,
    ) -> None:
        self.status = status
        if rebuild is None:
            self.exception = exception
        else:
            self._rebuild = rebuild
        self.traceback = traceback
        self._output = output
        self._load = load

    def __repr__(self) -> str:
        failed = "" if self.exception is None else f" {self.exception!r}"
        return f"<TaskResult {self.status.name}{failed}>"

    @cached_property
    def exception(self) -> BaseException | None:
        """What the task raised, rebuilt now where it came from another process; ``None`` if it raised nothing."""
        return self._rebuild()

    @property
    def output(self) -> Any:
        """What the task returned, loaded now where it was left in the store."""
        return self._output if self._load is None else self._load()
