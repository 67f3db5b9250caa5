"""Remote executor: gives jobs to agents on workers that come and go, and reports what becomes of them.

What carries bytes to an agent and back is the business of ``Workers``; subclass this with one of your own, and you have
an executor.
"""

from __future__ import annotations

import secrets
import select
import time
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pyperunner_dag import task_of
from pyperunner_dag.ports import SupportsDelete
from pyperunner_runner.child.messages import FrameBuffer
from pyperunner_runner.child.messages import pack as frame
from pyperunner_runner.errors import ELSEWHERE
from pyperunner_runner.executors.supervisor.transport import PackedJob, pack_job
from pyperunner_runner.job_events import Ended, Event, Exit, Failure, Logged, Outcome, Started
from pyperunner_runner.planning.resources import Pool, impossible
from pyperunner_runner.ports import Handle, Job, JobHandle, Session
from pyperunner_runner.remote.devices import Devices, devices_in
from pyperunner_runner.remote.errors import WorkersUnfit
from pyperunner_runner.remote.facts import differences, facts, remarks
from pyperunner_runner.remote.messages import (
    Begin,
    Finish,
    Finished,
    Hello,
    Ready,
    Refused,
    Reports,
    StartJob,
    StopJob,
)
from pyperunner_runner.remote.packing import pack
from pyperunner_runner.remote.workers import Joined, Left, News, SupportsDemand, Workers

if TYPE_CHECKING:
    from pyperunner_dag import Task

__all__ = ["RemoteExecutor"]

_BEGIN_SECONDS = 120.0  # for those that were there from the beginning to say whether they can
_END_SECONDS = 5.0  # for agents to say that nothing of theirs runs any more


@dataclass
class _Agent:
    worker: str
    slots: int
    resources: Pool
    capacity: Mapping[str, float]
    devices: Devices
    host: str = ""
    ready: bool = False
    jobs: dict[str, _RemoteJob] = field(default_factory=dict)
    frames: FrameBuffer = field(default_factory=lambda: FrameBuffer(from_tasks=True))


@dataclass
class _RemoteJob:
    job: Job
    packed: PackedJob
    handle: JobHandle
    wants: Mapping[str, float]
    upstream: Sequence[str]
    agent: _Agent | None = None


