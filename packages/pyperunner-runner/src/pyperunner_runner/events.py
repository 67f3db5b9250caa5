"""Events that a run tells its hooks: frozen facts, in the order in which they happen.

A hook is any callable that takes one event. If it also has a method ``tick(now)``, that is called about ten times a
second while tasks run (``now`` in seconds of a monotonic clock), for displays that move.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

from pyperunner_text.light_dataclass import light_dataclass

__all__ = [
    "Hook",
    "RunEvent",
    "RunFinished",
    "RunStarted",
    "SupportsTick",
    "TaskDisplayed",
    "TaskFinished",
    "TaskOutput",
    "TaskQueued",
    "TaskRetried",
    "TaskStarted",
    "TaskWaiting",
]


@light_dataclass(frozen=True)
class RunStarted:
    """The plan is made and recorded; nothing has started yet. ``to_execute`` names what runs, not what is loaded."""

    pipeline: str
    run_folder: str
    tasks: tuple[str, ...]
    to_execute: tuple[str, ...]


@light_dataclass(frozen=True)
class TaskStarted:
    """A task's process has begun; ``host`` is the machine it is on, empty for this one."""

    task: str
    attempt: int
    pid: int | None
    host: str = ""


@light_dataclass(frozen=True)
class TaskWaiting:
    """A task waits because another run makes the same output (``waiting``), or goes on."""

    task: str
    waiting: bool


@light_dataclass(frozen=True)
class TaskQueued:
    """A task that could start waits for limits that other runs share, for ``what``; or it goes on, if that is empty."""

    task: str
    what: str


@light_dataclass(frozen=True)
class TaskOutput:
    """A task printed or logged a line.

    Attributes:
        task: The task's name.
        stream: ``stdout``, ``stderr``, or the name of the logger.
        level: A level name of ``logging``.
        text: The line; where it is passing, one or more.
        passing: Whether this is how lines look that the task is still writing over, as progress bars are. It is in no
            log; as they stay in the end, the lines come once more.
    """

    task: str
    stream: str
    level: str
    text: str
    passing: bool = False


@light_dataclass(frozen=True)
class TaskDisplayed:
    """A task has displayed an object; only a hook with a true attribute ``shows_displays`` makes tasks say so.

    Attributes:
        task: The task's name.
        data: The forms of the object by media type.
        metadata: What is said of them.
    """

    task: str
    data: Mapping[str, object]
    metadata: Mapping[str, object]


@light_dataclass(frozen=True)
class TaskRetried:
    """An attempt has failed, and the task is tried again.

    Attributes:
        task: The task's name.
        attempt: The attempt that failed.
        seconds: Wall time of that attempt.
        error: One line that says what went wrong.
        wait: Seconds until the next attempt.
    """

    task: str
    attempt: int
    seconds: float
    error: str
    wait: float


@light_dataclass(frozen=True)
class TaskFinished:
    """A task has ended, was skipped, was satisfied from the store, or can't run.

    Attributes:
        task: The task's name.
        attempt: 0 for a task that was not started.
        status: Name of the ``Task.Status``.
        seconds: Wall time from start to end; 0 for a task that was not started.
        reason: Why it ran, or did not.
        error: One line that says what went wrong; empty without a failure.
        undeclared: Files that it has read without declaring them.
    """

    task: str
    attempt: int
    status: str
    seconds: float
    reason: str
    error: str = ""
    undeclared: tuple[str, ...] = ()


@light_dataclass(frozen=True)
class RunFinished:
    """The run is over and recorded.

    Attributes:
        statuses: Name of the ``Task.Status`` of every task.
        seconds: Wall time of the run.
        interrupted: Whether a signal ended it early.
    """

    statuses: Mapping[str, str]
    seconds: float
    interrupted: bool


RunEvent = (
    RunStarted
    | TaskQueued
    | TaskStarted
    | TaskWaiting
    | TaskOutput
    | TaskDisplayed
    | TaskRetried
    | TaskFinished
    | RunFinished
)
Hook = Callable[[RunEvent], None]


@runtime_checkable
class SupportsTick(Protocol):
    """A hook that wants to be called while time passes."""

    def tick(self, now: float) -> None:
        """Do what is due at ``now``, seconds of ``time.monotonic``."""
        ...
