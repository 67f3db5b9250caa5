"""The process executor against the conformance suite."""

from __future__ import annotations

from pyperunner_runner.executors.process import ProcessExecutor
from pyperunner_runner.testing import ExecutorContract


class TestProcessExecutor(ExecutorContract):
    def make_executor(self, session):
        return ProcessExecutor(session)
