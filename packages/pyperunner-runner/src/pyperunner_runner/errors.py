"""Errors of this package: of what can't be run, said before anything starts, and of what became of a task or a run.

RunnerError
├── StoreNotWritable      (also OSError)     the store refuses entries, said before work starts
├── StoreNotShareable     (also ValueError)  children could not reopen the store
├── TaskNotPortable       (also TypeError)   a task can't be sent to a fresh interpreter
├── UnknownExecutor       (also ValueError)
├── UnknownExecutorOption (also ValueError)
├── UnknownSelection      (also ValueError)  only, until or from_ names no task
├── UnknownPipelineTask   (also KeyError)    the pipeline has no such task
├── NotAcceptable         (also ValueError)  no earlier output can stand for today's key
├── CheckFailed           (also ValueError)  what a task puts out has not passed a check
├── CodecRefused          (also ValueError)  an output is to be stored with a codec that its store does not have
├── FormatRefused         (also ValueError)  an output is to be stored in a format that its store does not have
├── SelectionUnmet        (also ValueError)  a selected task needs an output that nothing selected makes
├── NoProcesses           (also RuntimeError) tasks can't have processes of their own, here
├── LimitTooLow           (also ValueError)  a memory limit below what any task's process takes
├── ImpossibleResources   (also ValueError)  a task asks for more than the runner has
├── SharedLimitsError     (also OSError)     limits can't be shared with other runs, said before work starts
├── UnknownStartMethod    (also ValueError)
├── WrongFake             (also TypeError)   in a test, an output by hand is missing or stands for nothing
├── InputLost         (also LookupError)     an input was made again and is still not there
├── RunFailed                                raised on demand at the end of a run with failures
└── TaskDied                                 a task's process ended without a result
    ├── TaskExited                           it called exit
    ├── WorkerLost                           what carried it out is out of reach; the task has done nothing wrong
    └── TaskKilled                           a signal ended it, the runner's own included
        ├── TaskTimedOut    (also TimeoutError)
        └── TaskOutOfMemory (also MemoryError)

Each takes the facts and writes its own sentence; see ``pyperunner_text.errors``.
"""

from __future__ import annotations

from pyperunner_runner.base_error import RunnerError
from pyperunner_runner.task_errors import (
    TaskDied,
    TaskExited,
    TaskKilled,
    TaskOutOfMemory,
    TaskTimedOut,
    WorkerLost,
    in_bytes,
)
from pyperunner_text.former_names import keep_former_name

__all__ = [
    "CheckFailed",
    "CodecRefused",
    "FormatRefused",
    "ImpossibleResources",
    "InputLost",
    "LimitTooLow",
    "NoProcesses",
    "NotAcceptable",
    "RunFailed",
    "RunnerError",
    "SelectionUnmet",
    "SharedLimitsError",
    "StoreNotShareable",
    "StoreNotWritable",
    "TaskDied",
    "TaskExited",
    "TaskKilled",
    "TaskNotPortable",
    "TaskOutOfMemory",
    "TaskTimedOut",
    "UnknownExecutor",
    "UnknownExecutorOption",
    "UnknownPipelineTask",
    "UnknownSelection",
    "UnknownStartMethod",
    "UnknownTask",
    "WorkerLost",
    "WrongFake",
]

ELSEWHERE = "elsewhere"
"""Stands for a start method where a task is to be sent to another machine."""
_LISTED = 50  # names in one message
_SHOWN = 3  # failed tasks whose last words a message shows


class StoreNotWritable(RunnerError, OSError):
    """Tasks must run but the store can't take their outputs."""

    location: str
    cause: str
    template = (
        "outputs can't be stored in {location}: {cause}. Nothing was started; give a data_path that can be written."
    )


class StoreNotShareable(RunnerError, ValueError):
    """The store lives in this process alone, so child processes could not reach it."""

    store: str
    template = (
        "the store {store} can't be reopened by child processes. "
        "Nothing was started; use a store on disk, or Runner(..., executor='inline')."
    )


