"""Conformance suite for executors whose jobs run on other machines; a worker on this machine does for all of it.

Example::

    class TestMyExecutor(RemoteExecutorContract):
        def make_executor(self, session):
            return MyExecutor(session)
"""

from __future__ import annotations

import os
import signal
import socket
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from pyperunner_dag import Secret
from pyperunner_runner.errors import TaskNotPortable
from pyperunner_runner.execution.outcomes import result_of
from pyperunner_runner.ports import Ended, Event, Executor, Job, Logged, Started
from pyperunner_runner.testing.executor_contract import ExecutorContract
from pyperunner_runner.testing.tasks import Add, Grow, Reveal, Sleep

if TYPE_CHECKING:
    from pyperunner_dag import Task

__all__ = ["RemoteExecutorContract"]

_DEADLINE = 30.0


def agent_of(pid: int) -> psutil.Process:
    """Return the agent that a process of this machine belongs to; what lies between the two are copies of it."""
    return [each for each in psutil.Process(pid).parents() if "pyperunner_runner.remote" in each.cmdline()][-1]


class RemoteExecutorContract(ExecutorContract):
    """What every executor of remote jobs guarantees, besides what every executor does."""

    host = socket.gethostname()
    """The machine that jobs run on in this suite."""

    def lose_worker(self, executor: Executor, pid: int) -> None:
        """Let whatever carries out the job of process ``pid`` be gone at once, as ``kill -9`` does.

        The default looks for the agent among the processes above that one.
        """
        agent_of(pid).send_signal(signal.SIGKILL)

    def run_one(self, tasks: dict[str, Task], task: Task, *, seconds: float = _DEADLINE) -> list[Event]:
        """Return the events of a task that the session has besides the others."""
        task.bind(next(iter(tasks.values())).store)
        executor = self.make_executor(self.session({**tasks, task.name: task}))
        try:
            executor.start(Job(task.name))
            return self.events(executor)
        finally:
            executor.close()

    def begin(self, executor: Executor, name: str) -> Started:
        """Start a job and return the event of its beginning."""
        executor.start(Job(name))
        deadline = time.monotonic() + _DEADLINE
        while time.monotonic() < deadline:
            for event in executor.wait(1.0):
                if isinstance(event, Started):
                    return event
        raise AssertionError(f"{name} did not begin")

    def test_events_name_the_machine(self, executor: Executor) -> None:
        """A number of a process belongs to a machine: the beginning, the lines and the end say to which."""
        executor.start(Job("Talk()"))
        events = self.events(executor)
        hosts = {event.host for event in events if isinstance(event, (Started, Logged)) and event.task == "Talk()"}
        assert hosts == {self.host}
        assert [event.exit.host for event in events if isinstance(event, Ended)] == [self.host]

    def test_a_timeout_is_enforced_there(self, tasks: dict[str, Task]) -> None:
        """Nobody here looks at the clock: who carries the job out ends it, and says why."""
        slow = Sleep("limited", seconds=_DEADLINE).with_options(timeout=0.3)
        ended = self.run_one(tasks, slow)[-1]
        assert isinstance(ended, Ended)
        assert ended.outcome.failure is not None
        assert ended.outcome.failure.type == "TaskTimedOut"
        assert "timeout of 0.3 s" in ended.outcome.failure.message
        assert isinstance(result_of(slow, ended).exception, TimeoutError)

    def test_a_memory_limit_is_enforced_there(self, tasks: dict[str, Task]) -> None:
        """Nor does anybody here look at the memory of a process with that number."""
        ended = self.run_one(tasks, Grow(size=200 << 20).with_options(memory_limit="64 MiB"))[-1]
        assert isinstance(ended, Ended)
        assert ended.outcome.failure is not None
        assert ended.outcome.failure.type == "TaskOutOfMemory"
        assert ended.exit.uss_peak is not None
        assert ended.exit.uss_peak > 64 << 20

    def test_a_lost_worker_is_told_apart(self, executor: Executor) -> None:
        """A job that is lost with its worker ends once, as lost, and nothing of it runs on."""
        begun = self.begin(executor, "Sleep(long)")
        self.lose_worker(executor, begun.pid)
        (ended,) = [event for event in self.events(executor) if isinstance(event, Ended)]
        assert ended.outcome.kind == "lost"
        assert ended.exit.lost
        deadline = time.monotonic() + 5
        while psutil.pid_exists(begun.pid) and psutil.Process(begun.pid).status() != psutil.STATUS_ZOMBIE:
            assert time.monotonic() < deadline, "the task of a lost agent runs on"
            time.sleep(0.02)

    def test_what_was_stored_is_not_lost(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """A worker that is lost after the output of a job was stored has carried it out."""
        store, key = tasks["Sleep(short)"].store, tasks["Sleep(short)"].key
        assert store is not None
        begun = self.begin(executor, "Sleep(short)")
        deadline = time.monotonic() + _DEADLINE
        agent = agent_of(begun.pid)
        while store.missing([key]):
            assert time.monotonic() < deadline
            time.sleep(0.001)
        agent.send_signal(signal.SIGKILL)
        (ended,) = [event for event in self.events(executor) if isinstance(event, Ended)]
        assert ended.outcome.kind == "stored"
        assert ended.outcome.digest == store.meta(key)["digest"]

    def test_no_stranger_is_stopped(self, executor: Executor) -> None:
        """A stop goes to the job, not to a process of this machine that has the same number."""
        bystander = os.fork()
        if bystander == 0:
            time.sleep(_DEADLINE)
            os._exit(0)
        try:
            handle = executor.start(Job("Sleep(long)"))
            assert handle.pid is not None
            handle.process = bystander  # type: ignore[attr-defined]
            executor.stop("Sleep(long)", kill=True)
            self.events(executor)
            assert os.waitpid(bystander, os.WNOHANG) == (0, 0)
        finally:
            os.kill(bystander, signal.SIGKILL)
            os.waitpid(bystander, 0)

    def test_a_secret_goes_by_its_name(
        self, tasks: dict[str, Task], monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
    ) -> None:
        """One that has a value and no name is not sent: nothing is started, and the error says which."""
        with pytest.raises(TaskNotPortable, match=r"params\['password'\]"):
            self.run_one(tasks, Reveal(password=Secret("only here")))

    def test_a_new_task_needs_no_new_agent(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """Code, class and inputs of a task that came later travel with its job."""
        later = Add("even later", amount=5)
        later.bind(tasks["Add(first)"].store)
        assert self.execute(executor, Job(later.name, detached=later.detached())).outcome.kind == "stored"
        assert later.load_output() == 5
