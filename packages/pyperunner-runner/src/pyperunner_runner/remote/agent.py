"""Agent: carries out jobs on a machine that is not the runner's, with an executor as it is there, and reports.

It is a fresh interpreter with one thread. Limits of tasks are enforced here, so that they hold where nobody can reach
it; and when nothing is heard of the runner for the length of a lease, everything that runs here is ended.
"""

from __future__ import annotations

import os
import select
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyperunner_dag.secret import known_secrets
from pyperunner_runner.child.failures import describe_failure
from pyperunner_runner.child.messages import FrameBuffer, pack
from pyperunner_runner.errors import TaskKilled
from pyperunner_runner.execution.timeouts import LimitWatch
from pyperunner_runner.execution.timers import Kind, Timers
from pyperunner_runner.executors.no_room import NO_ROOM_SECONDS
from pyperunner_runner.executors.registry import find_executor
from pyperunner_runner.executors.supervisor.start_methods import start_method_beside
from pyperunner_runner.job_events import Ended, Event, Exit, Logged, Outcome, Started, Waiting
from pyperunner_runner.ports import Executor, Job, Session
from pyperunner_runner.remote.devices import lacking_devices, variables
from pyperunner_runner.remote.facts import facts
from pyperunner_runner.remote.messages import (
    Begin,
    Finish,
    Finished,
    Hello,
    KeepAlive,
    Ready,
    Refused,
    Reports,
    StartJob,
    StopJob,
)
from pyperunner_runner.remote.packing import unpack
from pyperunner_runner.remote.readiness import enter, problems_of
from pyperunner_text.masking import Masking

if TYPE_CHECKING:
    from pyperunner_dag import Task
    from pyperunner_runner.executors.supervisor.transport import PackedJob
    from pyperunner_runner.remote.channel import Channel
    from pyperunner_runner.remote.packing import PackedSession

__all__ = ["serve"]

_PATIENCE_SECONDS = 60.0  # for the runner's first word
_NO_ROOM_PAUSE = 0.05


def serve(channel: Channel) -> None:
    """Carry out what comes over a channel, until it ends, or a ``Finish`` comes, or a lease runs out.

    Args:
        channel: To the runner; it must be somebody who may run code here.
    """
    agent = _Agent(channel)
    why = ""
    try:
        agent.serve()
    except OSError:  # the channel is gone; nobody hears of anything any more
        return
    except Exception as error:  # such as NoProcesses
        why = f"{type(error).__name__}: {error}"
    finally:
        agent.close()
    try:
        channel.send(pack(Finished(why)))
    except OSError:
        return


@dataclass
class _Running:
    job: Job
    task: Task
    cause: TaskKilled | None = None


