"""The errors of this package. Those that speak of what happened in a run are in ``_task_errors``.

RunnerError
├── StoreNotWritable      (also OSError)     the store refuses entries, said before work starts
├── StoreNotShareable     (also ValueError)  children could not reopen the store
├── TaskNotPortable       (also TypeError)   a task can't be sent to a fresh interpreter
├── UnknownExecutor       (also ValueError)
├── UnknownSelection      (also ValueError)  only, until or from_ names no task
├── UnknownTask           (also KeyError)    the pipeline has no such task
├── NotAcceptable         (also ValueError)  no earlier output can stand for today's key
├── SelectionUnmet        (also ValueError)  a selected task needs an output that nothing selected makes
├── LimitTooLow           (also ValueError)  a memory limit below what any task's process takes
├── ImpossibleResources   (also ValueError)  a task asks for more than the runner has
├── UnknownStartMethod    (also ValueError)
├── InputLost         (also LookupError)     an input was made again and is still not there
├── RunFailed                                raised on demand at the end of a run with failures
└── TaskDied                                 a task's process ended without a result
    ├── TaskExited                           it called exit
    └── TaskKilled                           a signal ended it, the runner's own included
        ├── TaskTimedOut    (also TimeoutError)
        └── TaskOutOfMemory (also MemoryError)
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = [
    "ImpossibleResources",
    "LimitTooLow",
    "NotAcceptable",
    "RunnerError",
    "SelectionUnmet",
    "StoreNotShareable",
    "StoreNotWritable",
    "TaskNotPortable",
    "UnknownExecutor",
    "UnknownSelection",
    "UnknownStartMethod",
    "UnknownTask",
    "in_bytes",
]


class RunnerError(Exception):
    """Base of every error this package raises on its own account."""


class StoreNotWritable(RunnerError, OSError):
    """Tasks must run but the store can't take their outputs."""

    def __init__(self, location: str, cause: str) -> None:
        self.location = location
        self.cause = cause
        super().__init__(location, cause)

    def __str__(self) -> str:
        return (
            f"outputs can't be stored in {self.location}: {self.cause}. "
            "Nothing was started; give a data_path that can be written."
        )


class StoreNotShareable(RunnerError, ValueError):
    """The store lives in this process alone, so child processes could not reach it."""

    def __init__(self, store: str) -> None:
        self.store = store
        super().__init__(store)

    def __str__(self) -> str:
        return (
            f"the store {self.store} can't be reopened by child processes. "
            "Nothing was started; use a store on disk, or Runner(..., executor='inline')."
        )


class UnknownExecutor(RunnerError, ValueError):
    """No executor of that name is installed."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(name, self.known)

    def __str__(self) -> str:
        return f"there is no executor {self.name!r}; known: {', '.join(self.known) or 'none'}"


class UnknownSelection(RunnerError, ValueError):
    """A pattern of ``only``, ``until`` or ``from_`` matches no task of the pipeline."""

    def __init__(self, what: str, pattern: str, near: Iterable[str] = ()) -> None:
        self.what = what
        self.pattern = pattern
        self.near = tuple(near)
        super().__init__(what, pattern, self.near)

    def __str__(self) -> str:
        hint = f"Did you mean {' or '.join(self.near)}?" if self.near else "Give a task's name, its tag, or a glob."
        return f"{self.what}={self.pattern!r} matches no task. {hint} Nothing was started."


class UnknownTask(RunnerError, KeyError):
    """The pipeline has no task of that name."""

    def __init__(self, name: str, near: Iterable[str] = ()) -> None:
        self.name = name
        self.near = tuple(near)
        super().__init__(name, self.near)

    def __str__(self) -> str:
        hint = f" Did you mean {' or '.join(self.near)}?" if self.near else ""
        return f"the pipeline has no task {self.name!r}.{hint}"


class NotAcceptable(RunnerError, ValueError):
    """An output stored earlier can't stand for a task's key of today, or there is nothing to be done about it."""

    def __init__(self, task: str, reason: str) -> None:
        self.task = task
        self.reason = reason
        super().__init__(task, reason)

    def __str__(self) -> str:
        return f"{self.task}: {self.reason}"


class SelectionUnmet(RunnerError, ValueError):
    """A selected task needs the output of one that is neither stored nor selected."""

    def __init__(self, task: str, lacking: Iterable[str], others: int = 0) -> None:
        self.task = task
        self.lacking = tuple(lacking)
        self.others = others
        super().__init__(task, self.lacking, others)

    def __str__(self) -> str:
        more = f" (and {self.others} more tasks lack inputs)" if self.others else ""
        return (
            f"{self.task} needs the output of {', '.join(self.lacking)}, which is not stored and not selected{more}. "
            f"Nothing was started; select it too, or run until={self.task!r}, which includes all it needs."
        )


class ImpossibleResources(RunnerError, ValueError):
    """A task asks for more of a resource than the runner has."""

    def __init__(self, task: str, resource: str, need: float, have: float) -> None:
        self.task = task
        self.resource = resource
        self.need = need
        self.have = have
        super().__init__(task, resource, need, have)

    def __str__(self) -> str:
        return (
            f"{self.task} needs {self.need:g} {self.resource}, and the runner has {self.have:g}. Nothing was started; "
            f"give the task less, or the runner more: Runner(..., resources={{{self.resource!r}: {self.need:g}}}), "
            f"--resource {self.resource}={self.need:g}."
        )


class UnknownStartMethod(RunnerError, ValueError):
    """There is no such way to make processes, here."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(known)
        super().__init__(name, self.known)

    def __str__(self) -> str:
        return f"start_method={self.name!r} is not possible on this system; possible: {', '.join(self.known)}"


class TaskNotPortable(RunnerError, TypeError):
    """A task can't be pickled, so it can't reach a fresh interpreter."""

    def __init__(self, task: str, part: str, cause: str, start_method: str) -> None:
        self.task = task
        self.part = part
        self.cause = cause
        self.start_method = start_method
        super().__init__(task, part, cause, start_method)

    def __str__(self) -> str:
        return (
            f"{self.task} can't be sent to a fresh interpreter, as start_method={self.start_method!r} must: "
            f"{self.part or 'something in it'} can't be pickled ({self.cause}). Nothing was started. Make it inside "
            "the task instead, or use start_method='fork'."
        )


class LimitTooLow(RunnerError, ValueError):
    """A task's memory limit is below what its process takes before the task does anything."""

    def __init__(self, task: str, limit: int, least: int) -> None:
        self.task = task
        self.limit = limit
        self.least = least
        super().__init__(task, limit, least)

    def __str__(self) -> str:
        return (
            f"{self.task}: a memory_limit of {in_bytes(self.limit)} is less than the {in_bytes(self.least)} that the "
            "process of a task may take by itself. Nothing was started; raise the limit."
        )


def in_bytes(number: int) -> str:
    """Return ``1.5 GiB`` for 1610612736."""
    amount, unit = float(number), "B"
    for larger in ("KiB", "MiB", "GiB", "TiB"):
        if amount < 1024:
            break
        amount, unit = amount / 1024, larger
    return f"{amount:.0f} {unit}" if unit == "B" or amount >= 100 else f"{amount:.3g} {unit}"
