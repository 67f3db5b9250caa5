"""What the end of a job means for its task."""

from __future__ import annotations

import pickle

import pytest

from pyperunner_dag import Task, run
from pyperunner_runner import InputLost, TaskDied, TaskExited, TaskKilled
from pyperunner_runner.child.failures import describe_failure
from pyperunner_runner.execution.outcomes import failure_of, result_of, summarize
from pyperunner_runner.ports import Ended, Exit, Failure, Outcome


class Nothing(Task):
    @run
    def run(self):
        pass


@pytest.mark.parametrize(
    ("code", "kind", "text"),
    [
        (-11, TaskKilled, "Nothing(): killed by SIGSEGV"),
        (-62, TaskKilled, "Nothing(): killed by signal 62"),
        (0, TaskExited, "Nothing(): its process exited with code 0 before it handed over a result"),
        (None, TaskDied, "Nothing(): its process was lost, because the process that supervised it is gone"),
    ],
)
def test_a_lost_process_is_a_failure_that_says_how(code, kind, text):
    result = result_of(Nothing(), Ended("Nothing()", 1, Outcome("lost"), Exit(code)))
    assert result.status is Task.Status.FAILURE
    assert type(result.exception) is kind
    assert str(result.exception) == text
    assert f"Nothing(): {summarize('Nothing()', failure_of(Nothing(), result))}" == text


def test_a_process_that_does_not_end_is_said_to_be_held():
    result = result_of(Nothing(), Ended("Nothing()", 1, Outcome("lost"), Exit(left=True)))
    assert str(result.exception) == "Nothing(): its process was killed and does not end, because the system holds it"


def test_inputs_that_stay_away_are_named():
    result = result_of(Nothing(), Ended("Nothing()", 1, Outcome("inputs", inputs=["A()", "B()"]), Exit(1)))
    assert isinstance(result.exception, InputLost)
    assert "A(), B()" in summarize("Nothing()", failure_of(Nothing(), result))


def test_one_line_has_type_and_first_line():
    assert summarize("T()", describe_failure("T()", ValueError("first\nsecond"))) == "ValueError: first"
    assert summarize("T()", describe_failure("T()", KeyboardInterrupt())) == "KeyboardInterrupt"
    assert (
        summarize("T()", failure_of(Nothing(), Task.TaskResult(Task.Status.FAILURE))) == "failed without an exception"
    )


class Explodes(Exception):
    def __reduce__(self):
        return _explode, ()

    def __str__(self):
        raise SystemExit("no text")


def _explode():
    raise SystemExit("no exception")


def test_an_exception_is_rebuilt_when_it_is_asked_for():
    failure = Failure("Explodes", "text", bases=("m.Explodes",), pickled=pickle.dumps(Explodes()))
    ended = Ended("Nothing()", 1, Outcome("failed", failure=failure), Exit(1))
    result = result_of(Nothing(), ended)
    assert summarize("Nothing()", failure_of(Nothing(), result, ended)) == "Explodes: text"
    stand_in = result.exception
    assert (type(stand_in).__name__, str(stand_in)) == ("Explodes", "text")
    assert result.exception is stand_in
