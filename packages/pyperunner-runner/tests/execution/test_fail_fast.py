"""The first failure ends the run, on request."""

from __future__ import annotations

import time

import pytest

from pyperunner_dag import Pipeline, Task, run
from pyperunner_runner import RunFailed, TaskKilled


class Fail(Task):
    @run
    def run(self, data, seconds=0.0):
        time.sleep(seconds)
        print("so far so good")
        raise ValueError("no")


class Sleep(Task):
    @run
    def run(self, data, seconds):
        time.sleep(seconds)


def test_a_failure_ends_what_runs_and_nothing_more_starts(kit):
    tasks = [Fail(seconds=0.3), Sleep("long", seconds=60), kit.task("waits")]
    began = time.monotonic()
    kit.runner(process_limit=2, fail_fast=True).run(Pipeline("p", tasks))
    assert time.monotonic() - began < 20
    assert kit.executed() == []
    fail, sleep, waits = tasks
    assert isinstance(fail.result.exception, ValueError)
    assert isinstance(sleep.result.exception, TaskKilled)
    assert str(sleep.result.exception) == "Sleep(long): ended, because Fail() failed and fail_fast is set"
    assert waits.status is Task.Status.CANT_RUN


def test_going_on_is_the_default_and_can_be_said(kit):
    for options in ({}, {"keep_going": True}):
        tasks = [Fail(), kit.task("other")]
        kit.runner(process_limit=1, **options).run(Pipeline("p", tasks), force_reload=True)
        assert kit.executed() == ["other"]
    kit.runner(process_limit=1, keep_going=False).run(Pipeline("p", [Fail(), kit.task("other")]), force_reload=True)
    assert kit.executed() == []


def test_both_at_once_is_an_error(kit):
    with pytest.raises(ValueError, match="opposites"):
        kit.runner(fail_fast=True, keep_going=True)


def test_the_error_of_a_failed_run_has_the_last_words_of_what_failed(kit):
    task = Fail()
    with pytest.raises(RunFailed) as caught:
        kit.runner().run(Pipeline("p", [task]), raise_on_failure=True)
    text = str(caught.value)
    assert "1 task(s) failed: Fail()" in text
    assert "ValueError: no" in text
    assert "    so far so good" in text
    assert "so far so good" in task.result.traceback
    assert ".1.log" in task.result.traceback
