"""The executor of systems without fork, against the conformance suite: it runs anywhere."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pyperunner_runner.executors.windows import PortableExecutor
from pyperunner_runner.testing import ExecutorContract

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="macOS has no descriptor for the end of a process")

WITHOUT_POSIX = """
import importlib, multiprocessing.connection, os, pkgutil, psutil, signal, subprocess, sys, tempfile
import networkx, pyperunner_cache, pyperunner_dag, pyperunner_results, pytest

for name in ("fork", "setsid", "killpg", "waitid", "wait4", "pidfd_open", "posix_spawn", "fchdir", "getsid", "getpgid"):
    vars(os).pop(name, None)
for name in ("SIGKILL", "SIGHUP", "SIGSTOP", "SIGCONT", "SIGCHLD", "SIGALRM", "SIGUSR1", "SIGUSR2", "SIGPIPE"):
    vars(signal).pop(name, None)
for name in ("pthread_sigmask", "setitimer", "SIG_BLOCK", "pidfd_send_signal"):
    vars(signal).pop(name, None)
for name in ("resource", "fcntl", "pwd", "grp", "termios"):
    sys.modules[name] = None
sys.platform = "win32"
import pyperunner_runner

for module in pkgutil.walk_packages(pyperunner_runner.__path__, "pyperunner_runner."):
    importlib.import_module(module.name)
    print(module.name)
from pyperunner_runner.executors.process import ProcessExecutor
print(ProcessExecutor.__name__)
"""


class TestPortableExecutor(ExecutorContract):
    audits = False

    def make_executor(self, session):
        return PortableExecutor(session)


def test_everything_imports_on_a_system_without_posix_calls():
    done = subprocess.run([sys.executable, "-c", WITHOUT_POSIX], check=True, capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "PortableExecutor"
    assert "pyperunner_runner.executors.pool" in done.stdout
