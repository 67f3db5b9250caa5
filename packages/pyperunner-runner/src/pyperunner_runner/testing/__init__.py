"""For tests: runs of tasks and pipelines in this process, and the conformance suite of executors.

``ExecutorContract`` is subclassed in a test module, and pytest does the rest; ``RemoteExecutorContract`` for executors
whose jobs run on other machines, of which ``LocalWorkers`` play some.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_runner.testing.executor_contract import ExecutorContract
    from pyperunner_runner.testing.local_workers import LocalWorkers
    from pyperunner_runner.testing.remote_contract import RemoteExecutorContract
    from pyperunner_runner.testing.runs import run_pipeline, run_task

__all__ = ["ExecutorContract", "LocalWorkers", "RemoteExecutorContract", "run_pipeline", "run_task"]

_HOMES = {
    "ExecutorContract": "executor_contract",
    "LocalWorkers": "local_workers",
    "RemoteExecutorContract": "remote_contract",
    "run_pipeline": "runs",
    "run_task": "runs",
}


def __getattr__(name: str) -> Any:  # the suite takes pytest, which runs in tests may do without
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
