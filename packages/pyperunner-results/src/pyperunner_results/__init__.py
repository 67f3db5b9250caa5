"""Records of pipeline runs: written, read, compared.

A run is a folder. :class:`RunFolder` writes it, :class:`PipelineResult` and :class:`TaskResult` read it, :func:`runs`
lists many of them. Names are imported on first use, so that importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib

from pyperunner_results.former_names import keep_former_modules
from pyperunner_text import __version__

TYPE_CHECKING = False  # type checkers take it for true; importing typing for it would cost most of this import
if TYPE_CHECKING:
    from typing import Any

    from pyperunner_results.comparing.comparison import diff
    from pyperunner_results.comparing.drift import drift
    from pyperunner_results.comparing.run_diff import CodeChange, RunDiff, TaskDiff
    from pyperunner_results.credentials import strip_credentials
    from pyperunner_results.errors import (
        NotARun,
        OutputMissing,
        RecordError,
        ResultsError,
        StoreUnavailable,
        TaskUnsuccessful,
        UnknownTask,
        YamlError,
    )
    from pyperunner_results.exporting.writing import export_run
    from pyperunner_results.ports import OutputReader
    from pyperunner_results.process import process_identity, process_is_alive
    from pyperunner_results.reading.history import RunSummary, runs
    from pyperunner_results.reading.pipeline_result import PipelineResult
    from pyperunner_results.reading.task_result import TaskResult
    from pyperunner_results.reading.task_times import times_of_tasks
    from pyperunner_results.report.page import write_report
    from pyperunner_results.writing.environment import get_environment_info
    from pyperunner_results.writing.folder import RunFolder, TaskLog, run_name
    from pyperunner_results.writing.run_section import run_section

_HOMES = {
    "CodeChange": "comparing.run_diff",
    "NotARun": "errors",
    "OutputMissing": "errors",
    "OutputReader": "ports",
    "PipelineResult": "reading.pipeline_result",
    "RecordError": "errors",
    "ResultsError": "errors",
    "RunDiff": "comparing.run_diff",
    "RunFolder": "writing.folder",
    "RunSummary": "reading.history",
    "StoreUnavailable": "errors",
    "TaskUnsuccessful": "errors",
    "TaskDiff": "comparing.run_diff",
    "TaskLog": "writing.folder",
    "TaskResult": "reading.task_result",
    "UnknownTask": "errors",
    "YamlError": "errors",
    "diff": "comparing.comparison",
    "export_run": "exporting.writing",
    "drift": "comparing.drift",
    "get_environment_info": "writing.environment",
    "process_identity": "process",
    "process_is_alive": "process",
    "run_name": "writing.folder",
    "run_section": "writing.run_section",
    "runs": "reading.history",
    "strip_credentials": "credentials",
    "times_of_tasks": "reading.task_times",
    "write_report": "report.page",
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
    "TaskUnsuccessful",
    "UnknownTask",
    "YamlError",
    "__version__",
    "diff",
    "drift",
    "export_run",
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


keep_former_modules()


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
