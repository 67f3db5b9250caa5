"""Runs on workers that come and go: what is lost, handed over again, waited for, refused."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Secret, Task, run, task
from pyperunner_keys import File
from pyperunner_runner import Runner
from pyperunner_runner.remote import RemoteExecutor, WorkersUnfit
from pyperunner_runner.testing import LocalWorkers

pytest.register_assert_rewrite("pyperunner_runner.testing")


@task("Wait")
def wait(until):
    with open(f"{until}.begun", "a", encoding="utf-8") as begun:
        print("x", file=begun, flush=True)
    deadline = time.monotonic() + 30
    while not Path(until).exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return "waited"


@task("After")
def after(data):
    return f"{data[0]} and gone on"


class Open(Task):
    """Needs a file and a secret."""

    @run
    def run(self, file, password):
        return Path(file).read_text(encoding="utf-8"), len(password)


def make_runner(tmp_path, workers, **how):
    return Runner(tmp_path / "data", tmp_path / "log", executor=lambda session: RemoteExecutor(session, workers), **how)


def losing(tmp_path, workers, times):
    """Let the task's worker be gone as often as asked for, each time another one joins; then the task may end."""

    def hook(event):
        if type(event).__name__ == "TaskStarted" and event.task == "Wait()":
            if event.attempt <= times:
                name = list(workers.processes)[-1]
                workers.processes[name].send_signal(signal.SIGKILL)
                workers.add(f"w{len(workers.processes) + 1}")
            else:
                (tmp_path / "until").touch()

    return hook


def test_a_task_is_handed_over_again_when_its_worker_is_lost(tmp_path):
    workers = LocalWorkers({"w1": 1})
    runner = make_runner(tmp_path, workers, hooks=[losing(tmp_path, workers, 1)])
    runner.run(Pipeline("p", [first := wait(until=str(tmp_path / "until")), after()(first)]), raise_on_failure=True)
    results = runner.results()
    assert results["After()"] == "waited and gone on"
    attempts = results.task("Wait()").attempts
    assert [(each["status"], each.get("lost")) for each in attempts] == [("FAILURE", True), ("SUCCESS", None)]
    assert attempts[0]["error"].startswith("lost with its worker w1 on ")
    log = Path(runner.run_folder, "pipeline.log").read_text(encoding="utf-8")
    assert "attempt 1 was lost after" in log
    assert "handed over again" in log


def test_losses_are_counted_apart_from_failures(tmp_path):
    workers = LocalWorkers({"w1": 1})
    runner = make_runner(tmp_path, workers, hooks=[losing(tmp_path, workers, 2)])
    waiting = wait(until=str(tmp_path / "until")).with_options(retries=5, retries_on_loss=1)
    runner.run(Pipeline("p", [waiting]))
    assert type(waiting.result.exception).__name__ == "WorkerLost"
    assert len(runner.results().task("Wait()").attempts) == 2


@pytest.mark.long
def test_a_frozen_worker_holds_nothing_up(tmp_path):
    workers = LocalWorkers({"w1": 1}, silence=5)

    def freeze(event):
        if type(event).__name__ == "TaskStarted" and event.attempt == 1:
            workers.processes["w1"].send_signal(signal.SIGSTOP)
            workers.add("w2")
        elif type(event).__name__ == "TaskStarted":
            (tmp_path / "until").touch()

    runner = make_runner(tmp_path, workers, hooks=[freeze])
    waiting = wait(until=str(tmp_path / "until"))
    try:
        runner.run(Pipeline("p", [waiting]), raise_on_failure=True)
    finally:
        workers.processes["w1"].kill()
    assert "nothing was heard of it" in runner.results().task("Wait()").attempts[0]["error"]


def test_resources_are_those_of_workers(tmp_path):
    workers = LocalWorkers({"small": 2, "large": 2}, resources={"large": {"gpu": 1}})
    tasks = [wait(str(n), until=str(tmp_path)).with_options(resources={"gpu": 1}) for n in range(2)]
    runner = make_runner(tmp_path, workers)
    assert runner._settings.places_resources is False  # a function says nothing; the class does
    runner = Runner(tmp_path / "data", tmp_path / "log", executor=(made := _Placing(workers)))
    runner.run(Pipeline("p", tasks), raise_on_failure=True)
    assert made.most == 1


class _Placing:
    places_resources = True

    def __init__(self, workers):
        self._workers, self.most = workers, 0

    def __call__(self, session):
        executor = RemoteExecutor(session, self._workers)
        start = executor._tell

        def tell(agent, message):
            start(agent, message)
            assert agent.worker == "large" or type(message).__name__ not in ("StartJob",)
            self.most = max(self.most, len(agent.jobs))

        executor._tell = tell
        return executor


def test_what_workers_lack_is_said_before_the_first_task(tmp_path, monkeypatch):
    (tmp_path / "in.txt").write_text("hello", encoding="utf-8")
    workers = LocalWorkers({"w1": 1, "w2": 1})  # without the variable
    monkeypatch.setenv("PASSWORD_OF_TEST", "secret")
    task = Open(file=File(tmp_path / "in.txt"), password=Secret(env="PASSWORD_OF_TEST"))
    with pytest.raises(WorkersUnfit) as caught:
        make_runner(tmp_path, workers).run(Pipeline("p", [task]))
    text = str(caught.value)
    assert "Nothing was started" in text
    assert "PASSWORD_OF_TEST, which is not set" in text
    assert "start the worker with it" in text
    assert text.count("PASSWORD_OF_TEST") == 1, "what all lack is said once"
    assert all(process.poll() is not None for process in workers.processes.values())


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_nothing_stays_when_the_channel_is_cut(tmp_path):
    workers = LocalWorkers({"w1": 1})

    def cut(event):
        if type(event).__name__ == "TaskStarted":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_runner(tmp_path, workers, hooks=[cut]).run(Pipeline("p", [wait(until=str(tmp_path / "until"))]))
    assert workers.processes["w1"].poll() is not None


@pytest.mark.parametrize(
    "start_method",
    [pytest.param("fork", marks=pytest.mark.long), "forkserver", pytest.param("spawn", marks=pytest.mark.long)],
)
def test_modules_of_the_project_travel_loaded_or_not(tmp_path, monkeypatch, start_method):
    """The workers find none of them: what is loaded goes as it is, and what a task imports later goes along."""
    project = tmp_path / "project"
    (project / "parts").mkdir(parents=True)
    (project / "parts" / "__init__.py").write_text("", encoding="utf-8")
    (project / "parts" / "later.py").write_text("def triple(n):\n    return 3 * n\n", encoding="utf-8")
    (project / "loaded_here.py").write_text("FACTOR = 10\n", encoding="utf-8")
    (project / "flow_that_travels.py").write_text(
        "from pyperunner_dag import task\nimport loaded_here\n\n"
        "@task('Count')\ndef count(n):\n    from parts.later import triple\n"
        "    return triple(n) * loaded_here.FACTOR\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(str(project))
    import flow_that_travels
    import loaded_here

    class Elsewhere(LocalWorkers):
        def send(self, worker, data):
            if project.exists():  # the runner has packed all; another machine has no such files
                project.rename(tmp_path / "away")
            super().send(worker, data)

    monkeypatch.setattr(loaded_here, "FACTOR", 100)  # as the living process has it
    try:
        counting = flow_that_travels.count(n=2)
        runner = make_runner(tmp_path, Elsewhere({"w1": 1}), start_method=start_method)
        runner.run(Pipeline("p", [counting]), raise_on_failure=True)
        assert counting.output == 600
    finally:
        for name in ("loaded_here", "flow_that_travels"):
            del sys.modules[name]
