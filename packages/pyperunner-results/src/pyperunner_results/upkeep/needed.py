"""Needed outputs: the keys of the store that records name, which a clean-up leaves alone."""

from __future__ import annotations

import os
from pathlib import Path

from pyperunner_results.errors import NotARun, YamlError
from pyperunner_results.reading.history import RunSummary, runs
from pyperunner_results.reading.pipeline_result import PipelineResult
from pyperunner_results.run_files import PIPELINE_FILE

__all__ = ["needed_keys"]


def needed_keys(log_path: str | os.PathLike[str]) -> dict[str, tuple[RunSummary, frozenset[str]]]:
    """Return the runs below ``log_path`` by name, the oldest first, each with the keys of its tasks' outputs.

    A run that has not yet written which tasks it has, or never did, has none.

    Raises:
        NotARun, YamlError: What a run needs cannot be read.
    """
    try:
        found = runs(log_path)
    except NotARun:  # there is no such folder, so there are no records
        return {}
    return {run.name: (run, _keys(run.folder)) for run in found if run.state != "broken" or _has_tasks(run.folder)}


def _has_tasks(folder: str) -> bool:
    return Path(folder, PIPELINE_FILE).is_file()


def _keys(folder: str) -> frozenset[str]:
    if not _has_tasks(folder):
        return frozenset()
    try:
        results = PipelineResult.from_file(Path(folder, PIPELINE_FILE))
    except (NotARun, YamlError):
        if not _has_tasks(folder):  # it was removed meanwhile
            return frozenset()
        raise
    return frozenset(results.keys_of_outputs())
