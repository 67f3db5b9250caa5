"""Records of pipeline runs: written, read, compared.

A run is a folder. :class:`RunFolder` writes it, :class:`PipelineResult` and :class:`TaskResult` read it, :func:`runs`
lists many of them. Names are imported on first use, so that importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib

TYPE_CHECKING = False  # type checkers take it for true; importing typing for it would cost most of this import
if TYPE_CHECKING:
    from typing import Any

    from ._diff import CodeChange, RunDiff, TaskDiff, diff
    from ._drift import drift
    from ._environment import get_environment_info
    from ._errors import NotARun, OutputMissing, RecordError, ResultsError, StoreUnavailable, UnknownTask, YamlError
    from ._folder import RunFolder, TaskLog, run_name
    from ._history import RunSummary, runs
    from ._pipeline_result import PipelineResult
    from ._process import process_identity, process_is_alive
    from ._report import write_report
    from ._run_section import run_section
    from ._task_result import TaskResult
    from ._text import strip_credentials
    from ._times import times_of_tasks
    from .ports import OutputReader

__version__ = "0.2.0"

_HOMES = {
    "CodeChange": "_diff",
    "NotARun": "_errors",
    "OutputMissing": "_errors",
    "OutputReader": "ports",
    "PipelineResult": "_pipeline_result",
    "RecordError": "_errors",
    "ResultsError": "_errors",
    "RunDiff": "_diff",
    "RunFolder": "_folder",
    "RunSummary": "_history",
    "StoreUnavailable": "_errors",
    "TaskDiff": "_diff",
    "TaskLog": "_folder",
    "TaskResult": "_task_result",
    "UnknownTask": "_errors",
    "YamlError": "_errors",
    "diff": "_diff",
    "drift": "_drift",
    "get_environment_info": "_environment",
    "process_identity": "_process",
    "process_is_alive": "_process",
    "run_name": "_folder",
    "run_section": "_run_section",
    "runs": "_history",
    "strip_credentials": "_text",
    "times_of_tasks": "_times",
    "write_report": "_report",
}

__all__ = [
    "CodeChange",
    "NotARun",
    "OutputMissing",
    "OutputReader",
    "PipelineResult",
    "RecordError",
    "ResultsError",
    "RunDiff",
    "RunFolder",
    "RunSummary",
    "StoreUnavailable",
    "TaskDiff",
    "TaskLog",
    "TaskResult",
    "UnknownTask",
    "YamlError",
    "__version__",
    "diff",
    "drift",
    "get_environment_info",
    "process_identity",
    "process_is_alive",
    "run_name",
    "run_section",
    "runs",
    "strip_credentials",
    "times_of_tasks",
    "write_report",
]


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
