"""A task that needs itself: the run says so instead of waiting for ever."""

from __future__ import annotations

from pathlib import Path

import pytest

from pyperunner import Pipeline, Runner, task
from pyperunner_cache import self_wait


@task("Itself", receives_input=False)
def itself(place):
    inner = itself(place=place)
    Runner(place, place + "-logs").run(Pipeline("inner", [inner]), raise_on_failure=True)


@pytest.mark.skipif(not Path("/proc/self/fdinfo").exists(), reason="only Linux tells who holds a lock")
@pytest.mark.timeout(60)
def test_a_task_that_runs_itself_fails(quick_runner, monkeypatch):
    monkeypatch.setattr(self_wait, "_SECONDS", 0.3)  # forked processes inherit it
    outer = itself(place=str(quick_runner.data_path))
    quick_runner.run(Pipeline("outer", [outer]))
    assert outer.status.name == "FAILURE"
    assert "has started this one" in outer.result.traceback
