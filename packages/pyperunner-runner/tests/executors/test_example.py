"""The executor in docs/examples, written with what is public, against the conformance suite."""

from __future__ import annotations

import importlib.util
import pathlib

import pytest

from pyperunner_runner.testing import ExecutorContract

EXAMPLE = pathlib.Path(__file__).parents[4] / "docs" / "examples" / "thread_executor.py"


@pytest.mark.skipif(not EXAMPLE.exists(), reason="needs docs/examples, which only the repository has")
class TestThreadExecutor(ExecutorContract):
    isolates = False
    audits = False

    def make_executor(self, session):
        spec = importlib.util.spec_from_file_location("thread_executor", EXAMPLE)
        example = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(example)
        return example.ThreadExecutor(session)