class RemoteExecutor:
    """Executes jobs on workers.

    Args:
        session: The run's tasks and store.
        workers: Where they are carried out.
        executor: Name of the executor that an agent has: ``process`` or ``pool``.
        lease: Seconds without a word from this process after which an agent ends everything.
        prefer_upstream: Whether a task goes where its inputs were made, if there is room.

    Raises:
        StoreNotShareable: No other process could open the store.
        TaskNotPortable: A task can't be pickled.
        WorkersUnfit: Workers lack what the tasks need.
    """

    places_resources = True

    def __init__(
        self,
        session: Session,
        workers: Workers,
        *,
        executor: str = "process",
        lease: float = 10.0,
        prefer_upstream: bool = False,
    ) -> None:
        self._session, self._workers = session, workers
        self._growing = workers if isinstance(workers, SupportsDemand) else None
        self._kind, self._lease, self._prefers = executor, lease, prefer_upstream
        self._here = facts()
        self._agents: dict[str, _Agent] = {}
        self._jobs: dict[str, _RemoteJob] = {}
        self._queue: deque[_RemoteJob] = deque()
        self._events: deque[Event] = deque()
        self._unfit: dict[str, tuple[str, ...]] = {}
        self._made_on: dict[str, str] = {}
        self._said, self._closed = "", False
        self._probe: tuple[str, str] | tuple[()] = ()
        try:
            self._probe = self._put_probe()
            self._packed = pack(session, probe=self._probe)
            self._gather()
        except BaseException:
            self.close()
            raise

    # -- the port --------------------------------------------------------------------------------------------------

    @property
    def slots(self) -> int:
        """How many jobs it takes at once, those that wait for a worker included; never 0, so that one waits."""
        ahead = 2 if self._kind == "pool" else 1
        there = sum(agent.slots * ahead for agent in self._agents.values() if agent.ready)
        limit = self._session.process_limit if self._session.limit_is_chosen else there
        return max(1, min(there, limit))

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        task, job = self._session.task_of(job), replace(job, id=job.id or secrets.token_hex(16))
        upstream = _makers(task) if self._prefers else ()
        bare = replace(job, meta={**job.meta, "job": job.id})
        running = _RemoteJob(
            job,
            pack_job(bare, ELSEWHERE, self._session.tasks),
            JobHandle(self.pump),
            {name: n for name, n in task.options.resources.items() if name not in self._session.resources},
            upstream,
        )
        self._jobs[job.task] = running
        self._queue.append(running)
        self._hand_out()
        return running.handle

    def wait(self, timeout: float | None = None) -> list[Event]:
        """See ``Executor.wait``."""
        if not self._events and self._jobs:
            self.pump(timeout)
        events = list(self._events)
        self._events.clear()
        return events

    def pump(self, timeout: float | None) -> None:
        """Take in what has come from the workers, waiting up to ``timeout`` seconds for the first of it."""
        for news in self._workers.take(timeout, self._session.wake):
            self._take(news)
        self._hand_out()

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``."""
        running = self._jobs.get(task)
        if running is None:
            return
        if running.agent is not None:
            self._tell(running.agent, StopJob(running.job.id, kill))
            return
        self._queue.remove(running)
        stopped = Failure("TaskKilled", "stopped before a worker had room for it")
        self._end(running, Outcome("failed", failure=stopped), Exit())

    def close(self) -> None:
        """See ``Executor.close``."""
        if self._closed:
            return
        self._closed = True
        try:
            for agent in self._agents.values():
                self._tell(agent, Finish())
            deadline = time.monotonic() + _END_SECONDS
            while self._agents and (left := deadline - time.monotonic()) > 0:
                for news in self._workers.take(left):
                    self._take(news)
        except ConnectionError:  # the cluster is gone; its agents end by themselves
            pass
        finally:
            self._workers.close()
            self._jobs.clear()
            self._queue.clear()
            if self._probe and isinstance(self._session.store, SupportsDelete):
                with suppress(OSError):
                    self._session.store.delete(self._probe[0])

    # -- the beginning ---------------------------------------------------------------------------------------------

    def _put_probe(self) -> tuple[str, str] | tuple[()]:
        """Put a text into the store by which workers see that theirs is the same."""
        if self._session.store_spec is None or not isinstance(self._session.store, SupportsDelete):
            return ()
        key, text = f"pyperunner-handshake/{secrets.token_hex(16)}", secrets.token_hex(8)
        try:
            self._session.store.save(key, text)
        except OSError:  # it takes nothing just now, of which the run has its own opinion
            return ()
        return key, text

    def _gather(self) -> None:
        """Hear from those that are there from the beginning whether they can carry out the tasks.

        Raises:
            WorkersUnfit: Some can't.
        """
        deadline = time.monotonic() + _BEGIN_SECONDS
        timeout = 0.0
        while True:
            for news in self._workers.take(timeout, self._session.wake):
                self._take(news)
            pending = any(not agent.ready for agent in self._agents.values())
            if not pending or time.monotonic() > deadline or self._is_woken():
                break
            timeout = 1.0
        if self._unfit:
            raise WorkersUnfit(self._unfit)

    def _is_woken(self) -> bool:
        wake = self._session.wake
        return wake is not None and bool(select.select([wake], [], [], 0)[0])

    # -- news ------------------------------------------------------------------------------------------------------

    def _take(self, news: News) -> None:
        if isinstance(news, Joined):
            capacity = dict(news.resources)
            devices = Devices(devices_in(capacity))
            self._agents[news.worker] = _Agent(news.worker, news.slots, Pool(capacity), capacity, devices)
            return
        agent = self._agents.get(news.worker)
        if agent is None:
            return
        if isinstance(news, Left):
            self._lose(agent, news.why)
        else:
            for message in agent.frames.feed(news.data):
                self._hear(agent, message)

    def _hear(self, agent: _Agent, message: Any) -> None:
        if isinstance(message, Reports):
            for of, event in message.events:
                self._report(agent, of, event)
        elif isinstance(message, Hello):
            self._greet(agent, message.facts)
        elif isinstance(message, Ready):
            agent.ready = True
            self._remark(agent, message.notes)
        elif isinstance(message, Refused):
            self._refuse(agent, tuple(message.problems))
        elif isinstance(message, Finished):
            self._lose(agent, message.why or "its agent has ended")

    def _greet(self, agent: _Agent, there: Mapping[str, Any]) -> None:
        agent.host = str(there.get("host", ""))
        problems = tuple(differences(self._here, there))
        if problems:
            self._refuse(agent, problems)
            return
        self._remark(agent, list(remarks(self._here, there)))
        self._tell(agent, Begin(self._packed, agent.slots, self._kind, self._lease, agent.capacity))

    def _refuse(self, agent: _Agent, problems: tuple[str, ...]) -> None:
        del self._agents[agent.worker]
        self._workers.drop(agent.worker)
        self._unfit[self._name(agent)] = problems
        for problem in problems:
            self._say("WARNING", f"{self._name(agent)} is not used: {problem}")

    def _remark(self, agent: _Agent, said: Sequence[str]) -> None:
        for text in said:
            self._say("WARNING", f"{self._name(agent)}: {text}")

    def _report(self, agent: _Agent, of: str, event: Event) -> None:
        running = agent.jobs.get(of)
        if running is None:
            if isinstance(event, Logged) and event.task == "-":
                self._events.append(event)
            return
        if isinstance(event, Ended):
            self._end(running, event.outcome, event.exit)
            return
        if isinstance(event, Started):
            running.handle.process = event.pid
        self._events.append(event)

    def _end(self, running: _RemoteJob, outcome: Outcome, end: Exit) -> None:
        del self._jobs[running.job.task]
        if running.agent is not None:
            running.agent.jobs.pop(running.job.id, None)
            running.agent.resources.release(running.job.id)
            running.agent.devices.release(running.job.id)
            if outcome.kind == "stored":
                self._made_on[running.job.task] = running.agent.worker
        running.handle.exit = end
        self._events.append(Ended(running.job.task, running.job.attempt, outcome, end))

    def _lose(self, agent: _Agent, why: str) -> None:
        """An agent is gone: what its jobs have stored is stored, the rest is lost."""
        del self._agents[agent.worker]
        if self._closed:
            return
        if not agent.ready and not agent.jobs:
            self._say("WARNING", f"{self._name(agent)} is not used: {why}")
            return
        self._say("WARNING", f"{self._name(agent)} is lost: {why}")
        for running in list(agent.jobs.values()):
            self._lose_job(running, agent, why)

    def _lose_job(self, running: _RemoteJob, agent: _Agent, why: str) -> None:
        stored = self._stored(running.job)
        if stored is not None:
            self._end(running, stored, Exit(0, host=agent.host))
        else:
            lost = f"lost with its worker {self._name(agent)}: {why}"
            self._end(running, Outcome("lost"), Exit(host=agent.host, lost=lost))

    def _stored(self, job: Job) -> Outcome | None:
        """Return what a job came to that had stored its output before it was lost."""
        task, store = self._session.task_of(job), self._session.store
        try:
            meta = store.meta(task.key)
            if meta.get("job") != job.id or store.missing(task.entry_keys):
                return None
        except (KeyError, OSError):
            return None
        return Outcome("stored", digest=meta["digest"], size=meta["size"], seconds=meta.get("seconds"))

    # -- handing out -----------------------------------------------------------------------------------------------

    def _hand_out(self) -> None:
        """Give waiting jobs to agents that have room and what they ask for, in their order."""
        for running in list(self._queue):
            agent = self._agent_for(running)
            if agent is not None:
                self._queue.remove(running)
                running.agent = agent
                agent.jobs[running.job.id] = running
                agent.resources.take(running.job.id, Pool.demand(running.wants))
                devices = agent.devices.take(running.job.id, devices_in(running.wants))
                self._tell(agent, StartJob(running.packed, devices))
        if self._queue:
            self._say_why_waiting()
        if self._growing is not None:
            wanted = len(self._jobs) + self._session.startable()
            self._growing.want(min(wanted, self._session.process_limit) if self._session.limit_is_chosen else wanted)

    def _agent_for(self, running: _RemoteJob) -> _Agent | None:
        room = [agent for agent in self._agents.values() if agent.ready and self._fits(agent, running)]
        if not room:
            return None
        made = Counter(map(self._made_on.get, running.upstream))
        return min(room, key=lambda agent: (-made[agent.worker], len(agent.jobs) / agent.slots))

    def _fits(self, agent: _Agent, running: _RemoteJob) -> bool:
        most = agent.slots * 2 if self._kind == "pool" and not running.wants else agent.slots
        if len(agent.jobs) >= most or not agent.resources.fits(Pool.demand(running.wants)):
            return False
        return agent.devices.fits(devices_in(running.wants))

    def _say_why_waiting(self) -> None:
        """Say once what a job waits for, where nothing that is there now can ever carry it out."""
        first = self._queue[0]
        able = [a for a in self._agents.values() if not a.ready or not impossible(first.wants, a.capacity)]
        if able:
            self._said = ""
        else:
            asked = ", ".join(f"{name}={amount:g}" for name, amount in first.wants.items())
            what = f" with {asked}" if asked else " that can carry out its tasks" if self._agents else ""
            text = f"{first.job.task} waits: there is no worker{what}"
            if text != self._said:
                self._said = text
                self._say("WARNING", text)

    # -- small things ----------------------------------------------------------------------------------------------

    def _tell(self, agent: _Agent, message: object) -> None:
        self._workers.send(agent.worker, frame(message))

    def _name(self, agent: _Agent) -> str:
        return f"{agent.worker} on {agent.host}" if agent.host else agent.worker

    def _say(self, level: str, text: str) -> None:
        self._events.append(Logged("-", None, "runner", level, text, time.time()))


def _makers(task: Task) -> Sequence[str]:
    """Return the names of the tasks that have made what a task gets."""
    tasks = map(task_of, task.sources)
    return [name for each in tasks for name, _ in getattr(each, "entries", None) or [(each.name, "")]]
