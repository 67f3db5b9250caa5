"""Jobs of one run: which run now, at which attempt, since when, on which executor."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

from pyperunner_dag import seed_of
from pyperunner_runner.child.checks import FOLDER
from pyperunner_runner.child.context.thread_limits import VARIABLES
from pyperunner_runner.ports import Event, Executor, Exit, Handle, Job, JobHandle
from pyperunner_runner.processes.cores import allowed_cores, usable_cores
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from pyperunner_dag import Task
    from pyperunner_runner.errors import TaskKilled
    from pyperunner_runner.planning.reasons_to_run import Decision
    from pyperunner_runner.planning.settings import RunSettings
    from pyperunner_runner.ports import StandIn

__all__ = ["Jobs", "RunningJob", "nothing_started"]


@cache
def nothing_started() -> Handle:
    """Return the handle of a task that needed no job."""
    return JobHandle.over(Exit(0))


@light_dataclass
class RunningJob:
    """One execution of a task that goes on."""

    task: Task
    attempt: int
    started: float
    """In seconds of ``time.monotonic``."""
    cause: TaskKilled | None = None
    """Why the runner ends it, if it does."""

    @property
    def seconds(self) -> float:
        """Wall time since the start."""
        return time.monotonic() - self.started


class Jobs:
    """Starts jobs and knows those that run.

    Args:
        open_executor: Makes the executor when the first job starts.
        settings: How the run is done.
        folder: Gives the run folder, where outputs that do not pass a check are left for a look.
        startable: Gives how many tasks could start just now, besides those that run.
    """

    def __init__(
        self,
        open_executor: Callable[[], Executor],
        settings: RunSettings,
        folder: Callable[[], str],
        startable: Callable[[], int],
    ) -> None:
        self._open_executor = open_executor
        self._settings = settings
        self._folder = folder
        self._startable = startable
        self._executor: Executor | None = None
        self._running: dict[str, RunningJob] = {}
        self._attempts: dict[str, int] = {}

    @cached_property
    def _cores(self) -> tuple[int, int] | None:
        """How many cores there are, and how many threads libraries make by themselves; ``None`` if the user says."""
        return (usable_cores(), allowed_cores()) if os.environ.keys().isdisjoint(VARIABLES) else None

    @property
    def slots(self) -> int:
        """How many jobs the executor takes at once, where it says so itself; else 0."""
        # Asked for every task: looking through a protocol with isinstance would cost more than handing out a task.
        return getattr(self._executor, "slots", 0)

    @property
    def have_room(self) -> bool:
        """Whether one more may be started."""
        return len(self._running) < max(self._settings.process_limit, self.slots)

    def __bool__(self) -> bool:
        return bool(self._running)

    def __len__(self) -> int:
        return len(self._running)

    def __iter__(self) -> Iterator[RunningJob]:
        return iter(list(self._running.values()))

    def __getitem__(self, name: str) -> RunningJob:
        return self._running[name]

    def start(
        self,
        task: Task,
        decision: Decision,
        meta: Mapping[str, Any],
        stand_in: StandIn | None = None,
        *,
        sent: bool = False,
    ) -> Handle:
        """Start the task's next attempt.

        Args:
            task: The task.
            decision: What is to be done with it, and why.
            meta: More to store beside its output.
            stand_in: Where it goes if the run's store does not take it.
            sent: Whether the job brings the task along.

        Raises:
            BlockingIOError: No process can be made just now; then nothing has changed.
        """
        if self._executor is None:
            self._executor = self._open_executor()
        attempt = self._attempts.get(task.name, 0) + 1
        self._attempts[task.name] = attempt
        self._running[task.name] = RunningJob(task, attempt, time.monotonic())
        try:
            meta = {"reason": decision.reason, **meta}
            if task.options.check:
                meta[FOLDER] = self._folder()
            seed = seed_of(task, attempt)
            alone = task.detached() if sent else None
            asked = self._settings
            threads = task.options.threads or self._share(task)
            how = (asked.early_cutoff, asked.audit, seed, alone, stand_in, asked.displays, threads)
            job = Job(task.name, attempt, decision.reuse, meta, *how)
            return self._executor.start(job)
        except BlockingIOError:
            self._attempts[task.name] -= 1
            del self._running[task.name]
            raise

    def _share(self, task: Task) -> int | None:
        """Return the threads that a task is to compute with, one of those that run now or are about to start.

        ``None`` where it has all cores, or where the user decides: has set one of the variables for the program or the
        task.
        """
        if self._cores is None or not task.options.env.keys().isdisjoint(VARIABLES):
            return None
        usable, allowed = self._cores
        at_once = min(self._settings.process_limit, len(self._running) + self._startable())
        share = max(1, usable // max(1, at_once))
        return share if share < allowed else None

    def wait(self, timeout: float | None) -> Sequence[Event]:
        """Return what has happened, waiting up to ``timeout`` seconds for the first of it."""
        return () if self._executor is None else self._executor.wait(timeout)

    def take(self, name: str) -> RunningJob:
        """Return a job that is over and count it no more."""
        return self._running.pop(name)

    def stop(self, name: str, cause: TaskKilled, *, kill: bool = False) -> None:
        """Ask a job and its whole tree to end, or make it end; the first cause given counts."""
        job = self._running[name]
        job.cause = job.cause or cause
        if self._executor is not None:
            self._executor.stop(name, kill=kill)

    def kill(self, name: str) -> None:
        """Make a job and its whole tree end."""
        if self._executor is not None:
            self._executor.stop(name, kill=True)

    def close(self) -> None:
        """Free the executor; what still runs is ended."""
        if self._executor is not None:
            self._executor.close()
            self._executor = None
