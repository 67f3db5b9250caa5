"""The inline executor against the conformance suite."""

from __future__ import annotations

from pyperunner_runner.executors.inline import InlineExecutor
from pyperunner_runner.testing import ExecutorContract


class TestInlineExecutor(ExecutorContract):
    isolates = False
    audits = False

    def make_executor(self, session):
        return InlineExecutor(session)
