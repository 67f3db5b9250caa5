"""Errors that say what became of a task or a run; the tree of all errors is drawn in ``_errors``."""

from __future__ import annotations

from collections.abc import Iterable

from pyperunner_runner._errors import RunnerError, in_bytes

__all__ = [
    "InputLost",
    "RunFailed",
    "TaskDied",
    "TaskExited",
    "TaskKilled",
    "TaskOutOfMemory",
    "TaskTimedOut",
]

_LISTED = 50  # names in one message
_SHOWN = 3  # failed tasks whose last words a message shows
_MORE_TIME = "Raise the timeout, or see in its log what it waited for."


class InputLost(RunnerError, LookupError):
    """The outputs of upstream tasks are missing or damaged although they were made again, or may not be."""

    def __init__(self, task: str, inputs: Iterable[str], made_again: bool = True) -> None:
        self.task = task
        self.inputs = tuple(inputs)
        self.made_again = made_again
        super().__init__(task, self.inputs, made_again)

    def __str__(self) -> str:
        lost = f"{self.task}: the output of {', '.join(self.inputs)} can't be loaded"
        if not self.made_again:
            return f"{lost}, and it is not selected to be made again. Select it too."
        return (
            f"{lost}, although it was made again in this run. "
            "Look at the store's medium, or whether something removes entries while tasks run."
        )


class RunFailed(RunnerError):
    """At least one task of the run failed.

    Attributes:
        failed: Names of the tasks that failed.
        cant_run: Names of those that could not run.
        run_folder: Where the record is.
        errors: What went wrong, for each that failed, with the last lines it printed.
    """

    def __init__(
        self, failed: Iterable[str], cant_run: Iterable[str], run_folder: str, errors: Iterable[str] = ()
    ) -> None:
        self.failed = tuple(failed)
        self.cant_run = tuple(cant_run)
        self.run_folder = run_folder
        self.errors = tuple(errors)
        super().__init__(self.failed, self.cant_run, run_folder, self.errors)

    def __str__(self) -> str:
        text = f"{len(self.failed)} task(s) failed: {_listing(self.failed)}"
        if self.cant_run:
            text += f"; {len(self.cant_run)} could not run: {_listing(self.cant_run)}"
        return "\n".join([f"{text}. Tracebacks are in {self.run_folder}", *self.errors[:_SHOWN]])


class TaskDied(RunnerError):
    """The process of a task ended without handing over a result."""

    def __init__(self, task: str, how: str) -> None:
        self.task = task
        self.how = how
        super().__init__(task, how)

    def __str__(self) -> str:
        return f"{self.task}: {self.how}"


class TaskExited(TaskDied):
    """The task's process called exit before its result was stored."""


class TaskKilled(TaskDied):
    """A signal ended the task's process."""


class TaskTimedOut(TaskKilled, TimeoutError):
    """The task ran longer than its timeout allows, and was ended with all processes it had started."""

    def __init__(self, task: str, timeout: float) -> None:
        super().__init__(task, f"ran longer than its timeout of {timeout:g} s and was ended. {_MORE_TIME}")
        self.timeout = timeout
        self.args = (task, timeout)


class TaskOutOfMemory(TaskKilled, MemoryError):
    """The task was ended because it used more memory than it may, or by the system for want of memory."""

    def __init__(self, task: str, peak: int | None, limit: int | None = None) -> None:
        seen = "" if peak is None else f", peak seen {in_bytes(peak)}"
        if limit is None:
            how = f"killed, likely out of memory{seen}. Let fewer tasks run at once, or let it use less."
        else:
            how = f"killed, out of memory: its memory_limit is {in_bytes(limit)}{seen}. Raise it, or let it use less."
        super().__init__(task, how)
        self.peak = peak
        self.limit = limit
        self.args = (task, peak, limit)


def _listing(names: tuple[str, ...]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")
