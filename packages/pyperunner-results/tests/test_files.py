from __future__ import annotations

import errno
import os
import resource
import signal

import pytest

from pyperunner_results.files import Appender, replace_file


def test_a_file_is_replaced_whole_and_nothing_is_left(tmp_path):
    target = tmp_path / "x"
    replace_file(str(target), b"one")
    replace_file(str(target), b"two")
    assert target.read_bytes() == b"two"
    assert os.listdir(tmp_path) == ["x"]


def test_files_are_never_writable_for_others(tmp_path):
    before = os.umask(0)
    try:
        replace_file(str(tmp_path / "a"), b"")
        appender = Appender(str(tmp_path / "b"))
        appender.write(b"x\n")
        appender.close()
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in "ab"] == [0o644, 0o644]


def test_a_failed_write_leaves_the_old_file_and_no_other(tmp_path):
    target = tmp_path / "x"
    replace_file(str(target), b"old")
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, limits[1]))
    try:
        with pytest.raises(OSError, match=os.strerror(errno.EFBIG)):
            replace_file(str(target), b"x" * 5000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert target.read_bytes() == b"old"
    assert os.listdir(tmp_path) == ["x"]


def test_a_planted_link_is_not_followed(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"mine")
    (tmp_path / "log").symlink_to(victim)
    (tmp_path / f".x.{os.getpid()}.tmp").symlink_to(victim)
    with pytest.warns(RuntimeWarning, match="lost"):
        Appender(str(tmp_path / "log")).write(b"line\n")
    replace_file(str(tmp_path / "x"), b"new")
    assert victim.read_bytes() == b"mine"


def test_lines_that_are_held_come_before_the_next_one_and_with_the_end_at_the_latest(tmp_path):
    file = tmp_path / "log"
    appender = Appender(str(file))
    appender.hold(b"1\n")
    appender.hold(b"2\n")
    assert not file.exists()
    appender.write(b"3\n")
    assert file.read_bytes() == b"1\n2\n3\n"
    appender.hold(b"4\n")
    appender.flush()
    appender.flush()
    assert file.read_bytes().endswith(b"3\n4\n")
    appender.hold(b"5\n")
    appender.close()
    assert file.read_bytes().endswith(b"4\n5\n")


def test_many_lines_are_not_held(tmp_path):
    appender = Appender(str(tmp_path / "log"))
    for _ in range(1000):
        appender.hold(b"x" * 99 + b"\n")
    assert (tmp_path / "log").stat().st_size > 30_000
    appender.close()
    assert (tmp_path / "log").stat().st_size == 100_000


def test_a_forked_process_writes_nothing_of_what_is_held(tmp_path):
    appender = Appender(str(tmp_path / "log"))
    appender.hold(b"1\n")
    pid = os.fork()
    if pid == 0:
        appender.close()
        os._exit(0)
    os.waitpid(pid, 0)
    appender.close()
    assert (tmp_path / "log").read_bytes() == b"1\n"


def test_nothing_is_made_before_the_first_line(tmp_path):
    appender = Appender(str(tmp_path / "x"))
    appender.close()
    assert not os.listdir(tmp_path)
    appender.write(b"1\n")
    appender.close()
    appender.write(b"2\n")
    appender.close()
    assert (tmp_path / "x").read_bytes() == b"1\n2\n"


def write_thrice(appender):
    for _ in range(3):
        appender.write(b"1234567\n")


def test_a_full_disk_warns_once_and_the_cut_line_stays_alone(tmp_path):
    appender = Appender(str(tmp_path / "x"))
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        with pytest.warns(RuntimeWarning, match="lost") as caught:
            write_thrice(appender)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    appender.write(b"after\n")
    appender.close()
    assert len(caught) == 1
    assert (tmp_path / "x").read_bytes() == b"1234567\n12\nafter\n"
