"""Process trees of tasks: all of one is ended with its task, and never anybody else's."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pyperunner import Pipeline, Task, run
from pyperunner_dag import open_store
from pyperunner_runner.executors.pool import PoolExecutor
from pyperunner_runner.executors.process import ProcessExecutor
from pyperunner_runner.ports import Ended, Job, Session
from pyperunner_runner.processes import tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-S",
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)",
]


class Family(Task):
    """Starts processes of every kind, notes their numbers, and stays or leaves."""

    @run
    def run(self, pids, stays, kinds=("plain", "session", "bare session", "orphan")):
        started = [START[kind]() for kind in kinds]
        note(pids, [os.getpid(), *started])
        if stays:
            time.sleep(60)


def plain():
    return subprocess.Popen(SLEEP).pid


def session():
    return subprocess.Popen(SLEEP, start_new_session=True).pid


def bare_session():
    """In a session of its own, and without the mark in its environment."""
    return subprocess.Popen(SLEEP, start_new_session=True, env={}).pid


def orphan():
    """A child of a child that has ended, in a session of its own."""
    code = f"import subprocess; print(subprocess.Popen({SLEEP}, stdout=-3, start_new_session=True).pid)"
    return int(subprocess.run([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, check=True).stdout)


def bare_orphan():
    """An orphan that has shed session and environment."""
    code = f"import subprocess; print(subprocess.Popen({SLEEP}, stdout=-3, start_new_session=True, env={{}}).pid)"
    return int(subprocess.run([sys.executable, "-S", "-c", code], stdout=subprocess.PIPE, check=True).stdout)


def stopped():
    process = subprocess.Popen(SLEEP, start_new_session=True)
    process.send_signal(signal.SIGSTOP)
    return process.pid


def deaf():
    process = subprocess.Popen(DEAF, start_new_session=True, stdout=subprocess.PIPE)
    process.stdout.readline()
    return process.pid


START = {
    "plain": plain,
    "session": session,
    "bare session": bare_session,
    "orphan": orphan,
    "bare orphan": bare_orphan,
    "stopped": stopped,
    "deaf": deaf,
}


class StopsItself(Task):
    @run
    def run(self, pids):
        note(pids, [os.getpid()])
        os.kill(os.getpid(), signal.SIGSTOP)


class InC(Task):
    """Ignores SIGTERM, in a call that does not return to Python."""

    @run
    def run(self, pids):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        note(pids, [os.getpid()])
        ctypes.CDLL(None).sleep(60)


def note(path, pids):
    Path(f"{path}.new").write_text(" ".join(map(str, pids)))
    Path(f"{path}.new").rename(path)


def noted(path):
    return [int(word) for word in path.read_text().split()]


class Driver:
    """An executor with one task in it."""

    def __init__(self, executor, task, folder):
        store = open_store(folder / "store")
        task.bind(store)
        self.task = task
        self.executor = executor(Session({task.name: task}, store, store.spec(), 1))
        self.executor.start(Job(task.name))

    def noted(self, path):
        """What the task has noted; meanwhile the executor is listened to."""
        deadline = time.monotonic() + 20
        while not path.exists():
            assert time.monotonic() < deadline, "the task did not begin"
            self.executor.wait(0.01)
        return noted(path)

    def end(self, seconds=5.0):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for event in self.executor.wait(0.1):
                if isinstance(event, Ended):
                    return event
        raise TimeoutError("the job did not end")


@pytest.fixture(params=[ProcessExecutor, PoolExecutor])
def drive(request, tmp_path):
    drivers = []

    def drive(task):
        drivers.append(Driver(request.param, task, tmp_path))
        return drivers[-1]

    yield drive
    for driver in drivers:
        driver.executor.close()


@pytest.fixture
def stranger():
    with subprocess.Popen(SLEEP, start_new_session=True, env={**os.environ, "PYPERUNNER_TASK": "1.2:Family()"}) as one:
        yield one.pid
        assert one.poll() is None
        one.kill()


ALL = ["plain", "session", "bare session", "orphan", "bare orphan", "stopped"]


@pytest.mark.parametrize("kinds", [ALL, *(pytest.param([kind], marks=pytest.mark.long) for kind in ALL)])
def test_what_a_task_leaves_ends_with_it(kit, quick_runner, gone, stranger, kinds):
    pids = kit.folder / "pids"
    task = Family(pids=str(pids), stays=False, kinds=kinds)
    quick_runner.run(Pipeline("p", [task]), raise_on_failure=True)
    _, *left = noted(pids)
    assert len(left) == len(kinds)
    assert all(map(gone, left))


@pytest.mark.parametrize("kill", [False, True])
def test_a_stop_reaches_the_whole_tree(drive, gone, stranger, tmp_path, kill):
    driver = drive(Family(pids=str(tmp_path / "pids"), stays=True, kinds=ALL))
    pids = driver.noted(tmp_path / "pids")
    driver.executor.stop("Family()", kill=kill)
    ended = driver.end()
    assert (ended.outcome.kind, ended.exit.code) == ("lost", -9 if kill else -15)
    assert all(map(gone, pids))


@pytest.mark.parametrize("kind", [StopsItself, InC])
def test_a_stopped_or_deaf_task_ends_when_it_is_killed(drive, gone, tmp_path, kind):
    driver = drive(kind(pids=str(tmp_path / "pids")))
    (pid,) = driver.noted(tmp_path / "pids")
    time.sleep(0.05)
    driver.executor.stop(f"{kind.__name__}()")
    if kind is InC:
        with pytest.raises(TimeoutError):
            driver.end(0.3)
        driver.executor.stop(f"{kind.__name__}()", kill=True)
    assert driver.end(2.0).exit.code == (-9 if kind is InC else -15)
    assert gone(pid)


def test_a_deaf_descendant_ends_with_its_task(drive, gone, tmp_path):
    """SIGTERM ends the task; what ignores it is killed when the task is over."""
    driver = drive(Family(pids=str(tmp_path / "pids"), stays=True, kinds=["deaf"]))
    _, deaf = driver.noted(tmp_path / "pids")
    driver.executor.stop("Family()")
    assert driver.end(2.0).exit.code == -15
    assert gone(deaf)


def test_stopping_what_is_over_is_no_error(drive, tmp_path):
    driver = drive(Family(pids=str(tmp_path / "pids"), stays=False, kinds=[]))
    assert driver.end().outcome.kind == "stored"
    driver.executor.stop("Family()")
    driver.executor.stop("Family()", kill=True)
    driver.executor.stop("Stranger()")


@pytest.mark.root
def test_a_number_that_has_passed_to_a_stranger_is_not_signalled():
    """The number of a descendant that has ended is given to somebody else between the look and the signal."""
    last = Path("/proc/sys/kernel/ns_last_pid")
    try:
        last.write_text(last.read_text())
    except OSError:
        pytest.skip("needs the right to choose process numbers")
    with subprocess.Popen(SLEEP) as child:
        number = child.pid
        child.kill()
    for _ in range(200):
        last.write_text(str(number - 1))
        with subprocess.Popen([sys.executable, "-S", "-c", f"import subprocess; subprocess.run({SLEEP})"]) as other:
            try:
                if other.pid == number:
                    assert not tree.send(number, signal.SIGKILL, {1, number - 1})
                    time.sleep(0.05)
                    assert other.poll() is None
                    return
            finally:
                tree.signal_tree(other.pid, signal.SIGKILL)
    pytest.skip("the number did not come round: other processes start at the same time")


@pytest.mark.parametrize("error", [psutil.NoSuchProcess(1), OSError(5)])
def test_psutil_may_fail_anywhere(kit, monkeypatch, error):
    """Every question to psutil raises; the task, watched for longer than it takes to ask, ends as it should."""

    def fail(*_args, **_options):
        raise error

    for name in ("memory_full_info", "memory_info", "children", "ppid", "environ", "create_time", "status"):
        monkeypatch.setattr(psutil.Process, name, fail)
    monkeypatch.setattr("pyperunner_runner.execution.memory._SAMPLE_SECONDS", 0.01)
    task = Family(pids=str(kit.folder / "pids"), stays=False, kinds=["session", "orphan"])
    slow = InSleep(seconds=0.2)
    kit.runner().run(Pipeline("p", [task, slow]), raise_on_failure=True)
    assert not any(psutil.pid_exists(pid) for pid in noted(kit.folder / "pids")[1:])


class InSleep(Task):
    @run
    def run(self, seconds):
        time.sleep(seconds)


def test_without_proc_psutil_serves(monkeypatch, gone):
    """What serves macOS: children and signals through psutil."""
    monkeypatch.setattr(tree, "_lists_children", lambda: False)
    code = f"import subprocess; subprocess.run({SLEEP}, start_new_session=True)"
    with subprocess.Popen([sys.executable, "-S", "-c", code], start_new_session=True) as top:
        deadline = time.monotonic() + 10
        while not (below := tree.descendants(top.pid)):
            assert time.monotonic() < deadline
        assert not tree.send(below[0], signal.SIGKILL, {1})
        tree.signal_tree(top.pid, signal.SIGKILL)
    assert all(map(gone, below))


def test_a_dead_supervisor_leaves_nothing(kit, gone, stranger):
    """The supervisor is killed: its tasks die with it, and what they had started elsewhere is found by its mark."""
    pids = kit.folder / "pids"
    task = KillsSupervisor(pids=str(pids))
    kit.runner().run(Pipeline("p", [task]))
    assert task.status is Task.Status.FAILURE
    assert all(map(gone, noted(pids)))


class KillsSupervisor(Task):
    @run
    def run(self, pids):
        note(pids, [os.getpid(), session(), orphan()])
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)
