"""What the end of a job means for its task."""

from __future__ import annotations

import pytest

from pyperunner_dag import Task, run
from pyperunner_runner import InputLost, TaskDied, TaskExited, TaskKilled
from pyperunner_runner.execution.outcomes import result_of, summarize_error
from pyperunner_runner.ports import Ended, Exit, Outcome


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
    assert f"Nothing(): {summarize_error(result.exception)}" == text


def test_inputs_that_stay_away_are_named():
    result = result_of(Nothing(), Ended("Nothing()", 1, Outcome("inputs", inputs=["A()", "B()"]), Exit(1)))
    assert isinstance(result.exception, InputLost)
    assert "A(), B()" in summarize_error(result.exception)


def test_one_line_has_type_and_first_line():
    assert summarize_error(ValueError("first\nsecond")) == "ValueError: first"
    assert summarize_error(KeyboardInterrupt()) == "KeyboardInterrupt"
    assert summarize_error(None) == "failed without an exception"
