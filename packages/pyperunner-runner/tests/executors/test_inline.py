"""The inline executor against the conformance suite."""

from __future__ import annotations

import pytest

from pyperunner_runner import ports
from pyperunner_runner.executors import inline
from pyperunner_runner.executors.inline import InlineExecutor
from pyperunner_runner.testing import ExecutorContract


class TestInlineExecutor(ExecutorContract):
    isolates = False
    audits = False

    def make_executor(self, session):
        return InlineExecutor(session)


def test_the_former_handle_is_the_handle_of_all():
    with pytest.warns(DeprecationWarning, match="JobHandle"):
        assert inline.InlineHandle is ports.JobHandle
