"""Exceptions on their way to the runner."""

from __future__ import annotations

import os
import pickle
import sys
import threading
from pathlib import Path
from types import TracebackType

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


class Text(str):
    def __reduce__(self):
        sys.exit(3)


class HasStrangeText(Exception):
    def __str__(self):
        return Text("text")


class ExitsAsText(Exception):
    def __str__(self):
        raise SystemExit(3)


class Metaclass(type):
    __mro__ = __module__ = property(lambda self: 1 / 0)

    def __getattribute__(cls, name):
        raise OSError(name)


class OfStrangeClass(Exception, metaclass=Metaclass):
    pass


class OfNoModule(Exception):
    __module__ = 5


class HasStrangeFacts(Exception):
    __notes__ = property(lambda self: 1 / 0)
    __cause__ = property(lambda self: sys.exit(3))
    __traceback__ = property(lambda self: 1 / 0)


class HasStrangeCode(SystemExit):
    code = property(lambda self: 1 / 0)


class UnshowableCode:
    def __repr__(self):
        raise SystemExit


@pytest.mark.parametrize(
    "error",
    [
        HasStrangeText("ab"),
        ExitsAsText("ab"),
        OfStrangeClass("ab"),
        OfNoModule("ab"),
        HasStrangeFacts("ab"),
        HasStrangeCode("ab"),
        SystemExit(UnshowableCode()),
        type("Named", (Exception,), {"__qualname__": "a\ud800"})("ab"),
        type("Named", (Exception,), {"__qualname__": "a\0b"})("ab"),
    ],
    ids=lambda error: ascii(type.__dict__["__qualname__"].__get__(type(error))),
)
def test_code_of_an_exception_costs_at_most_its_text(error):
    failure = describe_failure("T()", caught(error))
    for text in (failure.type, failure.message, failure.traceback, *failure.bases):
        assert type(text) is str
    assert failure.traceback
    assert pickle.loads(pickle.dumps(failure)) == failure
    assert isinstance(rebuild(failure), Exception)


def test_a_long_text_is_kept_without_its_middle_and_written_out_whole(capsys):
    text = f"begins {'.' * 1_000_000} ends"
    failure = describe_failure("T()", caught(ValueError(text)))
    assert len(failure.traceback) < 257 << 10
    assert len(failure.message) < 257 << 10
    assert "begins" in failure.traceback
    assert failure.traceback.endswith("ends\n")
    assert "the whole text is in the log" in failure.traceback
    assert f"ValueError: {text}\n" in capsys.readouterr().err


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


@pytest.mark.parametrize("error", [ValueError("why"), Unreadable()])
@pytest.mark.parametrize("kind", ["pipe", "device", "giant"])
def test_code_whose_file_is_none_to_be_read_is_told_without_its_lines(tmp_path, error, kind):
    file = tmp_path / "code.py" if kind != "device" else Path("/dev/zero")
    if kind == "pipe":
        os.mkfifo(file)
    elif kind == "giant":
        file.touch()
        os.truncate(file, 1 << 40)
    with pytest.raises(type(error)) as raised:
        try:
            exec(compile("1 / 0", file, "exec"))
        except ZeroDivisionError:
            exec(compile("raise error", file, "exec"))
    text = describe_failure("T()", raised.value).traceback
    assert f'File "{file}", line 1' in text


def test_very_many_frames_are_told_without_their_middle():
    def outermost():
        innermost()

    def innermost():
        raise ValueError("deep down")

    with pytest.raises(ValueError, match="deep down") as raised:
        outermost()
    (_, outer, inner), frames = raised.traceback[-3:], None
    for frame in (inner, *[None] * 50_000, outer):
        source = (frame or outer)._rawentry
        frames = TracebackType(frames, source.tb_frame, source.tb_lasti, source.tb_lineno)
    text = describe_failure("T()", raised.value.with_traceback(frames)).traceback
    assert "in outermost\n    innermost()" in text
    assert "in innermost" in text
    assert "Previous line repeated 1996 more times" in text
    assert text.endswith("ValueError: deep down\n")
