"""The port of executors: what the runner asks of whatever carries out tasks, and the facts that travel between them.

An *executor* starts jobs and reports what becomes of them as a stream of events. It never sees the schedule and never
calls back: the runner asks it to ``start``, then to ``wait`` for events. Executors are found by name through the entry
points of group ``pyperunner.executors``; each is a callable that takes a ``Session``. What an author needs to carry out
a job is in ``pyperunner_runner.execution``, the conformance suite in ``pyperunner_runner.testing``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import field
from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias, runtime_checkable

from pyperunner_runner.job_events import Displayed, Ended, Event, Exit, Failure, Logged, Outcome, Started, Waiting
from pyperunner_text.former_names import keep_former_name
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

Audit = Literal["warn", "error", "off"]

__all__ = [
    "Audit",
    "Displayed",
    "Ended",
    "Event",
    "Executor",
    "ExecutorFactory",
    "Exit",
    "Failure",
    "Handle",
    "Job",
    "JobHandle",
    "Logged",
    "Outcome",
    "Session",
    "StandIn",
    "Started",
    "Waiting",
]


@light_dataclass(frozen=True)
class Session:
    """What an executor is given once, before the first job of a run.

    Attributes:
        tasks: Every task that the run begins with, by name.
        store: The store, open in this process.
        store_spec: Builtins from which another process reopens the store; ``None`` where that is impossible.
        process_limit: How many jobs the runner keeps going at once.
        limit_is_chosen: Whether somebody has asked for that limit; else it is what this machine has of processors, and
            says nothing of others.
        start_method: How processes are made: ``fork``, ``forkserver`` or ``spawn``; empty for what is safe and fast
            on this platform beside the threads that there are. An executor without processes of its own ignores it.
        preload: Modules to import once for all processes that are copied, where that does no harm, as
            ``package.module``, or ``package.module:name`` for a name that is imported from one.
        wake: A descriptor that becomes readable when ``wait`` is to return at once, because a signal has come; it is
            read and closed by the runner. ``None`` where there is none.
        to_run: Names of the tasks that run, as far as it is known; the others may have to be made again.
        resources: Of what tasks ask for what the runner counts itself, so that no executor has to.
        startable: Gives how many tasks could start just now, besides the jobs that run: for executors whose workers can
            become more.
        let_signals_through: Gives a context for code of a task that runs in this very process: a signal that is to end
            the run raises ``KeyboardInterrupt`` in it.
    """

    tasks: Mapping[str, Task]
    store: OutputStore
    store_spec: Mapping[str, Any] | None
    process_limit: int = 1
    start_method: str = ""
    wake: int | None = None
    let_signals_through: Callable[[], AbstractContextManager[object]] = nullcontext
    preload: Sequence[str] = ()
    limit_is_chosen: bool = False
    to_run: Collection[str] = ()
    resources: Mapping[str, float] = field(default_factory=dict)
    startable: Callable[[], int] = int

    def task_of(self, job: Job) -> Task:
        """Return the task that a job executes: the one it brings along, else the session's of that name."""
        return self.tasks[job.task] if job.detached is None else job.detached


@light_dataclass(frozen=True)
class StandIn:
    """The store that stands in for a run's own where that one fails.

    Attributes:
        spec: Builtins from which any process opens it.
        holds: Names of upstream tasks whose outputs are there.
        why: Why the run's own store is not asked any more; empty while it is.
    """

    spec: Mapping[str, Any]
    holds: Collection[str] = ()
    why: str = ""

    @property
    def alone(self) -> bool:
        """Whether the run's own store is not asked any more."""
        return bool(self.why)


@light_dataclass(frozen=True)
class Job:
    """One execution of one task.

    Attributes:
        task: The task's name.
        attempt: 1 for the first execution of the task in this run.
        reuse: Whether an entry found in the store when the job begins stands for running the task.
        meta: Builtins to store beside the output.
        canonical: Whether to store the canonical digest of the output, too, so that an equal one can be recognised.
        audit: What to do about files that the task reads without declaring them: ``warn`` reports them, ``error``
            makes the task fail, ``off`` looks at nothing.
        seed: What the shared generators of random numbers are seeded with: text, or a number that every library is
            given as it is. ``None`` leaves them alone.
        detached: The task without its graph (``Task.detached()``), where it came to exist after the session began, so
            that the session has none of that name.
        stand_in: Where the output goes that the run's store does not take; ``None`` for nowhere.
        displays: Whether what the task displays with IPython is reported, because a notebook waits for it.
        threads: With how many threads libraries are to compute while the task runs; ``None`` leaves it to them.
        id: Tells this job from every other, of whatever run and machine. An executor whose jobs leave the machine gives
            one where it is empty.
        env: Environment variables that the place where it runs gives it, such as which devices are its own: names and
            values. Those among the task's options go before them. A process carries out no other job after one that has
            some, because what a library has made of them can't be undone.
    """

    task: str
    attempt: int = 1
    reuse: bool = False
    meta: Mapping[str, Any] = field(default_factory=dict)
    canonical: bool = False
    audit: Audit = "warn"
    seed: str | int | None = None
    detached: Task | None = None
    stand_in: StandIn | None = None
    displays: bool = False
    threads: int | None = None
    id: str = ""
    env: Sequence[tuple[str, str]] = ()


