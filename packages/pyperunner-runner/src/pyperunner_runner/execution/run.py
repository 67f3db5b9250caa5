"""The state of one run, from its plan to its end: schedule, jobs, record. ``Runner`` is the door to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pyperunner_dag import DAG, OutputStore, Task
from pyperunner_runner._task_errors import TaskKilled
from pyperunner_runner.events import TaskRetried
from pyperunner_runner.execution.ephemeral_outputs import ScopedOutputs
from pyperunner_runner.execution.jobs import FinishedHandle, Jobs, RunningJob
from pyperunner_runner.execution.limits import Guard
from pyperunner_runner.execution.notes import Notes
from pyperunner_runner.execution.outcomes import one_line, result_of
from pyperunner_runner.execution.retries import Retries
from pyperunner_runner.execution.timers import Timers
from pyperunner_runner.executors.registry import open_executor
from pyperunner_runner.plan import Decision
from pyperunner_runner.ports import Ended, Event, Executor, Handle, Logged, Started, Waiting

if TYPE_CHECKING:
    from pyperunner_runner.execution.record import Record
    from pyperunner_runner.execution.signals import Signals
    from pyperunner_runner.planning.settings import RunSettings
    from pyperunner_runner.scheduler import Scheduler

__all__ = ["RunSession"]

_INTERRUPTED = "the run was interrupted"


class RunSession:
    """Everything that belongs to one run.

    Args:
        dag: The tasks, bound to ``store``.
        scheduler: Says what may start.
        store: Where outputs are kept.
        decisions: The plan.
        settings: How to run.
        new_record: Makes the run folder when the first thing happens.
    """

    def __init__(
        self,
        dag: DAG[Task],
        scheduler: Scheduler,
        store: OutputStore,
        decisions: Mapping[str, Decision],
        settings: RunSettings,
        new_record: Callable[[], Record],
    ) -> None:
        self.dag = dag
        self.decisions = dict(decisions)
        self._store = store
        self._settings = settings
        self._notes = Notes(new_record)
        self._jobs = Jobs(self._open_executor, settings.early_cutoff, settings.audit)
        self._scheduler = scheduler
        self._guard = Guard(self._jobs, settings.grace, time.monotonic)
        self._retries = Retries()
        self._delays = Timers()
        self._signals: Signals | None = None
        self._halted = ""
        self._stored_by_hand: set[str] = set()
        self._scoped = ScopedOutputs(dag, store, lambda text: self.record.say(text, level="WARNING"))

    @property
    def record(self) -> Record:
        """The run's record, begun when it is first asked for."""
        return self._notes.record

    @property
    def running(self) -> int:
        """How many jobs run."""
        return len(self._jobs)

    @property
    def has_room(self) -> bool:
        """Whether another job may start now."""
        return len(self._jobs) < max(self._settings.process_limit, self._jobs.slots)

    @property
    def finished(self) -> bool:
        """Whether every task has ended."""
        return self._scheduler.finished

    def next_task(self) -> Task | None:
        """Hand out a task whose upstream tasks are all settled; ``None`` if there is none just now."""
        name = self._scheduler.next_ready()
        return None if name is None else self.dag[name]

    def start(self, task: Task) -> Handle:
        """Do what the plan says for a task: start a job, count a hit as done, or pass it over.

        Raises:
            BlockingIOError: No process can be made just now; the task is ready again.
        """
        decision = self._decide(task)
        if decision.action == "skip":
            self.skip(task)
        elif decision.action == "load":
            self.conclude(task, Task.TaskResult(Task.Status.SUCCESS, load=task.load_output), decision.reason)
        else:
            return self._start_job(task, decision)
        return FinishedHandle()

    def skip(self, task: Task) -> None:
        """Pass a task over."""
        task.status = Task.Status.SKIPPED
        self._scheduler.skip(task.name)
        self._notes.end(task, self.decisions[task.name].reason)

    def collect(self, timeout: float | None) -> None:
        """Take in what the jobs have reported, waiting up to ``timeout`` seconds for the first of it."""
        left = (timeout, self._guard.seconds_left(), self._delays.seconds_left(time.monotonic()))
        timeout = min((seconds for seconds in left if seconds is not None), default=None)
        if self._jobs:
            for event in self._jobs.wait(timeout):
                self._take(event)
        elif timeout:
            self.pause(timeout)
        self._guard.enforce()
        for _, name in self._delays.take_due(time.monotonic()):
            self._scheduler.resume(name)

    def pause(self, seconds: float) -> None:
        """Let time pass, unless a signal comes."""
        if self._signals is None:
            time.sleep(seconds)
        else:
            self._signals.pause(seconds)

    def conclude(
        self,
        task: Task,
        result: Task.TaskResult,
        reason: str,
        ended: Ended | None = None,
        seconds: float = 0.0,
        uss_peak: int | None = None,
    ) -> None:
        """Give a task its result and status, note it, and let those that follow know."""
        task.result = result
        task.status = result.status
        error = ""
        if result.status is Task.Status.SUCCESS:
            self._scheduler.succeed(task.name)
        elif result.status is Task.Status.SKIPPED:
            self._scheduler.skip(task.name)
        else:
            error = one_line(result.exception)
        self._notes.end(task, reason, seconds=seconds, error=error, ended=ended, uss_peak=uss_peak)
        if error:
            self._cant_run(self._scheduler.fail(task.name), f"upstream {task.name} failed")
            if self._settings.fail_fast:
                self.halt(f"{task.name} failed and fail_fast is set")

    def heed(self, signals: Signals) -> None:
        """Let signals reach this run: the first ends it, giving jobs a moment to end by themselves, the second at once.

        To be called again after every wait.
        """
        self._signals = signals
        signals.forget_calls()
        if signals.received:
            self.halt(_INTERRUPTED, kill=len(signals.received) > 1)

    def halt(self, why: str, *, kill: bool = False) -> None:
        """Start nothing more and end what runs; ``collect`` until the run is finished.

        Args:
            why: The reason, in words.
            kill: End jobs at once, instead of asking them to end first.
        """
        if not self._halted:
            self._halted = why
            self._cant_run(self._scheduler.cancel_waiting(), why)
        for job in self._jobs:
            if kill or job.cause is None:
                self._guard.stop(job.task.name, TaskKilled(job.task.name, f"ended, because {why}"), kill=kill)

    def abort(self) -> None:
        """End every job now, without hearing of it any more; what had not ended counts as failed or unable to run."""
        self.close()
        why = self._halted or _INTERRUPTED
        for job in self._jobs:
            error = job.cause or TaskKilled(job.task.name, f"ended, because {why}")
            self._jobs.take(job.task.name)
            self.conclude(job.task, Task.TaskResult(Task.Status.FAILURE, exception=error), why, seconds=job.seconds)
        self._cant_run(self._scheduler.cancel_waiting(), why)

    def close(self) -> None:
        """Free the executor; what still runs is ended. Remove the outputs that are not kept."""
        self._jobs.close()
        self._scoped.remove()

    def _open_executor(self) -> Executor:
        self._scoped.begin()
        return open_executor(self._settings, self.dag, self.decisions, self._store, self._signals)

    def _decide(self, task: Task) -> Decision:
        """Return what is to be done with a task that is ready, and remember it."""
        decision = self.decisions[task.name]
        if self._scheduler.remade(task.name):
            decision = Decision("run", "its stored output was missing or damaged")
        elif decision.action == "run" and self._settings.reconsider is not None:
            decision = self._settings.reconsider(task, decision)
        self.decisions[task.name] = decision
        return decision

    def _start_job(self, task: Task, decision: Decision) -> Handle:
        self._store_given_inputs(task)
        task.status = Task.Status.RUNNING
        try:
            return self._jobs.start(task, decision, self._scoped.meta(task))
        except BlockingIOError:
            task.status = Task.Status.NOT_STARTED
            self._scheduler.give_back(task.name)
            raise

    def _store_given_inputs(self, task: Task) -> None:
        for source in task.upstream:
            if source.held and source.name not in self._stored_by_hand:
                source.store_output(source.output)
                self._stored_by_hand.add(source.name)

    def _take(self, event: Event) -> None:
        if isinstance(event, Logged):
            self.record.task_output(event)
        elif isinstance(event, Started):
            job = self._jobs[event.task]
            job.started = time.monotonic()
            self._guard.begin(job, event.pid)
            self.record.task_started(event.task, job.attempt, event.pid, self.decisions[event.task].reason)
        elif isinstance(event, Waiting):
            self._guard.waits(self._jobs[event.task], event.waiting)
            self.record.task_waiting(event.task, event.waiting)
        else:
            self._take_end(event)

    def _take_end(self, ended: Ended) -> None:
        job = self._jobs.take(ended.task)
        task, seconds, uss_peak = job.task, job.seconds, self._guard.end(ended.task)
        if ended.outcome.kind == "inputs" and not job.cause and self._scheduler.remake(task.name, ended.outcome.inputs):
            task.status = Task.Status.NOT_STARTED
            lost = ", ".join(ended.outcome.inputs)
            self.record.say(f"waits: the stored output of {lost} is missing or damaged and made again", task=task.name)
            return
        made_again = self._scheduler.may_remake(ended.outcome.inputs)
        result = result_of(task, ended, job.cause, uss_peak, made_again=made_again)
        if result.status is Task.Status.FAILURE and self._try_again(job, result, ended, uss_peak):
            return
        hit = ended.outcome.kind == "hit"
        reason = "stored meanwhile by another run" if hit else self.decisions[task.name].reason
        if ended.outcome.kind == "stored":
            task.release()
        self.conclude(task, result, reason, ended, seconds, uss_peak)

    def _try_again(self, job: RunningJob, result: Task.TaskResult, ended: Ended, uss_peak: int | None) -> bool:
        """Put a failed task off until its next attempt; ``False`` if it has none left."""
        task, failure = job.task, ended.outcome.failure
        bases = failure.bases if failure is not None and failure.pickled is None else ()
        wait = self._retries.next_wait(task.name, task.options, result.exception, bases)
        if wait is None or self._halted:
            return False
        event = TaskRetried(task.name, job.attempt, job.seconds, one_line(result.exception), wait)
        self._notes.retried(event, result.traceback, ended, uss_peak)
        task.status = Task.Status.NOT_STARTED
        self._scheduler.delay(task.name)
        self._delays.set("retry", task.name, time.monotonic() + wait)
        return True

    def _cant_run(self, names: list[str], reason: str) -> None:
        self._notes.cant_run([self.dag[name] for name in names], reason)