class _Agent:
    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self._frames = FrameBuffer()
        self._host = str(facts()["host"])
        self._session: PackedSession | None = None
        self._executor: Executor | None = None
        self._running: dict[str, _Running] = {}
        self._waiting: deque[Job] = deque()
        self._no_room_since: float | None = None
        self._timers = Timers()
        self._limits = LimitWatch(self._timers)
        self._masking: Masking | None = None
        self._lease = _PATIENCE_SECONDS
        self._heard = time.monotonic()
        self._done = False

    # -- the loop --------------------------------------------------------------------------------------------------

    def serve(self) -> None:
        self._send(Hello(facts()))
        while not self._done:
            timeout = self._seconds_left(time.monotonic())
            if self._executor is not None and self._running:
                self._report(self._executor.wait(timeout))
            else:
                select.select([self._channel], [], [], timeout)
            while not self._done and select.select([self._channel], [], [], 0)[0]:
                self._receive()
            now = time.monotonic()
            for kind, name in self._timers.take_due(now):
                self._ring(kind, name, now)
            self._start_waiting()
            if now - self._heard > self._lease:
                return

    def close(self) -> None:
        if self._executor is not None:
            self._executor.close()
            self._executor = None

    def _seconds_left(self, now: float) -> float:
        left = max(0.0, self._heard + self._lease - now) + 0.001
        due = self._timers.seconds_left(now)
        left = left if due is None else min(left, due)
        return min(left, _NO_ROOM_PAUSE) if self._waiting else left

    def _send(self, message: object) -> None:
        self._channel.send(pack(message))

    # -- what the runner says --------------------------------------------------------------------------------------

    def _receive(self) -> None:
        data = self._channel.receive()
        if not data:
            self._done = True
            return
        self._heard = time.monotonic()
        for message in self._frames.feed(data):
            self._obey(message)

    def _obey(self, message: object) -> None:
        if isinstance(message, StartJob):
            self._take_job(message.packed, message.devices)
        elif isinstance(message, StopJob):
            self._stop(message.job, kill=message.kill)
        elif isinstance(message, KeepAlive):
            self._send(message)
        elif isinstance(message, Begin):
            self._begin(message)
        elif isinstance(message, Finish):
            self._done = True

    def _begin(self, begin: Begin) -> None:
        self._lease = begin.lease
        session = unpack(begin.packed)
        enter(session)
        store, problems, said = problems_of(session)
        problems += lacking_devices(begin.resources, os.environ)
        if problems or store is None:
            self._send(Refused(problems))
            return
        self._session = session
        secrets = known_secrets()
        self._masking = Masking(secrets) if secrets else None
        new_executor = find_executor(begin.executor)
        self._executor = new_executor(
            Session(
                tasks=session.tasks,
                store=store,
                store_spec=session.spec,
                process_limit=begin.slots,
                start_method=start_method_beside(store, session.start_method),
                wake=self._channel.fileno(),
                preload=tuple(session.preload),
            )
        )
        self._heard = time.monotonic()  # loading it all may have taken longer than a lease
        self._send(Ready(said))

    # -- jobs ------------------------------------------------------------------------------------------------------

    def _take_job(self, packed: PackedJob, devices: Sequence[int]) -> None:
        if self._session is None:
            return
        job = replace(packed.job, env=tuple(variables(devices, os.environ).items()))
        try:
            task = packed.task_of(self._session.tasks)
        except Exception as error:
            self._end_unbegun(job, error)
            return
        if packed.pickled is not None:
            job = replace(job, detached=task)
        self._running[job.task] = _Running(job, task)
        self._waiting.append(job)
        self._start_waiting()

    def _start_waiting(self) -> None:
        while self._waiting and self._executor is not None:
            job = self._waiting[0]
            try:
                self._executor.start(job)
            except BlockingIOError as error:
                now = time.monotonic()
                self._no_room_since = self._no_room_since or now
                if len(self._running) > len(self._waiting) or now - self._no_room_since < NO_ROOM_SECONDS:
                    return
                self._end_unbegun(job, error)
            except Exception as error:
                self._end_unbegun(job, error)
            else:
                self._no_room_since = None
            self._waiting.popleft()

    def _end_unbegun(self, job: Job, error: BaseException) -> None:
        self._running.pop(job.task, None)
        failed = Outcome("failed", failure=describe_failure(job.task, error))
        self._send(Reports([(job.id, Ended(job.task, job.attempt, failed, Exit(host=self._host)))]))

    def _stop(self, of: str, *, kill: bool) -> None:
        for running in list(self._running.values()):
            if running.job.id == of and running.job in self._waiting:
                self._waiting.remove(running.job)
                self._end_unbegun(running.job, TaskKilled(running.job.task, "stopped before it began"))
            elif running.job.id == of and self._executor is not None:
                self._executor.stop(running.job.task, kill=kill)

    # -- what happens here -----------------------------------------------------------------------------------------

    def _report(self, events: Sequence[Event]) -> None:
        if events:
            self._send(Reports([self._from_here(event) for event in events]))

    def _from_here(self, event: Event) -> tuple[str, Event]:
        running = self._running.get(event.task)
        of = running.job.id if running is not None else ""
        if isinstance(event, Started) and running is not None:
            self._limits.begin(running.task, event, time.monotonic())
            event = replace(event, host=self._host)
        elif isinstance(event, Logged):
            text = event.text if self._masking is None else self._masking.text(event.text)
            event = replace(event, host=self._host, text=text)
        elif isinstance(event, Waiting):
            self._limits.waits(event.task, event.waiting, time.monotonic())
        elif isinstance(event, Ended) and running is not None:
            event = self._ended(running, event)
        return of, event

    def _ended(self, running: _Running, ended: Ended) -> Ended:
        name = ended.task
        del self._running[name]
        self._timers.cancel("kill", name)
        peak = self._limits.end(name)
        outcome = ended.outcome
        if running.cause is not None and outcome.kind not in ("stored", "hit"):
            failure = describe_failure(name, running.cause)
            if outcome.failure is not None:
                failure = replace(failure, traceback=outcome.failure.traceback)
            outcome = Outcome("failed", failure=failure)
        return replace(ended, outcome=outcome, exit=replace(ended.exit, host=self._host, uss_peak=peak))

    # -- limits ----------------------------------------------------------------------------------------------------

    def _ring(self, kind: Kind, name: str, now: float) -> None:
        if self._executor is None or self._session is None:
            return
        if kind == "timeout" and name in self._running:
            self._running[name].cause = self._running[name].cause or self._limits.out_of_time(name)
            self._timers.set("kill", name, now + self._session.grace)
            self._executor.stop(name)
        elif kind == "kill" and name in self._running:
            self._executor.stop(name, kill=True)
        elif kind == "sample":
            for error in self._limits.out_of_memory(now):
                self._running[error.task].cause = self._running[error.task].cause or error
                self._executor.stop(error.task, kill=True)