class Handle(Protocol):
    """A started job as the caller of ``Runner.start_task`` sees it: the main members of ``multiprocessing.Process``.

    ``JobHandle`` is one for every executor.
    """

    @property
    def pid(self) -> int | None:
        """The process, or ``None`` where there is none of its own."""
        ...

    @property
    def exitcode(self) -> int | None:
        """``None`` while the job runs; then the exit code, minus the signal's number after a signal."""
        ...

    def is_alive(self) -> bool:
        """Whether the job still runs."""
        ...

    def join(self, timeout: float | None = None) -> None:
        """Wait until the job is over, or for ``timeout`` seconds."""
        ...


class JobHandle:
    """A started job of any executor, which sets ``process`` and ``exit`` as it learns of them.

    Args:
        look: Takes in what has happened, waiting up to so many seconds for the first of it, without limit for
            ``None``. Called while the handle does not know what it is asked.

    Attributes:
        process: The process that carries out the job, once it is known.
        exit: How the job ended, once it has.
    """

    def __init__(self, look: Callable[[float | None], object]) -> None:
        self.process: int | None = None
        self.exit: Exit | None = None
        self._look = look

    @classmethod
    def over(cls, end: Exit, process: int | None = None) -> JobHandle:
        """Return the handle of a job that is over already."""
        handle = cls(lambda _: None)
        handle.process, handle.exit = process, end
        return handle

    @property
    def pid(self) -> int | None:
        """The process that carries out the job; waits until it is known. ``None`` where there is none of its own."""
        while self.process is None and self.exit is None:
            self._look(None)
        return self.process

    @property
    def exitcode(self) -> int | None:
        """``None`` while the job runs, then its exit code, minus the signal's number after a signal."""
        return None if self.is_alive() or self.exit is None else self.exit.code

    def is_alive(self) -> bool:
        """Whether the job still runs."""
        if self.exit is None:
            self._look(0)
        return self.exit is None

    def join(self, timeout: float | None = None) -> None:
        """Wait for the job's end, or for ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self.exit is None:
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining < 0:
                return
            self._look(remaining)


@runtime_checkable
class Executor(Protocol):
    """Carries out jobs. One thread uses it; it belongs to one run and is closed at the run's end.

    One that takes more jobs than run at once, so that the next is at hand when one ends, says in an attribute ``slots``
    how many it takes, those that wait included; a job has begun when it is reported ``Started``. It may change while
    the run goes on, as the workers of a cluster come and go.

    The runner ends jobs of this machine that exceed ``timeout`` or ``memory_limit`` of their options. Of a job whose
    ``Started`` names a host it looks at nothing: who carries it out there ends it, also when nobody can reach it any
    more, and reports a failure with ``TaskTimedOut`` or ``TaskOutOfMemory``. An executor that gives jobs to workers
    with resources of their own has an attribute ``places_resources`` that is true: then the runner counts only those
    that it was told of. Where it can't be known how a job ended, ``Exit.lost`` says why.
    """

    def start(self, job: Job) -> Handle:
        """Begin a job and return at once; an executor without processes may carry it out before it returns.

        Raises:
            BlockingIOError: No process can be made just now (limits of the system); the runner tries again later.
        """
        ...

    def wait(self, timeout: float | None = None) -> list[Event]:
        """Return what has happened, as soon as something has; an empty list after ``timeout`` seconds without events.

        Every job that was started yields one ``Started`` when it begins, unless it ends before, and exactly one
        ``Ended``; its ``Logged`` events come before that. A process that dies in any way is noticed without polling.
        With nothing running it returns at once, and so it does when the session's ``wake`` can be read.
        """
        ...

    def stop(self, task: str, *, kill: bool = False) -> None:
        """Ask a running job and its whole process tree to end (SIGTERM), or make it end (SIGKILL). Does not wait.

        The tree is what the task has started, and what that has started, also in sessions of their own; processes
        that are stopped go on, so that they can hear of it. No stranger is ever signalled. A job that has ended
        meanwhile is passed over.
        """
        ...

    def close(self) -> None:
        """End whatever still runs, with its process tree, and free everything. May be called twice."""
        ...


ExecutorFactory: TypeAlias = Callable[[Session], Executor]
"""Makes the executor of a run when its first job is about to start."""

keep_former_name(__name__, Displayed, Ended, Exit, Failure, Logged, Outcome, Started, Waiting)
