"""A supervisor that does not answer: whether it is at work or lost."""

from __future__ import annotations

import pytest

from pyperunner_dag import Pipeline, Task
from pyperunner_runner.executors.supervisor import silence

BUSY = "import time\nend = time.process_time() + 0.8\nwhile time.process_time() < end: pass\n"
IDLE = "import time\ntime.sleep(60)\n"


@pytest.fixture
def preloads(kit, tmp_path, monkeypatch):
    """Runs a task whose supervisor, asked all the while whether it is there, first imports a module of some text."""
    monkeypatch.setattr(silence, "_QUIET_SECONDS", 0.1)
    monkeypatch.setattr(silence, "_ROUND_SECONDS", 0.1)
    monkeypatch.setattr(silence, "_MOST_ROUNDS", 5)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))

    def run(text):
        (tmp_path / "slow_import.py").write_text(text)
        task = kit.task("a")
        kit.runner(preload=["slow_import"]).run(Pipeline("p", [task]))
        return task.status

    return run


def test_one_that_imports_for_long_is_waited_for(preloads):
    assert preloads(BUSY) is Task.Status.SUCCESS


def test_one_that_does_nothing_is_not(preloads):
    assert preloads(IDLE) is Task.Status.FAILURE
