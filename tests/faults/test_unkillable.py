"""A process that no signal ends, because the system holds it in a call: the run says so and goes on without it."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from pathlib import Path

import pytest

from pyperunner import Pipeline, Task, run
from pyperunner_runner import TaskTimedOut
from pyperunner_runner.executors import arrivals
from pyperunner_runner.executors.pool import PoolExecutor
from pyperunner_runner.executors.process import ProcessExecutor


class Held(Task):
    """Is held by the system: frozen in a control group of the first kind it can't even be killed."""

    @run
    def run(self, group):
        freezer = Path(group)
        (freezer / "tasks").write_text(str(os.getpid()))
        (freezer / "freezer.state").write_text("FROZEN")
        time.sleep(60)


@pytest.fixture
def freezer(group):
    with group("freezer") as folder:
        yield folder
        (folder / "freezer.state").write_text("THAWED")
        deadline = time.monotonic() + 5
        while (folder / "tasks").read_text() and time.monotonic() < deadline:
            time.sleep(0.02)


@pytest.mark.root
@pytest.mark.parametrize(
    ("executor", "retries"),
    [
        (ProcessExecutor, 1),  # another attempt would wait for what the first one holds
        pytest.param(PoolExecutor, 0, marks=pytest.mark.long),  # there is an end of the run to wait for
    ],
)
def test_the_run_goes_on_without_it(kit, monkeypatch, freezer, executor, retries):
    monkeypatch.setattr(arrivals, "_END_SECONDS", 0.3)
    held = Held(group=str(freezer)).with_options(timeout=0.3, retries=retries)
    others = [kit.task(str(number)) for number in range(6)]
    runner = kit.runner(executor=executor, process_limit=2)
    runner._settings = replace(runner._settings, grace=0.1)
    began = time.monotonic()
    runner.run(Pipeline("held", [held, *others]))
    took = time.monotonic() - began
    assert took < 20
    assert {task.status for task in others} == {Task.Status.SUCCESS}
    assert isinstance(held.result.exception, TaskTimedOut)
    said = Path(runner.run_folder, "pipeline.log").read_text()
    assert said.count("was killed and does not end") == 1
