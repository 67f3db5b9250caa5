"""Local-first pipelines: cached by code and configuration, one process per task.

The names below are all that a pipeline needs. Each lives in one of the parts (dag, results, runner), which is imported
when the name is first used: ``import pyperunner`` costs next to nothing.
"""

from __future__ import annotations

import importlib

from pyperunner_text import __version__

TYPE_CHECKING = False  # true to type checkers; importing it from typing would be most of the cost of this import
if TYPE_CHECKING:
    from typing import Any

    from pyperunner_dag import Pipeline, PipelineError, Sequential, Task, TaskError, fixed, run, task
    from pyperunner_results import PipelineResult, TaskResult
    from pyperunner_runner import Runner

__all__ = [
    "Pipeline",
    "PipelineError",
    "PipelineResult",
    "Runner",
    "Sequential",
    "Task",
    "TaskError",
    "TaskResult",
    "__version__",
    "fixed",
    "run",
    "task",
]

_HOMES = {
    "Pipeline": "pyperunner_dag",
    "PipelineError": "pyperunner_dag",
    "PipelineResult": "pyperunner_results",
    "Runner": "pyperunner_runner",
    "Sequential": "pyperunner_dag",
    "Task": "pyperunner_dag",
    "TaskError": "pyperunner_dag",
    "TaskResult": "pyperunner_results",
    "fixed": "pyperunner_dag",
    "run": "pyperunner_dag",
    "task": "pyperunner_dag",
}


def __getattr__(name: str) -> Any:
    if name == "environment":
        return importlib.import_module("pyperunner.environment")
    if name not in _HOMES:
        raise AttributeError(f"module 'pyperunner' has no attribute {name!r}")
    value = globals()[name] = getattr(importlib.import_module(_HOMES[name]), name)
    return value


def load_ipython_extension(ipython: Any) -> None:
    """Add ``%%task`` to IPython; called by ``%load_ext pyperunner``."""
    from pyperunner_runner.notebook.magics import register

    register(ipython)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, "environment"})
