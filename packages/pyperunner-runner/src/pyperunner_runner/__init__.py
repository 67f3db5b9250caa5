"""Runs pipelines: one supervised child process per task, planned from what is stored, with a record of every run.

Names are imported on first use, so that importing this package costs next to nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pyperunner_text import __version__
from pyperunner_text.former_names import keep_former_modules

if TYPE_CHECKING:
    from pyperunner_runner.determinism.checking import check_determinism
    from pyperunner_runner.determinism.findings import Finding, TaskCheck
    from pyperunner_runner.errors import (
        CheckFailed,
        CodecRefused,
        FormatRefused,
        ImpossibleResources,
        InputLost,
        LimitTooLow,
        NoProcesses,
        NotAcceptable,
        RunFailed,
        RunnerError,
        SelectionUnmet,
        SharedLimitsError,
        StoreNotShareable,
        StoreNotWritable,
        TaskDied,
        TaskExited,
        TaskKilled,
        TaskNotPortable,
        TaskOutOfMemory,
        TaskTimedOut,
        UnknownExecutor,
        UnknownExecutorOption,
        UnknownPipelineTask,
        UnknownSelection,
        UnknownStartMethod,
        UnknownTask,
        WorkerLost,
    )
    from pyperunner_runner.planning.reasons_to_run import Decision
    from pyperunner_runner.ports import Executor
    from pyperunner_runner.provenance.acceptance import Acceptance
    from pyperunner_runner.provenance.explanation import Explanation, TaskExplanation
    from pyperunner_runner.replays import replay
    from pyperunner_runner.runner import Runner

_HOMES = {
    "Acceptance": "provenance.acceptance",
    "Finding": "determinism.findings",
    "TaskCheck": "determinism.findings",
    "check_determinism": "determinism.checking",
    "Decision": "planning.reasons_to_run",
    "Executor": "ports",
    "Explanation": "provenance.explanation",
    "ImpossibleResources": "errors",
    "InputLost": "errors",
    "LimitTooLow": "errors",
    "NoProcesses": "errors",
    "NotAcceptable": "errors",
    "RunFailed": "errors",
    "Runner": "runner",
    "RunnerError": "errors",
    "CheckFailed": "errors",
    "CodecRefused": "errors",
    "FormatRefused": "errors",
    "SharedLimitsError": "errors",
    "SelectionUnmet": "errors",
    "StoreNotShareable": "errors",
    "StoreNotWritable": "errors",
    "TaskDied": "errors",
    "TaskExited": "errors",
    "TaskExplanation": "provenance.explanation",
    "TaskKilled": "errors",
    "TaskOutOfMemory": "errors",
    "TaskTimedOut": "errors",
    "TaskNotPortable": "errors",
    "UnknownExecutor": "errors",
    "UnknownExecutorOption": "errors",
    "UnknownStartMethod": "errors",
    "UnknownSelection": "errors",
    "UnknownPipelineTask": "errors",
    "UnknownTask": "errors",
    "WorkerLost": "errors",
    "replay": "replays",
}

__all__ = [
    "Acceptance",
    "CheckFailed",
    "CodecRefused",
    "Decision",
    "Executor",
    "Explanation",
    "Finding",
    "FormatRefused",
    "ImpossibleResources",
    "InputLost",
    "LimitTooLow",
    "NoProcesses",
    "NotAcceptable",
    "RunFailed",
    "Runner",
    "RunnerError",
    "SelectionUnmet",
    "SharedLimitsError",
    "StoreNotShareable",
    "StoreNotWritable",
    "TaskCheck",
    "TaskDied",
    "TaskExited",
    "TaskExplanation",
    "TaskKilled",
    "TaskNotPortable",
    "TaskOutOfMemory",
    "TaskTimedOut",
    "UnknownExecutor",
    "UnknownExecutorOption",
    "UnknownPipelineTask",
    "UnknownSelection",
    "UnknownStartMethod",
    "UnknownTask",
    "WorkerLost",
    "__version__",
    "check_determinism",
    "replay",
]

keep_former_modules(
    __name__,
    {
        "_accept": "provenance.acceptance",
        "_errors": "errors",
        "_explain": "provenance.explanation",
        "_replay": "replays",
        "_task_errors": "errors",
        "plan": "planning.reasons_to_run",
    },
)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
