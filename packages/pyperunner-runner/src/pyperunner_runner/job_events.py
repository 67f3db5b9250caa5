"""Events of jobs: what an executor reports of those it carries out, and the facts in it. The words of ``ports``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any, Literal

from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["Displayed", "Ended", "Event", "Exit", "Failure", "Logged", "Outcome", "Started", "Waiting"]


@light_dataclass(frozen=True)
class Failure:
    """Why a task failed, in a form that survives whatever the exception was.

    Attributes:
        type: The exception's class name.
        message: Its text.
        traceback: Formatted traceback that begins at the user's frame; may be empty.
        pickled: The exception itself where it could be pickled.
        bases: Module and qualified name of its class and of its bases; a qualified name alone stands for classes of any
            module.
    """

    type: str
    message: str
    traceback: str = ""
    pickled: bytes | None = None
    bases: Sequence[str] = ()


@light_dataclass(frozen=True)
class Outcome:
    """What a job came to.

    Attributes:
        kind: ``stored``: the task ran and its output is in the store. ``hit``: an entry was there and stands for it.
            ``failed``: see ``failure``. ``inputs``: the outputs of the upstream tasks in ``inputs`` are missing or
            damaged. ``lost``: the process ended without saying anything; see the ``Exit``.
        failure: Set when ``kind`` is ``failed``.
        inputs: Names of upstream tasks when ``kind`` is ``inputs``.
        digest: Hex digest of the stored payload when ``kind`` is ``stored``.
        size: Its size in the store, in bytes.
        seconds: Wall time of the task's own code.
        undeclared: Files of the user's that the task's code has read, where the executor can tell.
        unsaved: Why the output is not in the run's own store but in ``Job.stand_in``, when ``kind`` is ``stored``.
    """

    kind: Literal["stored", "hit", "failed", "inputs", "lost"]
    failure: Failure | None = None
    inputs: Sequence[str] = ()
    digest: str | None = None
    size: int | None = None
    seconds: float | None = None
    undeclared: Sequence[str] = ()
    unsaved: str = ""

    @property
    def exitcode(self) -> int:
        """The code with which a process that has come to this exits: 0 where there is an output, else 1."""
        return 0 if self.kind in ("stored", "hit") else 1


@light_dataclass(frozen=True)
class Exit:
    """How a job's process ended. ``None`` stands for what the executor can't know.

    Attributes:
        code: Exit code; minus the signal's number when a signal ended the process.
        cpu: Seconds of processor time, user and system, of the process and the children it waited for.
        max_rss: Peak resident memory of the process in bytes, pages shared with its parent included.
        read: Bytes that it and the children it waited for had read from storage, as the system accounts for them.
        written: Bytes that they had written to storage.
        oom: Whether the system ended it for want of memory.
        left: Whether it has not ended at all: it was killed, and the system does not let go of it.
        host: The machine it was on; empty for this one.
        uss_peak: Most memory of its own that it was seen to use, in bytes, where somebody else than the runner looks.
        lost: Why nobody knows how it ended, where what carried it out is out of reach: a machine, a worker of a
            cluster, the connection to it. Empty where somebody knows. The task has done nothing wrong.
    """

    code: int | None = None
    cpu: float | None = None
    max_rss: int | None = None
    read: int | None = None
    written: int | None = None
    oom: bool | None = None
    left: bool = False
    host: str = ""
    uss_peak: int | None = None
    lost: str = ""


@light_dataclass(frozen=True)
class Started:
    """A job's process has begun.

    Attributes:
        task: The task's name.
        pid: Its process; a number of that machine.
        host: The machine it is on; empty for this one. Nothing here is measured or signalled by the number of a process
            that is elsewhere.
    """

    task: str
    pid: int
    host: str = ""


@light_dataclass(frozen=True)
class Waiting:
    """A job waits for another run that makes the same output, or has done so and goes on."""

    task: str
    waiting: bool


@light_dataclass(frozen=True)
class Logged:
    """Lines that a task printed or logged, or that the executor says itself.

    Attributes:
        task: The task's name; ``-`` for a line of the executor.
        pid: Its process.
        stream: ``stdout``, ``stderr``, or the name of the logger.
        level: A level name of ``logging``.
        text: One or more lines, separated by line feeds, without the end of the last.
        when: Seconds since the epoch.
        passing: Whether this is how lines look that the task is still writing over, as progress bars are. It is for
            displays; as they stay in the end they are reported once more.
        host: The machine it comes from; empty for this one.
    """

    task: str
    pid: int | None
    stream: str
    level: str
    text: str
    when: float
    passing: bool = False
    host: str = ""


@light_dataclass(frozen=True)
class Displayed:
    """A task has displayed an object (``Job.displays``).

    Attributes:
        task: The task's name.
        data: The forms of the object by media type, as notebooks keep them.
        metadata: What is said of the forms.
    """

    task: str
    data: Mapping[str, Any]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@light_dataclass(frozen=True)
class Ended:
    """A job is over: its process is gone and everything it printed was reported."""

    task: str
    attempt: int
    outcome: Outcome
    exit: Exit


Event = Started | Waiting | Logged | Displayed | Ended
"""What ``Executor.wait`` returns."""
