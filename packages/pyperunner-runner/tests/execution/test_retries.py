"""Whether and when a failed task is tried again: the rule, and the runner that follows it."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from pyperunner_dag import ChangedDuringRunError, Options, Pipeline, Task, UndeclaredInputError, run
from pyperunner_runner.child.failures import describe_failure
from pyperunner_runner.events import TaskFinished, TaskRetried, TaskStarted
from pyperunner_runner.execution.retries import Retries


class Odd(ValueError):
    def __init__(self, one, two):
        super().__init__(f"{one} {two}")


class Fails(Task):
    """Fails a number of times, each in a process of its own."""

    @run
    def run(self, data, trace, times, error=ValueError):
        with open(trace, "a") as file:
            file.write(f"{os.getpid()}\n")
        print("trying")
        if len(Path(trace).read_text().split()) <= times:
            raise error(1, 2)
        return "at last"


def waits(options, error, attempts=4):
    retries = Retries()
    bases = describe_failure("T()", error).bases if isinstance(error, BaseException) else error
    return [retries.next_wait("T()", options, bases) for _ in range(attempts)]


def test_the_wait_doubles_and_the_number_is_bounded():
    assert waits(Options(retries=3, backoff=0.5), ValueError()) == [0.5, 1.0, 2.0, None]
    assert waits(Options(), ValueError(), attempts=1) == [None]


def test_the_wait_stays_a_number_that_can_be_waited_for():
    assert waits(Options(retries=5000), ValueError(), attempts=5000) == [0.0] * 5000
    assert waits(Options(retries=5000, backoff=1.0), ValueError(), attempts=5000)[-1] == 24 * 3600
    assert waits(Options(retries=5000, backoff=1e6), ValueError(), attempts=5000)[-1] == 1e6


def test_what_another_attempt_cannot_mend_is_final():
    for error in (ChangedDuringRunError("T", "", ["File a changed"]), UndeclaredInputError("T", "", ["/a"])):
        assert waits(Options(retries=2), error, attempts=1) == [None]


@pytest.mark.parametrize(
    ("retry_on", "error", "again"),
    [
        ((), KeyError(), True),
        ((LookupError,), KeyError(), True),
        ((ValueError,), KeyError(), False),
        (("LookupError",), KeyError(), True),
        (("Strange",), ("elsewhere.Strange", "builtins.Exception"), True),
        ((Odd,), Odd(1, 2), True),
        ((Odd,), ("Odd", "ValueError", "Exception"), True),
        ((ConnectionError,), ("requests.exceptions.ConnectionError", "builtins.OSError"), False),
        (("TaskKilled",), KeyError(), False),
    ],
)
def test_what_matches_is_tried_again(retry_on, error, again):
    wait = waits(Options(retries=1, retry_on=retry_on), error, attempts=1)
    assert (wait == [0.0]) is again


def test_a_task_that_fails_at_first_succeeds_in_a_new_process(kit):
    events = []
    pids = kit.folder / "pids"
    task = Fails(trace=str(pids), times=2).with_options(retries=2, backoff=0.05)
    after = kit.task("after", kit.task("other"))
    runner = kit.runner(hooks=[events.append])
    began = time.monotonic()
    runner.run(Pipeline("p", [task, after]))
    assert time.monotonic() - began >= 0.05 + 0.1
    assert task.output == "at last"
    assert len(set(pids.read_text().split())) == 3
    assert kit.executed() == ["other", "after"]
    mine = [event for event in events if getattr(event, "task", "") == "Fails()"]
    told = [event for event in mine if isinstance(event, (TaskStarted, TaskRetried, TaskFinished))]
    assert [(type(event).__name__, event.attempt) for event in told] == [
        ("TaskStarted", 1),
        ("TaskRetried", 1),
        ("TaskStarted", 2),
        ("TaskRetried", 2),
        ("TaskStarted", 3),
        ("TaskFinished", 3),
    ]
    assert [(event.wait, event.error) for event in told if isinstance(event, TaskRetried)] == [
        (0.05, "ValueError: (1, 2)"),
        (0.1, "ValueError: (1, 2)"),
    ]
    read = runner.results().task("Fails()")
    assert (read.status, len(list(Path(runner.run_folder, "logs").glob("Fails*")))) == ("SUCCESS", 3)
    lines = [json.loads(line) for line in Path(runner.run_folder, "events.jsonl").read_text().splitlines()]
    (first, _) = [line for line in lines if line["kind"] == "task_retried"]
    assert (first["attempt"], first["wait"], first["status"]) == (1, 0.05, "FAILURE")


def test_the_last_failure_counts_when_no_attempt_is_left(kit):
    task = Fails(trace=kit.trace, times=9).with_options(retries=1)
    kit.runner().run(Pipeline("p", [task]))
    assert task.status is Task.Status.FAILURE
    assert len(kit.executed()) == 2


def test_another_error_than_those_named_is_final(kit):
    task = Fails(trace=kit.trace, times=9, error=Odd).with_options(retries=3, retry_on=KeyError)
    kit.runner().run(Pipeline("p", [task]))
    assert len(kit.executed()) == 1


def test_an_error_that_cannot_travel_is_matched_by_its_class(kit):
    task = Fails(trace=kit.trace, times=1, error=Odd).with_options(retries=1, retry_on=ValueError)
    kit.runner().run(Pipeline("p", [task]))
    assert task.output == "at last"
