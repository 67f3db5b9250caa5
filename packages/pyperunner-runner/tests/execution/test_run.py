from __future__ import annotations

import os
from pathlib import Path

import pytest

from pyperunner_dag import Pipeline, Task


def log_of(runner):
    return Path(runner.run_folder, "pipeline.log").read_text()


@pytest.mark.parametrize("locks", [True, False])
def test_a_run_says_once_that_single_flight_is_off(kit, locks):
    runner = kit.runner() if locks else kit.runner(kit.store_without("lock"))
    runner.run(kit.abc())
    assert log_of(runner).count("single flight is off") == (not locks)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.parametrize("executor", ["process", "pool"])
@pytest.mark.parametrize("start_method", [None, "fork"])
def test_children_are_no_copies_of_who_used_a_store_that_forbids_it(kit, monkeypatch, executor, start_method):
    def only_in_copies(spec):
        raise RuntimeError("opened in a copy of the process that has used it")

    monkeypatch.setattr("pyperunner_runner.child.process.reopen_store", only_in_copies)
    store = kit.store_without("__none__")
    type(store).forbids_fork, type(store).survives_fork = True, False
    runner = kit.runner(store, executor=executor, start_method=start_method, process_limit=2)
    runner.run(kit.abc())
    assert [task.status for task in runner.tasks_queue] == [Task.Status.SUCCESS] * 3


def test_tasks_that_are_passed_over_are_recorded_together_and_before_what_runs_next(kit, monkeypatch):
    tasks = [kit.task(str(number)) for number in range(30)]
    kit.runner().run(Pipeline("many", tasks))
    runner, seen, writes, write = kit.runner(executor="inline"), [], [], os.write

    def ends():
        return Path(runner.run_folder, "events.jsonl").read_text().count('"kind":"task_finished"')

    last = kit.task("last", *tasks)
    monkeypatch.setattr(last, "execute", lambda data, inputs: seen.append(ends()))
    monkeypatch.setattr(os, "write", lambda fd, data: writes.append(bytes(data)) or write(fd, data))
    runner.run(Pipeline("many", tasks))
    assert (seen, ends()) == ([30], 31)
    assert sum(b'"kind":"task_finished"' in data for data in writes) == 2
