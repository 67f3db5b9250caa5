"""What tasks leave behind, and what becomes of them when the processes above them die."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Task, run
from pyperunner_runner import NoProcesses, TaskDied
from pyperunner_runner.executors.supervisor import client

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")


class Leave(Task):
    """Starts a process that outlives the task, in the task's session or in one of its own."""

    @run
    def run(self, pids, own_session):
        process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], start_new_session=own_session)
        with open(pids, "a") as file:
            file.write(f"{process.pid}\n")
        process.returncode = 0  # it is not waited for, and that is no mistake here


class KillSupervisor(Task):
    @run
    def run(self, data):
        os.kill(os.getppid(), signal.SIGKILL)
        time.sleep(60)


class Meddle(Task):
    """Does to its own process what must not touch anybody else."""

    @run
    def run(self):
        os.chdir("/")
        os.umask(0)
        os.environ["MEDDLED"] = "yes"
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        sys.stdout.close()
        return 1


class CloseEverything(Task):
    @run
    def run(self):
        os.closerange(3, 256)


def gone(pid):
    deadline = time.monotonic() + 2.0
    while Path(f"/proc/{pid}").exists():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


@pytest.mark.parametrize("own_session", [False, True])
def test_a_process_left_behind_ends_with_its_task(kit, own_session):
    pids = kit.folder / "pids"
    task = Leave(pids=str(pids), own_session=own_session)
    kit.runner().run(Pipeline("p", [task]))
    assert task.status is Task.Status.SUCCESS
    assert gone(int(pids.read_text()))


def test_a_dead_supervisor_fails_what_ran_and_the_rest_goes_on(kit):
    first = kit.task("first")
    killer = KillSupervisor()(first)
    after = kit.task("after", first)
    runner = kit.runner(process_limit=1)
    runner.run(Pipeline("p", [first]))
    assert killer.status is Task.Status.FAILURE
    assert isinstance(killer.result.exception, TaskDied)
    assert after.status is Task.Status.SUCCESS


@pytest.mark.filterwarnings("default")
def test_a_task_that_meddles_with_its_process_disturbs_nobody(kit):
    before = (Path.cwd(), signal.getsignal(signal.SIGTERM))
    meddle = Meddle()
    other = kit.task("other", meddle)
    kit.runner().run(Pipeline("p", [meddle]))
    assert other.output == 2
    assert (Path.cwd(), signal.getsignal(signal.SIGTERM)) == before
    assert "MEDDLED" not in os.environ


def test_a_task_that_closes_descriptors_which_are_not_its_own_disturbs_nobody(kit):
    """Its own messages go over one of a high number; tests/faults/test_meddling.py has one that closes that, too."""
    closing = CloseEverything()
    other = kit.task("other")
    kit.runner().run(Pipeline("p", [closing, other]))
    assert closing.status is Task.Status.SUCCESS
    assert other.status is Task.Status.SUCCESS


def test_no_descriptor_is_left_open(kit):
    runner = kit.runner()
    runner.run(kit.abc())
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(3):
        runner.run(force_reload=True)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.timeout(20)
def test_a_run_left_half_way_does_not_hold_up_another(kit):
    """Each supervisor has copies of what the process had open: the end of one must not wait for that of the other."""
    runners = [kit.runner() for _ in range(3)]
    for number, runner in enumerate(runners):
        runner.set_pipeline(Pipeline(f"p{number}", [kit.task(f"a{number}"), kit.task(f"b{number}")]))
        runner.queue_tasks()
        runner.start_task(runner.dequeue()).join()
    for number, runner in enumerate(runners):
        runner.set_pipeline(Pipeline(f"q{number}", [kit.task(f"c{number}")]))
        runner.run()
    assert kit.executed() == ["a0", "a1", "a2", "c0", "c1", "c2"]


@pytest.mark.parametrize("executor", ["process", "pool"])
def test_a_supervisor_that_cannot_begin_says_why_and_is_not_made_over_and_over(kit, monkeypatch, executor):
    """For whatever reason: something that a child needs is not there."""

    def lacking(*_):
        raise FileNotFoundError("what a child needs")

    monkeypatch.setattr(client, "ChildRuntime", lacking)
    task = kit.task("a")
    with pytest.raises(NoProcesses, match="what a child needs"):
        kit.runner(executor=executor, start_method="fork").run(Pipeline("p", [task, kit.task("b")]))
    assert task.status is Task.Status.FAILURE


@pytest.mark.parametrize("executor", ["process", "pool"])
def test_supervisors_that_end_before_they_do_anything_are_made_three_times(kit, monkeypatch, executor):
    monkeypatch.setattr(client, "ChildRuntime", lambda *_: os._exit(1))
    tasks = [kit.task(tag) for tag in "abcd"]
    with pytest.raises(NoProcesses, match="3 supervisors have ended"):
        kit.runner(executor=executor, start_method="fork", process_limit=1).run(Pipeline("p", tasks))
