"""Run: one run of a pipeline, from its plan to its end, on one loop. ``Runner`` is the door to it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from pyperunner_dag import ConditionError, MapError, Task
from pyperunner_runner.errors import TaskKilled
from pyperunner_runner.events import TaskRetried
from pyperunner_runner.execution.graph.drawing import Drawing
from pyperunner_runner.execution.graph.mapped_tasks import MappedTasks, make_ready
from pyperunner_runner.execution.jobs import Jobs, RunningJob, nothing_started
from pyperunner_runner.execution.outcomes import failure_of, result_of, summarize
from pyperunner_runner.execution.retries import Retries
from pyperunner_runner.execution.sharing.limits import SharedLimits
from pyperunner_runner.execution.stand_in import new_stand_in
from pyperunner_runner.execution.timeouts import LimitWatch
from pyperunner_runner.execution.timers import Kind, Timers
from pyperunner_runner.executors.no_room import Shortage
from pyperunner_runner.planning.reasons_to_run import Decision
from pyperunner_runner.ports import Displayed, Ended, Event, Executor, Handle, Logged, Started, Waiting
from pyperunner_runner.provenance.ephemeral_outputs import EphemeralOutputs

if TYPE_CHECKING:
    from pyperunner_runner.execution.recorder import RunRecorder
    from pyperunner_runner.execution.signals import Signals
    from pyperunner_runner.planning.planner import PlannedRun
    from pyperunner_runner.planning.settings import RunSettings
    from pyperunner_runner.ports import Failure
    from pyperunner_runner.scheduler import Scheduler

__all__ = ["Run"]

_INTERRUPTED = "the run was interrupted"
_TICK_SECONDS = 0.1
_NO_ROOM_SECONDS = 0.05  # pause when the system has no room for another process and none of ours is about to end


class Run:
    """Everything that belongs to one run. ``drive`` takes it to its end; the other methods are the steps to it.

    Args:
        planned: What to do; its tasks are made ready for it, and bound to its store.
        settings: How to do it.
        scheduler: Says what may start.
        new_recorder: Makes the run folder, when the first thing happens.
    """

    def __init__(
        self,
        planned: PlannedRun,
        settings: RunSettings,
        scheduler: Scheduler,
        new_recorder: Callable[[], RunRecorder],
    ) -> None:
        self.planned = planned
        self._decisions = dict(planned.decisions)
        self._settings = settings
        self._scheduler = scheduler
        self._new_recorder = new_recorder
        self._jobs = Jobs(self._open_executor, settings, lambda: self.recorder.folder.path, lambda: scheduler.startable)
        self._timers = Timers()
        self._limits = LimitWatch(self._timers)
        self._retries = Retries()
        self._signals: Signals | None = None
        self._cancelled = ""
        self._shortage = Shortage(lambda text: self.recorder.warn(text))
        self._shared = SharedLimits(settings.shared, settings.resources, self._timers, lambda: self.recorder)
        self.stand_in = new_stand_in(planned, settings, lambda text: self.recorder.warn(text))
        make_ready(planned.dag, planned.store)
        self._mapped = MappedTasks(planned, self._decisions, scheduler)
        self._ephemeral = EphemeralOutputs(planned.dag, planned.store, lambda text: self.recorder.warn(text))

    @cached_property
    def recorder(self) -> RunRecorder:
        """What writes the run's record, which is begun when it is first asked for."""
        return self._new_recorder()

    @property
    def finished(self) -> bool:
        """Whether every task has ended."""
        return self._scheduler.finished

    # -- the whole way ---------------------------------------------------------------------------------------------

    def drive(self, signals: Signals) -> None:
        """Take the run to its end and complete its record, whatever happens.

        Args:
            signals: Those that end it: the first gives jobs a moment to end by themselves, the second none.
        """
        drawing = Drawing(self.planned.graph)
        began, interrupted = time.monotonic(), True
        try:
            self.recorder.run_started(self.planned, drawing.layout)
            self._loop(signals)
            interrupted = bool(signals.received)
        except KeyboardInterrupt:
            if not signals.received:
                raise
        finally:
            self.abort()
            self._scheduler.let_go()  # the picture of very many tasks takes as much
            statuses = {task.name: task.status.name for task in self.planned.dag}
            self.recorder.run_finished(statuses, time.monotonic() - began, interrupted, drawing.pieces(statuses))

    def _loop(self, signals: Signals) -> None:
        """Start what is ready and has room, wait for what happens, until every task has ended."""
        self._signals = signals
        self._check_signals(signals)
        self._timers.set("tick", "", time.monotonic())
        while not self.finished:
            pause = None
            try:
                with self.recorder.together():
                    while self._jobs.have_room and (task := self.next_task()) is not None:
                        self.start(task)
                self._shortage.end()
            except BlockingIOError as error:
                self._shortage.go_on(error, time.monotonic(), may_end=bool(self._jobs))
                pause = _NO_ROOM_SECONDS
            self.collect(pause)
            self._check_signals(signals)

    def _check_signals(self, signals: Signals) -> None:
        """Let a signal that has come end the run; to be called again after every wait."""
        signals.forget_calls()
        if signals.received:
            self._cancel(_INTERRUPTED, kill=len(signals.received) > 1)

    # -- the steps -------------------------------------------------------------------------------------------------

    def next_task(self) -> Task | None:
        """Hand out a task whose upstream tasks are all settled; ``None`` if there is none just now."""
        name = self._scheduler.next_ready()
        return None if name is None else self.planned.dag[name]

    def start(self, task: Task) -> Handle:
        """Do what the plan says for a task: start a job, count a hit as done, or pass it over.

        Raises:
            BlockingIOError: No process can be made just now; the task is ready again.
        """
        try:
            if task.mapping is not None:
                return self._start_mapped(task)
            decision = self._decide(task)
        except (ConditionError, MapError, KeyError) as error:
            why = "mapped over what is no list" if isinstance(error, MapError) else "what decides it can't be taken"
            self.finish_task(task, Task.TaskResult(Task.Status.FAILURE, exception=error), why)
            return nothing_started()
        if decision.action == "skip":
            self.skip(task)
        elif decision.action == "load":
            self.finish_task(task, Task.TaskResult(Task.Status.SUCCESS, load=task.load_output), decision.reason)
        else:
            return self._start_job(task, decision)
        return nothing_started()

    def _start_mapped(self, task: Task) -> Handle:
        """Let a mapped task grow; or end it, when all its elements have ended."""
        if self._mapped.is_unknown(task) and self._mapped.is_passed_over(task):
            self.skip(task)
        elif self._mapped.is_unknown(task):
            make_ready(fresh := self._mapped.grow(task), self.planned.store)
            self._ephemeral.add(fresh)
        elif lacking := self._mapped.lacking(task):
            self._cant_run([task.name], f"{len(lacking)} of {len(task.elements or ())} elements have no output")
            self._cant_run(self._scheduler.fail_gather(task.name), f"upstream {task.name} is incomplete")
        elif (decision := self._decisions[task.name]).action == "skip":
            self.skip(task)
        else:
            self.finish_task(task, Task.TaskResult(Task.Status.SUCCESS, load=task.load_output), decision.reason)
        return nothing_started()

    def skip(self, task: Task) -> None:
        """Pass a task over."""
        task.status = Task.Status.SKIPPED
        self._scheduler.skip(task.name)
        self.recorder.task_finished(task, self._decisions[task.name].reason)

    def collect(self, timeout: float | None) -> None:
        """Take in what the jobs have reported, waiting up to ``timeout`` seconds for the first of it."""
        left = self._timers.seconds_left(time.monotonic())
        if left is not None:
            timeout = left if timeout is None else min(left, timeout)
        if self._jobs:
            for event in self._jobs.wait(timeout):
                self._take(event)
        elif timeout:  # a signal ends it
            (time.sleep if self._signals is None else self._signals.pause)(timeout)
        now = time.monotonic()
        for kind, name in self._timers.take_due(now):
            self._ring(kind, name, now)
        if self.finished:
            self.close()

    def finish_task(
        self,
        task: Task,
        result: Task.TaskResult,
        reason: str,
        ended: Ended | None = None,
        seconds: float = 0.0,
        uss_peak: int | None = None,
        failure: Failure | None = None,
    ) -> None:
        """Give a task its result and status, record it, and let those that follow know.

        Args:
            task: The task.
            result: What it came to.
            reason: Why it ran, or did not.
            ended: How its job ended, if it had one.
            seconds: Wall time from start to end.
            uss_peak: Most memory of its own that it was seen to use, in bytes.
            failure: What there is to say of it if it failed; without it, what its exception says.
        """
        task.result = result
        task.status = result.status
        error = ""
        if result.status is Task.Status.SUCCESS:
            self._scheduler.succeed(task.name)
        elif result.status is Task.Status.SKIPPED:
            self._scheduler.skip(task.name)
        else:
            error = summarize(task.name, failure or failure_of(task, result))
        self.recorder.task_finished(task, reason, error=error, seconds=seconds, ended=ended, uss_peak=uss_peak)
        if error:
            self._cant_run(self._scheduler.fail(task.name), f"upstream {task.name} failed")
            if self._settings.fail_fast:
                self._cancel(f"{task.name} failed and fail_fast is set")

    def abort(self) -> None:
        """End every job now, without hearing of it any more; what had not ended counts as failed or unable to run."""
        self.close()
        why = self._cancelled or _INTERRUPTED
        for job in self._jobs:
            error = job.cause or TaskKilled(job.task.name, f"ended, because {why}")
            self._let_go(job.task.name)
            self.finish_task(job.task, Task.TaskResult(Task.Status.FAILURE, exception=error), why, seconds=job.seconds)
        self._cant_run(self._scheduler.cancel_waiting(), why)

    def close(self) -> None:
        """Free the executor; what still runs is ended. Remove the outputs that are not kept."""
        self._jobs.close()
        self._ephemeral.remove()
        self.stand_in.close()
        self._shared.close()

    # -- starting --------------------------------------------------------------------------------------------------

    def _decide(self, task: Task) -> Decision:
        """Return what is to be done with a task that is ready, and remember it."""
        decision = self._mapped.decide(task) or self._decisions[task.name]
        if self._scheduler.remade(task.name):
            decision = Decision("run", "its stored output could not be loaded")
        elif decision.action == "run" and self._settings.early_cutoff and not decision.always:
            decision = self._mapped.find_equal_output(task) or decision
        self._decisions[task.name] = decision
        return decision

    def _start_job(self, task: Task, decision: Decision) -> Handle:
        if not self._shared.take(task):
            self._scheduler.delay(task.name)
            return nothing_started()
        self.stand_in.save_given(task)
        self.recorder.folder.flush()  # an executor may carry the job out at once
        task.status = Task.Status.RUNNING
        try:
            meta = {**self._ephemeral.meta(task), **self._mapped.meta(task)}
            return self._jobs.start(task, decision, meta, self.stand_in.of(task), sent=self._mapped.is_sent(task))
        except BlockingIOError:
            task.status = Task.Status.NOT_STARTED
            self._shared.release(task.name)
            self._scheduler.give_back(task.name)
            raise

    def _open_executor(self) -> Executor:
        """Return the executor of this run, whose first job is about to start."""
        from pyperunner_runner.execution.graph.session import open_executor

        self._ephemeral.begin()
        how = (self._settings, self._signals, self._decisions, self.recorder.warn)
        return open_executor(self.planned, *how, lambda: self._scheduler.startable)

    # -- taking in -------------------------------------------------------------------------------------------------

    def _take(self, event: Event) -> None:
        if isinstance(event, (Logged, Displayed)):
            self.recorder.task_output(event)
        elif isinstance(event, Started):
            job = self._jobs[event.task]
            job.started = time.monotonic()
            self._limits.begin(job.task, event, job.started)
            self.recorder.task_started(event, job.attempt, self._decisions[event.task].reason)
        elif isinstance(event, Waiting):
            self._limits.waits(event.task, event.waiting, time.monotonic())
            self.recorder.task_waiting(event.task, event.waiting)
        else:
            self._take_end(event)

    def _take_end(self, ended: Ended) -> None:
        job, seen = self._let_go(ended.task)
        task, seconds, uss_peak = job.task, job.seconds, seen or ended.exit.uss_peak
        ended = self.stand_in.take(task, ended)
        if ended.outcome.kind == "inputs" and not job.cause and self._scheduler.remake(task.name, ended.outcome.inputs):
            task.status = Task.Status.NOT_STARTED
            lost = ", ".join(ended.outcome.inputs)
            self.recorder.say(f"waits: the stored output of {lost} could not be loaded and is made again", task.name)
            return
        again = self._scheduler.may_remake(ended.outcome.inputs)
        result = result_of(task, ended, job.cause, uss_peak, made_again=again)
        failure = failure_of(task, result, ended, job.cause) if result.status is Task.Status.FAILURE else None
        if failure is not None and self._try_again(job, failure, result.traceback, ended, uss_peak):
            return
        hit = ended.outcome.kind == "hit" and not self._decisions[task.name].always
        reason = "stored meanwhile by another run" if hit else self._decisions[task.name].reason
        if ended.outcome.kind == "stored":
            task.release()
        self.finish_task(task, result, reason, ended, seconds, uss_peak, failure)

    def _let_go(self, name: str) -> tuple[RunningJob, int | None]:
        """Return a job that is over, and the most memory of its own that it was seen to use, in bytes."""
        self._timers.cancel("kill", name)
        self._shared.release(name)
        return self._jobs.take(name), self._limits.end(name)

    def _try_again(self, job: RunningJob, failure: Failure, traceback: str, ended: Ended, uss_peak: int | None) -> bool:
        """Put a failed task off until its next attempt; ``False`` if it has none left."""
        task = job.task
        wait = self._retries.next_wait(task.name, task.options, failure.bases, lost=bool(ended.exit.lost))
        if wait is None or self._cancelled or ended.exit.left:  # that holds what another attempt would wait for
            return False
        event = TaskRetried(task.name, job.attempt, job.seconds, summarize(task.name, failure), wait)
        self.recorder.task_retried(event, traceback, ended, uss_peak)
        task.status = Task.Status.NOT_STARTED
        self._scheduler.delay(task.name)
        self._timers.set("retry", task.name, time.monotonic() + wait)
        return True

    def _ring(self, kind: Kind, name: str, now: float) -> None:
        """Do what a timer that is due stands for."""
        if kind == "timeout":
            self._stop(self._jobs[name], self._limits.out_of_time(name), kill=False)
        elif kind == "kill":
            self._jobs.kill(name)
        elif kind == "retry":
            self._scheduler.resume(name)
        elif kind == "shared":
            for waiting in self._shared.again():
                self._scheduler.resume(waiting)
        elif kind == "sample":
            for error in self._limits.out_of_memory(now):
                self._stop(self._jobs[error.task], error, kill=True)
        elif self.recorder.ticking:
            self.recorder.tick(now)
            self._timers.set("tick", "", now + _TICK_SECONDS)

    # -- ending ----------------------------------------------------------------------------------------------------

    def _stop(self, job: RunningJob, cause: TaskKilled, *, kill: bool) -> None:
        """End a job that was not asked to before.

        Args:
            job: The job.
            cause: Why; the job's error, unless there was another cause already or its output is stored meanwhile.
            kill: End it at once, whether or not it was asked; else it is asked, and has a moment.
        """
        name = job.task.name
        if kill:
            self._timers.cancel("kill", name)
        elif job.cause is None:
            self._timers.set("kill", name, time.monotonic() + self._settings.grace)
        else:
            return
        self._jobs.stop(name, cause, kill=kill)

    def _cancel(self, why: str, *, kill: bool = False) -> None:
        """Start nothing more and end what runs; it is over when it is finished.

        Args:
            why: The reason, in words.
            kill: End jobs at once, instead of asking them to end first.
        """
        if not self._cancelled:
            self._cancelled = why
            self._cant_run(self._scheduler.cancel_waiting(), why)
        for job in self._jobs:
            self._stop(job, TaskKilled(job.task.name, f"ended, because {why}"), kill=kill)

    def _cant_run(self, names: list[str], reason: str) -> None:
        for name in names:
            task = self.planned.dag[name]
            task.status = Task.Status.CANT_RUN
            self.recorder.task_finished(task, reason)
