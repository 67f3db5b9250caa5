"""Checks of outputs in the process that has made or loaded them."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_dag import failed_check, open_store, save_whole
from pyperunner_runner.errors import CheckFailed

if TYPE_CHECKING:
    from pyperunner_dag import Task

__all__ = ["ASIDE", "FOLDER", "check_made", "check_stored"]

ASIDE = "failed_checks"
"""Name of the store in the run folder where outputs are left for a look."""
FOLDER = "run_folder"
"""What of a job's ``meta`` names the run folder; it is not stored."""


def check_made(task: Task, value: Any, folder: str, meta: Mapping[str, Any]) -> None:
    """Check what a task has returned; what does not pass is left in the run folder.

    Args:
        task: The task.
        value: What it has returned.
        folder: The run folder.
        meta: What would be stored beside it.

    Raises:
        CheckFailed: It has not passed.
    """
    failed = failed_check(task.options.check, value)
    if failed is None:
        return
    aside = ""
    with suppress(Exception):  # that it can't be kept is no better reason to fail
        aside = str(Path(folder, ASIDE)) if folder else ""
        if aside:
            save_whole(open_store(aside), task, value, meta)
    raise CheckFailed(task.name, failed.name, failed.problem, aside, task.key if aside else "") from failed.error


def check_stored(task: Task, value: Any) -> None:
    """Check a stored output.

    Raises:
        CheckFailed: It has not passed.
    """
    failed = failed_check(task.options.check, value)
    if failed is not None:
        raise CheckFailed(task.name, failed.name, failed.problem, "", task.key) from failed.error
