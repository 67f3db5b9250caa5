"""The state of one run, from its plan to its end: schedule, jobs, record. ``Runner`` is the door to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from pyperunner_dag import DAG, OutputStore, Task
from pyperunner_runner._errors import TaskKilled
from pyperunner_runner._jobs import FinishedHandle, Jobs
from pyperunner_runner._notes import Notes
from pyperunner_runner._verdicts import one_line, result_of
from pyperunner_runner._watch import Watch
from pyperunner_runner.plan import Decision
from pyperunner_runner.ports import Ended, Event, Executor, Handle, Logged, Session, Started, Waiting

if TYPE_CHECKING:
    from pyperunner_runner._record import Record
    from pyperunner_runner._settings import RunSettings
    from pyperunner_runner.scheduler import Scheduler

__all__ = ["RunSession"]


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
        self._jobs = Jobs(self._open_executor)
        self._scheduler = scheduler
        self._stored_by_hand: set[str] = set()
        self._watch = Watch()

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
        return len(self._jobs) < self._settings.process_limit

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
        left = self._watch.seconds_left(time.monotonic())
        if left is not None and (timeout is None or left < timeout):
            timeout = left
        for event in self._jobs.wait(timeout):
            self._take(event)
        self._watch.sample(time.monotonic(), time.monotonic)

    def conclude(
        self, task: Task, result: Task.TaskResult, reason: str, ended: Ended | None = None, seconds: float = 0.0
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
        uss_peak = self._watch.end(task.name)
        self._notes.end(task, reason, seconds=seconds, error=error, ended=ended, uss_peak=uss_peak)
        if error:
            self._cant_run(self._scheduler.fail(task.name), f"upstream {task.name} failed")

    def interrupt(self) -> None:
        """End every job now; what has not ended by itself counts as failed or unable to run."""
        self.close()
        for job in self._jobs:
            error = TaskKilled(job.task.name, "stopped, because the run was interrupted")
            result = Task.TaskResult(Task.Status.FAILURE, exception=error)
            self._jobs.take(job.task.name)
            self.conclude(job.task, result, "interrupted", seconds=job.seconds)
        self._cant_run(self._scheduler.cancel_waiting(), "the run was interrupted")

    def close(self) -> None:
        """Free the executor; what still runs is ended."""
        self._jobs.close()

    def _open_executor(self) -> Executor:
        tasks = {node.name: node for node in self.dag}
        for name, decision in self.decisions.items():
            if decision.action == "run":
                # Made ready here, once for all tasks of the same code, and not in every child.
                _ = tasks[name].fingerprint().packed
        return self._settings.new_executor(
            Session(
                tasks,
                self._store,
                self._store.spec(),
                self._settings.process_limit,
                start_method=self._settings.start_method,
            )
        )

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
            return self._jobs.start(task, decision)
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
            self._watch.begin(event.task, event.pid, time.monotonic())
            attempt = self._jobs[event.task].attempt
            self.record.task_started(event.task, attempt, event.pid, self.decisions[event.task].reason)
        elif isinstance(event, Waiting):
            self.record.task_waiting(event.task, event.waiting)
        else:
            self._take_end(event)

    def _take_end(self, ended: Ended) -> None:
        task = self.dag[ended.task]
        seconds = self._jobs.take(ended.task).seconds
        if ended.outcome.kind == "inputs" and self._scheduler.remake(task.name, ended.outcome.inputs):
            task.status = Task.Status.NOT_STARTED
            lost = ", ".join(ended.outcome.inputs)
            self.record.say(f"waits: the stored output of {lost} is missing or damaged and made again", task=task.name)
            return
        hit = ended.outcome.kind == "hit"
        reason = "stored meanwhile by another run" if hit else self.decisions[task.name].reason
        if ended.outcome.kind == "stored":
            task.release()
        self.conclude(task, result_of(task, ended), reason, ended, seconds)

    def _cant_run(self, names: list[str], reason: str) -> None:
        self._notes.cant_run([self.dag[name] for name in names], reason)
