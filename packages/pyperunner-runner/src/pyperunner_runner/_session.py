"""The state of one run, from its plan to its end: schedule, executor, record. ``Runner`` is the door to it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from pyperunner_dag import DAG, OutputStore, Task
from pyperunner_runner._errors import TaskKilled
from pyperunner_runner._verdicts import one_line, result_of
from pyperunner_runner._watch import Watch
from pyperunner_runner.events import TaskFinished
from pyperunner_runner.plan import Decision
from pyperunner_runner.ports import Ended, Executor, Handle, Job, Logged, Session, Started
from pyperunner_runner.scheduler import Scheduler

if TYPE_CHECKING:
    from pyperunner_runner._executors import ExecutorFactory
    from pyperunner_runner._record import Record

__all__ = ["FinishedHandle", "RunSession"]


class FinishedHandle:
    """Stands for a task that needed no process."""

    pid: int | None = None
    exitcode: int | None = 0

    def is_alive(self) -> bool:
        """``False``."""
        return False

    def join(self, timeout: float | None = None) -> None:
        """Return at once."""


class RunSession:
    """Everything that belongs to one run.

    Args:
        dag: The tasks, bound to ``store``.
        store: Where outputs are kept.
        decisions: The plan.
        new_executor: Makes the executor when the first job starts.
        new_record: Makes the run folder when the first thing happens.
        process_limit: How many jobs may run at once.
    """

    def __init__(
        self,
        dag: DAG[Task],
        store: OutputStore,
        decisions: Mapping[str, Decision],
        new_executor: ExecutorFactory,
        new_record: Callable[[], Record],
        process_limit: int,
    ) -> None:
        self.dag = dag
        self.decisions = decisions
        self._store = store
        self._process_limit = process_limit
        self._new_executor = new_executor
        self._new_record = new_record
        self._record: Record | None = None
        self._executor: Executor | None = None
        # Tasks that cost nothing go first, so that none waits behind one that runs.
        rank = {name: -1.0 for name, decision in decisions.items() if decision.action != "run"}
        self._scheduler = Scheduler({task.name: [up.name for up in dag.upstream(task)] for task in dag}, rank)
        self._attempts: dict[str, int] = {}
        self._started: dict[str, float] = {}
        self._stored_by_hand: set[str] = set()
        self._watch = Watch()

    @property
    def record(self) -> Record:
        """The run's record, begun when it is first asked for."""
        if self._record is None:
            self._record = self._new_record()
        return self._record

    @property
    def running(self) -> int:
        """How many jobs run."""
        return len(self._started)

    @property
    def has_room(self) -> bool:
        """Whether another job may start now."""
        return len(self._started) < self._process_limit

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
        decision = self._decision(task)
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
        self._note_end(task, 0, 0.0, self.decisions[task.name].reason)

    def collect(self, timeout: float | None) -> None:
        """Take in what the jobs have reported, waiting up to ``timeout`` seconds for the first of it."""
        if self._executor is None:
            return
        left = self._watch.seconds_left(time.monotonic())
        if left is not None and (timeout is None or left < timeout):
            timeout = left
        for event in self._executor.wait(timeout):
            if isinstance(event, Logged):
                self.record.task_output(event)
            elif isinstance(event, Started):
                self._watch.begin(event.task, event.pid, time.monotonic())
                reason = self._decision(self.dag[event.task]).reason
                self.record.task_started(event.task, self._attempts[event.task], event.pid, reason)
            else:
                self._take_end(event)
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
        self._note_end(task, ended.attempt if ended else 0, seconds, reason, error, ended)
        if error:
            self._note_cant_run(self._scheduler.fail(task.name), f"upstream {task.name} failed")

    def interrupt(self) -> None:
        """End every job now; what has not ended by itself counts as failed or unable to run."""
        self.close()
        for name, started in list(self._started.items()):
            error = TaskKilled(name, "stopped, because the run was interrupted")
            result = Task.TaskResult(Task.Status.FAILURE, exception=error)
            del self._started[name]
            self.conclude(self.dag[name], result, "interrupted", seconds=time.monotonic() - started)
        self._note_cant_run(self._scheduler.cancel_waiting(), "the run was interrupted")

    def close(self) -> None:
        """Free the executor; what still runs is ended."""
        if self._executor is not None:
            self._executor.close()
            self._executor = None

    def _decision(self, task: Task) -> Decision:
        if self._scheduler.remade(task.name):
            return Decision("run", "its stored output was missing or damaged")
        return self.decisions[task.name]

    def _start_job(self, task: Task, decision: Decision) -> Handle:
        if self._executor is None:
            spec = self._store.spec()
            session = Session({node.name: node for node in self.dag}, self._store, spec, self._process_limit)
            self._executor = self._new_executor(session)
        self._store_given_inputs(task)
        attempt = self._attempts.get(task.name, 0) + 1
        self._attempts[task.name] = attempt
        self._started[task.name] = time.monotonic()
        task.status = Task.Status.RUNNING
        try:
            return self._executor.start(Job(task.name, attempt, decision.reuse, {"reason": decision.reason}))
        except BlockingIOError:
            self._attempts[task.name] -= 1
            del self._started[task.name]
            task.status = Task.Status.NOT_STARTED
            self._scheduler.give_back(task.name)
            raise

    def _store_given_inputs(self, task: Task) -> None:
        for source in task.upstream:
            if source.held and source.name not in self._stored_by_hand:
                source.store_output(source.output)
                self._stored_by_hand.add(source.name)

    def _take_end(self, ended: Ended) -> None:
        task = self.dag[ended.task]
        seconds = time.monotonic() - self._started.pop(ended.task)
        if ended.outcome.kind == "inputs" and self._scheduler.remake(task.name, ended.outcome.inputs):
            task.status = Task.Status.NOT_STARTED
            lost = ", ".join(ended.outcome.inputs)
            self.record.say(f"waits: the stored output of {lost} is missing or damaged and made again", task=task.name)
            return
        hit = ended.outcome.kind == "hit"
        reason = "stored meanwhile by another run" if hit else self._decision(task).reason
        if ended.outcome.kind == "stored":
            task.release()
        self.conclude(task, result_of(task, ended), reason, ended, seconds)

    def _note_cant_run(self, names: Iterable[str], reason: str) -> None:
        for name in names:
            task = self.dag[name]
            task.status = Task.Status.CANT_RUN
            self._note_end(task, 0, 0.0, reason)

    def _note_end(
        self, task: Task, attempt: int, seconds: float, reason: str, error: str = "", ended: Ended | None = None
    ) -> None:
        event = TaskFinished(task.name, attempt, task.status.name, seconds, reason, error)
        traceback = task.result.traceback if error and task.result is not None else ""
        facts = {
            "key": task.key,
            "parts": task.key_parts(),
            "uss_peak": self._watch.end(task.name),
            "traceback": traceback or None,
        }
        self.record.code(task.fingerprint())
        self.record.task_finished(event, ended, **facts)
        if error:
            self.record.folder.log_exception(task.name, traceback or error)
