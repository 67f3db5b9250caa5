"""The conformance suite of executors: subclass ``ExecutorContract`` in a test module, and pytest does the rest."""

from __future__ import annotations

from pyperunner_runner.testing.executor_contract import ExecutorContract

__all__ = ["ExecutorContract"]
