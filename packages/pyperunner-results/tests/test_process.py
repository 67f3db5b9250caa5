from __future__ import annotations

import subprocess
import sys

from pyperunner_results.process import process_identity, process_is_alive


def test_this_process_is_alive():
    assert process_is_alive(process_identity()) is True


def test_a_process_that_ended_is_not():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mine = process_identity()
    assert process_is_alive({**mine, "pid": child.pid, "started": None}) is True
    child.communicate()
    assert process_is_alive({**mine, "pid": child.pid, "started": None}) is False
    assert process_is_alive({**mine, "pid": child.pid, "started": mine["started"]}) is False


def test_a_reused_pid_is_a_stranger():
    mine = process_identity()
    if mine["started"] is not None:
        assert process_is_alive({**mine, "started": mine["started"] - 1}) is False


def test_nothing_is_said_of_other_hosts_or_nonsense():
    mine = process_identity()
    assert process_is_alive({**mine, "host": "elsewhere"}) is None
    assert process_is_alive({**mine, "space": "of another kernel, or of a container"}) is None
    assert process_is_alive({**mine, "space": "of a container", "pid": 1 << 22}) is None
    assert process_is_alive({**mine, "pid": -1}) is None
    assert process_is_alive({}) is None


def test_a_record_of_an_earlier_version_is_read_as_before():
    mine = process_identity()
    del mine["space"]
    assert process_is_alive(mine) is True
