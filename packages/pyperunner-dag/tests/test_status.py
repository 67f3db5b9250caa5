from __future__ import annotations

import pickle

from pyperunner_dag import Task


def test_the_six_states():
    names = ["NOT_STARTED", "RUNNING", "SUCCESS", "FAILURE", "CANT_RUN", "SKIPPED"]
    assert [status.name for status in Task.Status] == [status.value for status in Task.Status] == names


def test_a_result_holds_what_it_was_given():
    error = ValueError("x")
    result = Task.TaskResult(Task.Status.FAILURE, None, error, "Traceback")
    assert (result.status, result.output, result.exception, result.traceback) == (
        Task.Status.FAILURE,
        None,
        error,
        "Traceback",
    )
    assert Task.TaskResult(Task.Status.SUCCESS, [1]).output == [1]


def test_a_loader_is_called_on_every_access_and_nothing_is_kept():
    calls = []
    result = Task.TaskResult(Task.Status.SUCCESS, load=lambda: calls.append(1) or [])
    assert calls == []
    assert result.output is not result.output
    assert len(calls) == 2


def test_pickling():
    result = pickle.loads(pickle.dumps(Task.TaskResult(Task.Status.SUCCESS, {"a": 1})))
    assert (result.status, result.output) == (Task.Status.SUCCESS, {"a": 1})
    assert "SUCCESS" in repr(result)
