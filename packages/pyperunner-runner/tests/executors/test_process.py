"""The process executor against the conformance suite, once for each way to make processes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from pyperunner_runner.executors.process import ProcessExecutor
from pyperunner_runner.testing import ExecutorContract


class TestProcessExecutor(ExecutorContract):
    @pytest.fixture(params=["fork", "forkserver", pytest.param("spawn", marks=pytest.mark.long)], autouse=True)
    def start_method(self, request):
        self.method = request.param

    def make_executor(self, session):
        return ProcessExecutor(replace(session, start_method=self.method))
