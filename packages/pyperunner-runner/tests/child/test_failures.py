"""Exceptions on their way to the runner."""

from __future__ import annotations

import os
import sys
import threading

import pytest

from pyperunner_runner import TaskExited
from pyperunner_runner.child.failures import describe_failure, rebuild


class TwoArguments(Exception):
    def __init__(self, one, two):
        super().__init__(one + two)


class Unreadable(Exception):
    def __str__(self):
        raise RuntimeError("no text")


class HoldsALock(Exception):
    def __init__(self, text):
        super().__init__(text)
        self.lock = threading.Lock()


class Leaves(Exception):
    def __reduce__(self):
        sys.exit(3)


def caught(error):
    try:
        raise error
    except BaseException as raised:
        return raised


def test_an_ordinary_exception_comes_back_itself():
    failure = describe_failure("T()", caught(KeyError("a", 1)))
    error = rebuild(failure)
    assert type(error) is KeyError
    assert error.args == ("a", 1)
    assert failure.traceback.rstrip().endswith("KeyError: ('a', 1)")


@pytest.mark.parametrize("error", [TwoArguments("a", "b"), HoldsALock("ab"), Leaves("ab")])
def test_one_that_cannot_travel_is_replaced_by_name_and_text(error):
    failure = describe_failure("T()", caught(error))
    assert failure.pickled is None
    stand_in = rebuild(failure)
    assert (type(stand_in).__name__, str(stand_in)) == (type(error).__name__, "ab")
    assert "ab" in failure.traceback


def test_one_whose_text_cannot_be_read_says_so():
    assert "RuntimeError" in describe_failure("T()", caught(Unreadable())).message


def test_exit_becomes_an_error_that_names_the_call():
    error = rebuild(describe_failure("T()", caught(SystemExit(3))))
    assert isinstance(error, TaskExited)
    assert str(error) == "T(): called sys.exit(3)"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="needs ExceptionGroup, which came with Python 3.11")
def test_a_group_keeps_its_members_in_the_text():
    group = ExceptionGroup("two", [ValueError("one"), caught(TwoArguments("t", "wo"))])  # noqa: F821
    failure = describe_failure("T()", caught(group))
    assert "ValueError: one" in failure.traceback
    assert "TwoArguments: two" in failure.traceback


def test_one_that_drags_much_data_along_is_described_and_not_sent():
    failure = describe_failure("T()", caught(ValueError(os.urandom(2 << 20))))
    assert failure.pickled is None