class UnknownExecutor(RunnerError, ValueError):
    """No executor of that name is installed."""

    name: str
    known: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        return f"there is no executor {self.name!r}; known: {', '.join(self.known) or 'none'}"


class UnknownExecutorOption(RunnerError, ValueError):
    """The executor takes no such option."""

    executor: str
    option: str
    known: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        return (
            f"executor {self.executor!r} takes no option {self.option!r}; it takes: {', '.join(self.known) or 'none'}"
        )


class UnknownSelection(RunnerError, ValueError):
    """A pattern of ``only``, ``until`` or ``from_`` matches no task of the pipeline."""

    what: str
    pattern: str
    near: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the error's text."""
        hint = f"Did you mean {' or '.join(self.near)}?" if self.near else "Give a task's name, its tag, or a glob."
        return f"{self.what}={self.pattern!r} matches no task. {hint} Nothing was started."


class UnknownPipelineTask(RunnerError, KeyError):
    """The pipeline has no task of that name."""

    name: str
    near: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the error's text."""
        hint = f" Did you mean {' or '.join(self.near)}?" if self.near else ""
        return f"the pipeline has no task {self.name!r}.{hint}"


UnknownTask = UnknownPipelineTask
"""Deprecated, for what was written for 0.2.0: `pyperunner_results` has an ``UnknownTask``."""


class NotAcceptable(RunnerError, ValueError):
    """An output stored earlier can't stand for a task's key of today, or there is nothing to be done about it."""

    task: str
    reason: str
    template = "{task}: {reason}"


class CodecRefused(RunnerError, ValueError):
    """The output of a task is to be stored with a codec that its store does not have."""

    task: str
    codec: str
    reason: str
    template = "{task} is to be stored with the codec {codec}: {reason}. Nothing was started."


class FormatRefused(RunnerError, ValueError):
    """The output of a task is to be stored in a format that its store does not have."""

    task: str
    format: str
    reason: str
    template = "{task} is to be stored in the format {format}: {reason}. Nothing was started."


class SharedLimitsError(RunnerError, OSError):
    """Limits cannot be shared with other runs."""

    name: str
    reason: str
    template = "limits cannot be shared as {name!r}: {reason}"


class CheckFailed(RunnerError, ValueError):
    """What a task puts out has not passed a check."""

    task: str
    check: str
    problem: str
    aside: str = ""
    """Where the output lies for a look; empty where it is stored already, or could not be kept."""
    key: str = ""
    """Under which key it lies there, or in the store."""

    def sentence(self) -> str:
        """Return the error's text."""
        said = f"{self.task}: its output has not passed the check {self.check}: {self.problem}"
        if self.aside:
            look = f"pyperunner_cache.open_store({self.aside!r}).load({self.key!r})"
            return f"{said}\nIt is not stored. For a look: {look}"
        where = f"It stays in the store as {self.key}, and is not used." if self.key else "It is not stored."
        return f"{said}\n{where}"


class SelectionUnmet(RunnerError, ValueError):
    """A selected task needs the output of one that is neither stored nor selected."""

    task: str
    lacking: tuple[str, ...]
    others: int = 0

    def sentence(self) -> str:
        """Return the error's text."""
        more = f" (and {self.others} more tasks lack inputs)" if self.others else ""
        return (
            f"{self.task} needs the output of {', '.join(self.lacking)}, which is not stored and not selected{more}. "
            f"Nothing was started; select it too, or run until={self.task!r}, which includes all it needs."
        )


class ImpossibleResources(RunnerError, ValueError):
    """A task asks for more of a resource than the runner has."""

    task: str
    resource: str
    need: float
    have: float
    template = (
        "{task} needs {need:g} {resource}, and the runner has {have:g}. Nothing was started; "
        "give the task less, or the runner more: Runner(..., resources={{{resource!r}: {need:g}}}), "
        "--resource {resource}={need:g}."
    )


