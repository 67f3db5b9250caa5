"""When the system has no room for another process: moments are given, no clock is read."""

from __future__ import annotations

import errno
import os

import pytest

from pyperunner_runner.executors.no_room import NO_ROOM_SECONDS, Shortage, no_room_is_blocking

ERROR = BlockingIOError(errno.EAGAIN, "try again")


@pytest.mark.parametrize("number", [errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE])
def test_what_the_system_has_too_little_of_is_tried_again(number):
    with pytest.raises(BlockingIOError) as caught, no_room_is_blocking():
        raise OSError(number, os.strerror(number))
    assert caught.value.errno == number


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EPERM, errno.EPIPE, errno.ENOSPC, errno.EBADF])
def test_any_other_error_is_itself(number):
    with pytest.raises(OSError, match=os.strerror(number)) as caught, no_room_is_blocking():
        raise OSError(number, os.strerror(number))
    assert not (isinstance(caught.value, BlockingIOError) and number not in (errno.EAGAIN,))


def test_it_is_said_once_and_given_up_after_a_while():
    said = []
    shortage = Shortage(said.append)
    for moment in (0.0, 1.0, NO_ROOM_SECONDS):
        shortage.go_on(ERROR, moment, may_end=False)
    assert len(said) == 1
    with pytest.raises(BlockingIOError, match="no room for another process for 30 s: try again"):
        shortage.go_on(ERROR, NO_ROOM_SECONDS + 0.1, may_end=False)


def test_while_one_of_ours_may_make_room_nothing_is_given_up():
    said = []
    shortage = Shortage(said.append)
    for moment in (0.0, 1000.0, 2000.0):
        shortage.go_on(ERROR, moment, may_end=True)
    shortage.go_on(ERROR, 2000.0 + NO_ROOM_SECONDS, may_end=False)
    shortage.end()
    shortage.go_on(ERROR, 9000.0, may_end=False)
    assert len(said) == 2
