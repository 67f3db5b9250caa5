"""Whatever dies: workers, agents, the scheduler, the runner. Clusters are started as from a shell, and for real."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pyperunner_dag import Pipeline, task
from pyperunner_runner import Runner
from pyperunner_runner.remote import ClusterLost


@task("Wait")
def wait(until):
    with open(f"{until}.begun", "a", encoding="utf-8") as begun:
        print(os.getpid(), file=begun, flush=True)
    deadline = time.monotonic() + 40
    while not Path(until).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return "waited"


@task("Talk")
def talk(lines):
    for number in range(lines):
        print("line", number)
    return lines


@task("Add")
def add(data, n=1):
    time.sleep(0.02)
    return sum(data) + n


def make_runner(tmp_path, address, **how):
    options = {"address": address, "lease": how.pop("lease", 10.0)}
    return Runner(tmp_path / "data", tmp_path / "log", executor="dask", executor_options=options, **how)


def on_start(act, of="Wait()"):
    """Return a hook that is called with the number of the attempt when a task has begun."""
    return lambda event: act(event) if type(event).__name__ == "TaskStarted" and event.task == of else None


def worker_of(pid):
    """Return the process of the Dask worker above a task's process."""
    return next(each for each in psutil.Process(pid).parents() if "distributed.cli.dask_worker" in each.cmdline())


def is_gone(pid):
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def wait_until(condition, seconds=20.0):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_killed_worker_costs_only_what_ran_there(cluster, tmp_path):
    cluster.add("first", threads=1)
    cluster.wait_for_worker("first")
    begun = []

    def act(event):
        begun.append(event.pid)
        if event.attempt == 1:
            cluster.add("second", threads=1)
            worker_of(event.pid).kill()
        else:
            (tmp_path / "until").touch()

    runner = make_runner(tmp_path, cluster.address, hooks=[on_start(act)])
    first = add("stored", n=1)
    waiting = wait(until=str(tmp_path / "until")).with_options(priority=-1)
    runner.run(Pipeline("p", [first, waiting]), raise_on_failure=True)
    attempts = runner.results().task("Wait()").attempts
    assert [(each["status"], each.get("lost")) for each in attempts] == [("FAILURE", True), ("SUCCESS", None)]
    assert len(runner.results().task("Add(stored)").attempts) == 1, "what is stored is not made again"
    assert is_gone(begun[0])


def test_without_a_scheduler_the_run_ends_and_says_so(cluster, tmp_path):
    cluster.add("first")
    cluster.wait_for_worker("first")
    begun = []

    def act(event):
        begun.append(event.pid)
        cluster.kill("scheduler")

    waiting = wait(until=str(tmp_path / "until"))
    with pytest.raises(ClusterLost, match="is out of reach"):
        make_runner(tmp_path, cluster.address, hooks=[on_start(act)], lease=2).run(Pipeline("p", [waiting]))
    assert waiting.status.name == "FAILURE"
    wait_until(lambda: is_gone(begun[0]))


FLOW = """
import sys
sys.path.insert(0, {tests!r})
from pathlib import Path
from pyperunner_dag import Pipeline
from test_faults import make_runner, wait
if __name__ == "__main__":
    folder = Path({folder!r})
    make_runner(folder, {address!r}, lease=2).run(Pipeline("p", [wait(until=str(folder / "until"))]))
"""


@pytest.mark.parametrize("signum", [signal.SIGKILL, pytest.param(signal.SIGINT, marks=pytest.mark.long)])
def test_nothing_runs_on_without_its_runner(shared_cluster, tmp_path, signum):
    flow = tmp_path / "flow.py"
    tests = str(Path(__file__).parent)
    flow.write_text(FLOW.format(tests=tests, folder=str(tmp_path), address=shared_cluster.address), encoding="utf-8")
    runner = subprocess.Popen([sys.executable, str(flow)], stderr=subprocess.DEVNULL, cwd=tmp_path)
    begun = tmp_path / "until.begun"
    wait_until(lambda: begun.exists() and begun.read_text(encoding="utf-8").endswith("\n"))
    pid = int(begun.read_text(encoding="utf-8"))
    agents = [each for each in psutil.Process(pid).parents() if "pyperunner_runner.remote" in each.cmdline()]
    runner.send_signal(signum)
    runner.wait(20)
    wait_until(lambda: is_gone(pid) and all(is_gone(agent.pid) for agent in agents))
    assert shared_cluster.processes["first"].poll() is None
    assert shared_cluster.processes["second"].poll() is None


