from __future__ import annotations

import subprocess
import sys

from pyperunner_results._process import identity, is_alive


def test_this_process_is_alive():
    assert is_alive(identity()) is True


def test_a_process_that_ended_is_not():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    mine = identity()
    assert is_alive({**mine, "pid": child.pid, "started": None}) is True
    child.communicate()
    assert is_alive({**mine, "pid": child.pid, "started": None}) is False
    assert is_alive({**mine, "pid": child.pid, "started": mine["started"]}) is False


def test_a_reused_pid_is_a_stranger():
    mine = identity()
    if mine["started"] is not None:
        assert is_alive({**mine, "started": mine["started"] - 1}) is False


def test_nothing_is_said_of_other_hosts_or_nonsense():
    mine = identity()
    assert is_alive({**mine, "host": "elsewhere"}) is None
    assert is_alive({**mine, "pid": -1}) is None
    assert is_alive({}) is None