class UnknownStartMethod(RunnerError, ValueError):
    """There is no such way to make processes, here."""

    name: str
    known: tuple[str, ...]

    def sentence(self) -> str:
        """Return the error's text."""
        return f"start_method={self.name!r} is not possible on this system; possible: {', '.join(self.known)}"


class TaskNotPortable(RunnerError, TypeError):
    """A task can't be pickled, so it can't reach a fresh interpreter."""

    task: str
    part: str
    cause: str
    start_method: str

    def sentence(self) -> str:
        """Return the error's text."""
        if self.start_method == ELSEWHERE:
            return (
                f"{self.task} can't be sent to another machine: {self.part or 'something in it'} can't be pickled "
                f"({self.cause}). Nothing was started. Make it inside the task instead."
            )
        return (
            f"{self.task} can't be sent to a fresh interpreter, as start_method={self.start_method!r} must: "
            f"{self.part or 'something in it'} can't be pickled ({self.cause}). Nothing was started. Make it inside "
            "the task instead, or use start_method='fork'."
        )


class NoProcesses(RunnerError, RuntimeError):
    """What makes the processes of tasks can't work, here."""

    cause: str
    template = (
        "no process can be made for any task: {cause}. Nothing more was started; "
        "see to what is missing, or use Runner(..., executor='inline')."
    )


class LimitTooLow(RunnerError, ValueError):
    """A task's memory limit is below what its process takes before the task does anything."""

    task: str
    limit: int
    least: int

    def sentence(self) -> str:
        """Return the error's text."""
        return (
            f"{self.task}: a memory_limit of {in_bytes(self.limit)} is less than the {in_bytes(self.least)} that the "
            "process of a task may take by itself. Nothing was started; raise the limit."
        )


class InputLost(RunnerError, LookupError):
    """The outputs of upstream tasks are missing or damaged although they were made again, or may not be."""

    task: str
    inputs: tuple[str, ...]
    made_again: bool = True

    def sentence(self) -> str:
        """Return the error's text."""
        lost = f"{self.task}: the output of {', '.join(self.inputs)} can't be loaded"
        if not self.made_again:
            why = "it is not selected, or rerun='never' has let it stand"
            return f"{lost}, and it is not made again in this run: {why}. Select it too, or run once more."
        return (
            f"{lost}, although it was made again in this run. "
            "Look at the store's medium, or whether something removes entries while tasks run."
        )


class WrongFake(RunnerError, TypeError):
    """What is given by hand in a test is not what a task or pipeline needs."""

    of: str
    reason: str

    def sentence(self) -> str:
        """Return the error's text."""
        return f"{self.of}: {self.reason}"


class RunFailed(RunnerError):
    """At least one task of the run failed.

    Attributes:
        failed: Names of the tasks that failed.
        cant_run: Names of those that could not run.
        run_folder: Where the record is.
        errors: What went wrong, for each that failed, with the last lines it printed.
    """

    failed: tuple[str, ...]
    cant_run: tuple[str, ...]
    run_folder: str
    errors: tuple[str, ...] = ()

    def sentence(self) -> str:
        """Return the error's text."""
        text = f"{len(self.failed)} task(s) failed: {_listing(self.failed)}"
        if self.cant_run:
            text += f"; {len(self.cant_run)} could not run: {_listing(self.cant_run)}"
        return "\n".join([f"{text}. Tracebacks are in {self.run_folder}", *self.errors[:_SHOWN]])


def _listing(names: tuple[str, ...]) -> str:
    more = len(names) - _LISTED
    return ", ".join(names[:_LISTED]) + (f" and {more} more" if more > 0 else "")


_OF_TASKS = (InputLost, RunFailed, TaskDied, TaskExited, TaskKilled, TaskTimedOut, TaskOutOfMemory)
keep_former_name("pyperunner_runner._task_errors", *_OF_TASKS)
keep_former_name(
    "pyperunner_runner._errors", *(globals()[name] for name in __all__ if globals()[name] not in _OF_TASKS)
)