@pytest.mark.parametrize("lines", [3_000, pytest.param(200_000, marks=pytest.mark.long)])
def test_no_line_is_lost(shared_cluster, tmp_path, lines):
    runner = make_runner(tmp_path, shared_cluster.address)
    runner.run(Pipeline("p", [talk(lines=lines)]), raise_on_failure=True)
    said = Path(runner.results().task("Talk()").log_file).read_text(encoding="utf-8").splitlines()
    printed = [line.rpartition("\t")[2] for line in said if "\tstdout\t" in line]
    assert printed == [f"line {number}" for number in range(lines)]


@pytest.mark.long
def test_a_frozen_worker_holds_nothing_up(cluster, tmp_path):
    cluster.add("first", threads=1)
    cluster.wait_for_worker("first")
    begun = []

    def act(event):
        begun.append(event.pid)
        if event.attempt == 1:
            cluster.kill("first", signal.SIGSTOP)
            cluster.add("second", threads=1)
        else:
            (tmp_path / "until").touch()

    runner = make_runner(tmp_path, cluster.address, hooks=[on_start(act)], lease=4)
    runner.run(Pipeline("p", [wait(until=str(tmp_path / "until"))]), raise_on_failure=True)
    assert "nothing was heard of it" in runner.results().task("Wait()").attempts[0]["error"]
    assert is_gone(begun[0]), "the agent has ended what nobody listens to"


@pytest.mark.long
def test_a_nanny_brings_a_worker_back(cluster, tmp_path):
    folder = cluster.folder / "first"
    folder.mkdir()
    cluster.start("first", "worker", cluster.address, "--nthreads", "1", "--nanny", "--no-dashboard", cwd=folder)
    cluster.wait_for("first", r"Registered to: +(\S+)")

    def act(event):
        if event.attempt == 1:
            above = psutil.Process(event.pid).parents()
            above[[each.pid for each in above].index(cluster.processes["first"].pid) - 1].kill()
        else:
            (tmp_path / "until").touch()

    runner = make_runner(tmp_path, cluster.address, hooks=[on_start(act)])
    runner.run(Pipeline("p", [wait(until=str(tmp_path / "until"))]), raise_on_failure=True)
    assert runner.results().task("Wait()").attempts[0]["lost"]


@pytest.mark.long
def test_random_kills_lose_nothing(cluster, tmp_path):
    """Workers and agents die at random moments while a graph runs; every task ends once, with its value."""
    names = [f"w{number}" for number in range(3)]
    for name in names:
        cluster.add(name)
        cluster.wait_for_worker(name)
    chance, kills, ended = random.Random(7), 0, []

    def act(event):
        nonlocal kills
        if type(event).__name__ == "TaskFinished":
            ended.append(event.task)
        if type(event).__name__ != "TaskStarted" or kills == 50 or chance.random() > 0.4:
            return
        try:
            above = psutil.Process(event.pid).parents()
            agent = [each for each in above if "pyperunner_runner.remote" in each.cmdline()][-1]
            worker = worker_of(event.pid)
        except (psutil.Error, IndexError, StopIteration):  # it has ended, or another kill was quicker
            return
        kills += 1
        if chance.random() < 0.3:
            names.append(f"w{len(names)}")
            cluster.add(names[-1])
            worker.kill()
        else:
            agent.kill()

    tasks = [add(str(number), n=number) for number in range(150)]
    tasks = [each.with_options(retries_on_loss=30) for each in tasks]
    total = add("total", n=0).with_options(retries_on_loss=30)(tasks)
    runner = make_runner(tmp_path, cluster.address, hooks=[act])
    runner.run(Pipeline("p", tasks), raise_on_failure=True)
    assert kills > 10
    assert total.output == sum(range(150))
    assert sorted(ended) == sorted(each.name for each in [*tasks, total])
