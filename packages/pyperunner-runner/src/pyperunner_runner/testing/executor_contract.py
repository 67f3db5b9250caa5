"""Conformance suite for executors: subclass ``ExecutorContract`` in a test module of your own and let pytest run it.

Example::

    class TestMyExecutor(ExecutorContract):
        def make_executor(self, session):
            return MyExecutor(session)
"""

from __future__ import annotations

import os
import shutil
import signal
import time
from typing import TYPE_CHECKING, Any

import psutil
import pytest

from pyperunner_dag import open_store
from pyperunner_runner.ports import Ended, Event, Executor, Job, Logged, Session, StandIn, Started, Waiting
from pyperunner_runner.testing.tasks import Add, Fail, Family, Meddle, Read, Sleep, Talk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pyperunner_dag import Task

__all__ = ["ExecutorContract"]

_DEADLINE = 30.0


class ExecutorContract:
    """What every executor guarantees. Override ``make_executor``, and the class attributes where they don't fit."""

    isolates = True
    """Whether each job has a process of its own, so that nothing a task does can end the run."""

    audits = True
    """Whether it looks at which files a task reads."""

    def make_executor(self, session: Session) -> Executor:
        """Return the executor under test."""
        raise NotImplementedError

    @pytest.fixture
    def tasks(self, tmp_path: Path) -> dict[str, Task]:
        """Tasks of several kinds, bound to a store on disk."""
        store = open_store(tmp_path / "data")
        first = Add("first", amount=1)
        tasks: list[Task] = [first, Add("second", amount=10)(first), Talk(), Sleep("long", seconds=_DEADLINE)]
        tasks += [Sleep("short", seconds=0.05), Family(note=str(tmp_path / "note")), Meddle("1"), Meddle("2")]
        tasks += [Fail(how, how=how) for how in ("raise", "sys.exit", "os._exit", "segfault", "kill")]
        for task in tasks:
            task.bind(store)
        return {task.name: task for task in tasks}

    @pytest.fixture
    def executor(self, tasks: dict[str, Task]) -> Iterator[Executor]:
        """The executor under test, closed afterwards."""
        executor = self.make_executor(self.session(tasks))
        yield executor
        executor.close()

    def session(self, tasks: dict[str, Task], wake: int | None = None) -> Session:
        """Return the session that an executor gets."""
        store = next(iter(tasks.values())).store
        assert store is not None
        return Session(tasks, store, store.spec(), 4, wake=wake)

    def events(self, executor: Executor, jobs: int = 1) -> list[Event]:
        """Return all events until ``jobs`` jobs have ended."""
        events: list[Event] = []
        deadline = time.monotonic() + _DEADLINE
        while sum(isinstance(event, Ended) for event in events) < jobs:
            assert time.monotonic() < deadline, f"jobs did not end; so far: {events}"
            events += executor.wait(1.0)
        return events

    def execute(self, executor: Executor, job: Job) -> Ended:
        """Start a job and return how it ended."""
        executor.start(job)
        (ended,) = [event for event in self.events(executor) if isinstance(event, Ended)]
        assert ended.task == job.task
        return ended

    def test_satisfies_the_protocol(self, executor: Executor) -> None:
        """It has the port's members."""
        assert isinstance(executor, Executor)

    def test_output_is_stored_and_described(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """A job that returns leaves its output in the store and says how large it is."""
        ended = self.execute(executor, Job("Add(first)", attempt=3, meta={"note": "kept"}))
        assert (ended.outcome.kind, ended.attempt, ended.exit.code) == ("stored", 3, 0), ended.outcome.failure
        assert ended.outcome.size is not None
        assert ended.outcome.size > 0
        task = tasks["Add(first)"]
        assert task.load_output() == 1
        assert task.store is not None
        assert task.store.meta(task.key)["note"] == "kept"
        assert task.store.meta(task.key)["digest"] == ended.outcome.digest

    def test_events_come_in_order_and_the_end_once(self, executor: Executor) -> None:
        """Each of several jobs is reported to begin, then to end, and nothing comes after that."""
        names = ["Add(first)", "Fail(raise)", "Sleep(short)", "Fail(sys.exit)"]
        for name in names:
            executor.start(Job(name))
        events = self.events(executor, len(names))
        events += executor.wait(0)
        for name in names:
            own = [type(event) for event in events if event.task == name and not isinstance(event, Logged)]
            assert own == [Started, Ended], name
        assert executor.wait(None) == []

    def test_a_job_may_bring_its_task(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """A task that came to exist after the session began travels with its job, inputs, key and all."""
        self.execute(executor, Job("Add(first)"))
        later = Add("later", amount=100)(tasks["Add(first)"])
        later.bind(tasks["Add(first)"].store)
        ended = self.execute(executor, Job(later.name, detached=later.detached()))
        assert ended.outcome.kind == "stored", ended.outcome.failure
        assert later.load_output() == 101

    def test_a_canonical_digest_is_stored_when_asked_for(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """With ``canonical`` equal outputs can be recognised by their meta, whatever their bytes."""
        for name, canonical in (("Add(first)", False), ("Sleep(short)", True)):
            self.execute(executor, Job(name, canonical=canonical))
            store = tasks[name].store
            assert store is not None
            assert ("canonical" in store.meta(tasks[name].key)) is canonical

    def test_undeclared_reads_are_reported_or_refused(
        self, tasks: dict[str, Task], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A file that a task reads without declaring it is named with ``warn``, and the task fails with ``error``."""
        if not self.audits:
            pytest.skip("this executor does not look at what tasks read")
        monkeypatch.chdir(tmp_path)  # what counts lies below the folder that the run began in
        (tmp_path / "note.txt").write_text("hello", encoding="utf-8")
        read = Read(path=str(tmp_path / "note.txt"))
        read.bind(next(iter(tasks.values())).store)
        executor = self.make_executor(self.session({**tasks, read.name: read}))
        try:
            warned, failed = (self.execute(executor, Job(read.name, audit=how)).outcome for how in ("warn", "error"))
            silent = self.execute(executor, Job(read.name, audit="off")).outcome
        finally:
            executor.close()
        assert (warned.kind, list(warned.undeclared)) == ("stored", [os.path.realpath(tmp_path / "note.txt")])
        assert failed.failure is not None
        assert failed.failure.type == "UndeclaredInputError"
        assert (silent.kind, list(silent.undeclared)) == ("stored", [])

    def test_starting_and_stopping_do_not_wait(self, executor: Executor) -> None:
        """``start`` returns while its job runs, ``stop`` before it has ended."""
        self._needs_isolation()
        began = time.monotonic()
        handle = executor.start(Job("Sleep(long)"))
        assert handle.pid is not None
        executor.stop("Sleep(long)")
        executor.stop("Sleep(long)", kill=True)
        assert time.monotonic() - began < _DEADLINE / 2
        self.events(executor)

    def test_inputs_come_from_the_store(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """A job reads the outputs of its upstream tasks by itself."""
        self.execute(executor, Job("Add(first)"))
        assert self.execute(executor, Job("Add(second)")).outcome.kind == "stored"
        assert tasks["Add(second)"].load_output() == 11

    def test_missing_inputs_are_named(self, executor: Executor) -> None:
        """A job whose inputs are gone says which, so that they can be made again."""
        outcome = self.execute(executor, Job("Add(second)")).outcome
        assert (outcome.kind, list(outcome.inputs)) == ("inputs", ["Add(first)"])

    def test_an_entry_may_stand_for_running(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """With ``reuse`` a stored entry is a hit; without, the task runs."""
        tasks["Add(first)"].store_output(99)
        assert self.execute(executor, Job("Add(first)", reuse=True)).outcome.kind == "hit"
        assert tasks["Add(first)"].load_output() == 99
        assert self.execute(executor, Job("Add(first)")).outcome.kind == "stored"
        assert tasks["Add(first)"].load_output() == 1

    def test_what_the_store_does_not_take_is_kept(
        self, executor: Executor, tasks: dict[str, Task], tmp_path: Path
    ) -> None:
        """An output that the run's store refuses is in the job's stand-in, and why; jobs that follow find it."""
        shutil.rmtree(tmp_path / "data", ignore_errors=True)
        (tmp_path / "data").write_text("here can be no store", encoding="utf-8")
        kept = {"url": str(tmp_path / "kept")}
        first = self.execute(executor, Job("Add(first)", stand_in=StandIn(kept))).outcome
        assert first.kind == "stored", first.failure
        assert first.unsaved
        following = StandIn(kept, holds=("Add(first)",), why=first.unsaved)
        second = self.execute(executor, Job("Add(second)", stand_in=following)).outcome
        assert (second.kind, second.unsaved) == ("stored", first.unsaved)
        assert open_store(tmp_path / "kept").load(tasks["Add(second)"].key) == 11

    def test_an_exception_is_described(self, executor: Executor) -> None:
        """A raised exception arrives with type, text and a traceback that begins in the task."""
        ended = self.execute(executor, Job("Fail(raise)"))
        failure = ended.outcome.failure
        assert ended.outcome.kind == "failed"
        assert ended.exit.code != 0
        assert failure is not None
        assert (failure.type, failure.message) == ("ValueError", "the reason")
        assert 'raise ValueError("the reason")' in failure.traceback
        assert failure.pickled is not None

    def test_exit_is_a_failure(self, executor: Executor) -> None:
        """``sys.exit(0)`` is not success."""
        failure = self.execute(executor, Job("Fail(sys.exit)")).outcome.failure
        assert failure is not None
        assert "sys.exit(0)" in failure.message

    @pytest.mark.parametrize(("how", "code"), [("os._exit", 0), ("segfault", -signal.SIGSEGV), ("kill", -9)])
    def test_a_process_that_dies_is_noticed(self, executor: Executor, how: str, code: int) -> None:
        """However a process ends without a result, the job is lost, at once, and its siblings go on."""
        self._needs_isolation()
        executor.start(Job("Sleep(short)"))
        executor.start(Job(f"Fail({how})"))
        ends = {event.task: event for event in self.events(executor, 2) if isinstance(event, Ended)}
        lost = ends[f"Fail({how})"]
        assert (lost.outcome.kind, lost.exit.code) == ("lost", code)
        assert ends["Sleep(short)"].outcome.kind == "stored"

    def test_output_is_captured_before_the_end(self, executor: Executor) -> None:
        """What a task, its C code or its subprocesses print arrives line by line, in order, invalid bytes escaped."""
        self._needs_isolation()
        executor.start(Job("Talk()"))
        events = self.events(executor)
        said = [
            (event.stream, line) for event in events if isinstance(event, Logged) for line in event.text.split("\n")
        ]
        printed = [line for stream, line in said if stream == "stdout"]
        assert printed == ["from print", "from a subprocess", "begun and ended", "no line end"]
        assert [line for stream, line in said if stream != "stdout"] == ["bytes \\xff"]
        assert isinstance(events[0], Started)
        assert isinstance(events[-1], Ended)

    def test_handle_shows_the_process(self, executor: Executor) -> None:
        """The handle has the main members of a process object."""
        handle = executor.start(Job("Sleep(short)"))
        assert handle.pid is not None
        if self.isolates:
            assert handle.pid != os.getpid()
            assert handle.is_alive()
            assert handle.exitcode is None
        handle.join(_DEADLINE)
        assert (handle.is_alive(), handle.exitcode) == (False, 0)
        assert [event.outcome.kind for event in executor.wait(0) if isinstance(event, Ended)] == ["stored"]

    def test_waiting_returns_at_once_without_jobs(self, executor: Executor) -> None:
        """There is nothing to wait for when nothing runs."""
        assert executor.wait(None) == []

    def test_waiting_ends_after_its_time(self, executor: Executor) -> None:
        """Without events the list is empty."""
        self._needs_isolation()
        handle = executor.start(Job("Sleep(long)"))
        assert handle.pid is not None
        executor.wait(0)
        assert executor.wait(0.01) == []

    def test_a_wake_up_call_ends_waiting(self, tasks: dict[str, Task]) -> None:
        """Waiting ends when the session's ``wake`` can be read, whatever the jobs do."""
        self._needs_isolation()
        listening, calling = os.pipe()
        executor = self.make_executor(self.session(tasks, listening))
        try:
            assert executor.start(Job("Sleep(long)")).pid is not None
            os.write(calling, b"x")
            began = time.monotonic()
            executor.wait(_DEADLINE)
            executor.wait(_DEADLINE)
            assert time.monotonic() - began < _DEADLINE / 2
            assert os.read(listening, 2) == b"x", "what is in the session's wake is the runner's to read"
        finally:
            executor.close()
            os.close(listening)
            os.close(calling)

    def test_waiting_for_another_run_is_reported(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """A job that finds the lock of its output taken says so, and says when it goes on."""
        self._needs_isolation()
        task = tasks["Add(first)"]
        with task.store.lock(task.key):  # type: ignore[union-attr]
            executor.start(Job(task.name))
            events: list[Event] = []
            deadline = time.monotonic() + _DEADLINE
            while Waiting(task.name, True) not in events:
                assert time.monotonic() < deadline, f"nothing was said of waiting: {events}"
                events += executor.wait(1.0)
        events += self.events(executor)
        assert Waiting(task.name, False) in events
        assert isinstance(events[-1], Ended)

    @pytest.mark.parametrize(("kill", "number"), [(False, 15), (True, 9)])
    def test_stopping_ends_a_job(self, executor: Executor, kill: bool, number: int) -> None:
        """A job that is stopped ends by the signal."""
        self._needs_isolation()
        assert executor.start(Job("Sleep(long)")).pid is not None
        executor.stop("Sleep(long)", kill=kill)
        (ended,) = [event for event in self.events(executor) if isinstance(event, Ended)]
        assert (ended.outcome.kind, ended.exit.code) == ("lost", -number)

    @pytest.mark.parametrize("how", ["stop", "kill", "close"])
    def test_the_whole_process_tree_ends(self, executor: Executor, tmp_path: Path, how: str) -> None:
        """What a job has started ends with it, in whatever session it is."""
        self._needs_isolation()
        note = tmp_path / "note"
        executor.start(Job("Family()"))
        deadline = time.monotonic() + _DEADLINE
        while not note.exists():
            assert time.monotonic() < deadline, "the job did not begin"
            executor.wait(0.05)
        if how == "close":
            executor.close()
        else:
            executor.stop("Family()", kill=how == "kill")
            self.events(executor)
        _assert_gone(*map(int, note.read_text(encoding="utf-8").split()))

    def test_stopping_what_does_not_run_is_no_error(self, executor: Executor) -> None:
        """A job may end just before it is stopped."""
        self.execute(executor, Job("Add(first)"))
        executor.stop("Add(first)")
        executor.stop("Add(first)", kill=True)
        assert self.execute(executor, Job("Add(first)")).outcome.kind == "stored"

    def test_a_job_finds_what_the_first_one_found(self, executor: Executor, tasks: dict[str, Task]) -> None:
        """Folder, umask and environment are not those that another job has left."""
        self._needs_isolation()
        for name in ("Meddle(1)", "Meddle(2)"):
            assert self.execute(executor, Job(name)).outcome.kind == "stored"
        assert tasks["Meddle(1)"].load_output() == tasks["Meddle(2)"].load_output()

    def test_closing_leaves_no_process(self, executor: Executor) -> None:
        """What runs when the executor is closed is ended."""
        self._needs_isolation()
        pid: Any = executor.start(Job("Sleep(long)")).pid
        executor.close()
        _assert_gone(pid)
        executor.close()

    def _needs_isolation(self) -> None:
        if not self.isolates:
            pytest.skip("this executor gives jobs no process of their own")


def _assert_gone(*pids: int) -> None:
    deadline = time.monotonic() + 1.0
    while left := [pid for pid in pids if _exists(pid)]:
        assert time.monotonic() < deadline, f"processes {left} are still there"
        time.sleep(0.01)


def _exists(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
