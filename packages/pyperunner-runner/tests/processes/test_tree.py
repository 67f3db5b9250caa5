"""A process that is about to end is known as such before its end can be seen."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from pyperunner_runner.processes import tree

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="finds processes in /proc")

MANY_FILES = """
import os, sys
kept = [os.pipe() for _ in range(400)]
os.write(int(sys.argv[1]), b"!")
os.read(kept[0][0], 1)
"""


def test_a_process_whose_sockets_have_closed_is_ending():
    for _ in range(10):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            command = [sys.executable, "-I", "-S", "-c", MANY_FILES, str(theirs.fileno())]
            process = subprocess.Popen(command, pass_fds=[theirs.fileno()])
            theirs.close()
            assert ours.recv(1) == b"!"
            assert not tree.is_ending(process.pid)
            process.kill()
            assert ours.recv(1) == b""
            assert tree.is_ending(process.pid)
            process.wait()


def test_a_process_that_is_gone_has_ended():
    process = subprocess.Popen(["true"])
    process.wait()
    assert tree.is_ending(process.pid)
    assert not tree.is_ending(os.getpid())
