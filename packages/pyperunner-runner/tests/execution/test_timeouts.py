"""Tasks that run too long or use too much are ended, with all they have started."""

from __future__ import annotations

import os
import pickle
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Task, open_store, run
from pyperunner_runner import LimitTooLow, TaskKilled, TaskOutOfMemory, TaskTimedOut
from pyperunner_runner.events import TaskWaiting
from pyperunner_runner.execution.timeouts import LimitWatch
from pyperunner_runner.execution.timers import Timers
from pyperunner_runner.ports import Started

MIB = 1 << 20


class Stubborn(Task):
    """Ignores the request to end, and so does the process it starts."""

    @run
    def run(self, pids, own_session=False, stops=False):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, start_new_session=own_session)
        child.stdout.readline()
        Path(pids).write_text(f"{os.getpid()} {child.pid}")
        if stops:
            os.kill(os.getpid(), signal.SIGSTOP)
        time.sleep(60)


class Sleep(Task):
    @run
    def run(self):
        time.sleep(60)


class Polite(Task):
    """Uses the moment it is given."""

    @run
    def run(self, file):
        def leave(*_):
            Path(file).write_text("tidied")
            sys.exit(1)

        signal.signal(signal.SIGTERM, leave)
        print("working")
        time.sleep(60)


class Grow(Task):
    @run
    def run(self, mib):
        held = bytearray(b"x") * (mib * MIB)
        time.sleep(30)
        return len(held)


def gone(pid):
    deadline = time.monotonic() + 2.0
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")
@pytest.mark.parametrize("how", [{}, {"own_session": True}, {"stops": True}])
def test_a_timeout_ends_a_task_that_will_not_end_with_what_it_started(kit, how):
    pids = kit.folder / "pids"
    task = Stubborn(pids=str(pids), **how).with_options(timeout=1.5)
    after = kit.task("after", task)
    began = time.monotonic()
    kit.runner().run(Pipeline("p", [task]))
    assert time.monotonic() - began < 20
    assert isinstance(task.result.exception, TaskTimedOut)
    assert "Stubborn(): ran longer than its timeout of 1.5 s and was ended" in str(task.result.exception)
    assert after.status is Task.Status.CANT_RUN
    assert all(gone(int(pid)) for pid in pids.read_text().split())


def test_a_timeout_gives_a_moment_to_tidy_up(kit):
    file = kit.folder / "tidied"
    task = Polite(file=str(file)).with_options(timeout=0.5)
    kit.runner().run(Pipeline("p", [task]))
    assert isinstance(task.result.exception, TaskTimedOut)
    assert file.read_text() == "tidied"
    assert "working" in task.result.traceback


def test_a_task_that_ends_in_time_is_left_alone(kit):
    task = kit.task("quick").with_options(timeout=30)
    kit.runner().run(Pipeline("p", [task]))
    assert task.status is Task.Status.SUCCESS


def test_waiting_for_another_run_does_not_count(kit):
    task = kit.task("a").with_options(timeout=0.5)
    waits = []
    store = open_store(kit.data_path)

    def hook(event):
        if isinstance(event, TaskWaiting):
            waits.append(event.waiting)
            if event.waiting:
                threading.Timer(1.2, lambda: lock.__exit__(None, None, None)).start()

    runner = kit.runner(hooks=[hook])
    runner.set_pipeline(Pipeline("p", [task]))
    store.save("other/" + "0" * 32, 1)  # makes the folder that the lock is in
    lock = store.lock(task.key)
    lock.__enter__()
    runner.run()
    assert waits == [True, False]
    assert task.status is Task.Status.SUCCESS


def test_a_timeout_can_be_retried_by_its_name(kit):
    task = Sleep().with_options(timeout=0.2, retries=1, retry_on="TaskTimedOut")
    runner = kit.runner()
    runner.run(Pipeline("p", [task]))
    assert len(runner.results().task("Sleep()").attempts) == 2


@pytest.mark.skipif(sys.platform != "linux", reason="memory of a process tree is read from /proc")
def test_a_task_over_its_memory_limit_is_killed_with_peak_and_limit(kit):
    task = Grow(mib=200).with_options(memory_limit="100 MiB")
    kit.runner().run(Pipeline("p", [task]))
    error = task.result.exception
    assert isinstance(error, TaskOutOfMemory)
    assert isinstance(error, MemoryError)
    assert error.limit == 100 * MIB
    assert error.peak > 100 * MIB
    assert "its memory_limit is 100 MiB, peak seen" in str(error)


@pytest.mark.skipif(sys.platform != "linux", reason="memory of a process tree is read from /proc")
def test_shared_pages_do_not_count(kit):
    ballast = bytearray(b"x") * (200 * MIB)
    task = kit.task("small").with_options(memory_limit="100 MiB")
    kit.runner().run(Pipeline("p", [task]))
    assert task.status is Task.Status.SUCCESS
    assert len(ballast) == 200 * MIB


def test_a_limit_below_what_a_process_needs_is_refused_before_anything_starts(kit):
    task = kit.task("a").with_options(memory_limit="1 MiB")
    with pytest.raises(LimitTooLow, match=r"Count\(a\): a memory_limit of 1 MiB is less than the 32 MiB"):
        kit.runner().run(Pipeline("p", [task]))
    assert not kit.log_path.exists()


def test_limits_in_this_process_are_warned_of(kit):
    task = kit.task("a").with_options(timeout=5)
    with pytest.warns(RuntimeWarning, match=r"timeout and memory_limit have no effect.*Count\(a\)"):
        kit.runner(executor="inline").run(Pipeline("p", [task]))
    assert task.output == 1


def test_the_clock_stands_while_a_job_waits_and_is_forgotten_at_its_end(kit):
    timers = Timers()
    limits = LimitWatch(timers)
    task = kit.task("a").with_options(timeout=5)
    limits.waits(task.name, True, 0.0)  # may be said before the job is reported as begun
    limits.begin(task, Started(task.name, os.getpid()), 1.0)
    assert timers.seconds_left(1.0) == 0.5  # the first look at its memory
    limits.waits(task.name, False, 100.0)
    assert ("timeout", "Count(a)") in timers.take_due(105.0)
    assert str(limits.out_of_time(task.name)) == str(TaskTimedOut("Count(a)", 5))
    limits.end(task.name)
    assert timers.seconds_left(0.0) is None


@pytest.mark.parametrize(
    "error", [TaskTimedOut("T()", 2.0), TaskOutOfMemory("T()", 5, 3), TaskOutOfMemory("T()", None)]
)
def test_errors_travel(error):
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), str(copy), copy.__dict__) == (type(error), str(error), error.__dict__)
    assert isinstance(copy, TaskKilled)
