"""The pool executor against the conformance suite, and what is its own."""

from __future__ import annotations

from pyperunner_runner.executors.pool import PoolExecutor
from pyperunner_runner.testing import ExecutorContract


class TestPoolExecutor(ExecutorContract):
    def make_executor(self, session):
        return PoolExecutor(session)
