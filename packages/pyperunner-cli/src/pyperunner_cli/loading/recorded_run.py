"""Runs of the past as targets: makes the recorded pipeline again and says what is not as it was."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.target import first_on_path

if TYPE_CHECKING:
    from pyperunner_dag import Pipeline
    from pyperunner_results import PipelineResult

__all__ = ["base_dir", "recorded_pipeline"]


def base_dir(results: PipelineResult) -> str:
    """Return the folder of the recorded main file, where its modules are found."""
    run = results.conf.get("run") or {}
    return str((run.get("env") or {}).get("base_dir") or ".")


def recorded_pipeline(folder: str, *, strict: bool) -> Pipeline:
    """Return the pipeline of a recorded run, after saying what differs from the record.

    Args:
        folder: The run's folder.
        strict: Refuse to go on if anything differs.

    Raises:
        CommandError: Something differs, and ``strict`` is true.
        NotARun: The folder holds no run.
        PipelineFileError: The pipeline can't be made again.
    """
    from pyperunner_dag import HashMismatchError, Pipeline
    from pyperunner_results import PipelineResult, drift

    results = PipelineResult.from_file(folder)
    first_on_path(base_dir(results))
    try:
        pipeline = Pipeline.from_dict(results.conf)
        differences: list[str] = []
    except HashMismatchError as error:
        pipeline = Pipeline.from_dict(results.conf, compare_hashes=False)
        differences = ["tasks:", *str(error).splitlines()[1:]]
    differences += drift(results)
    if differences and strict:
        raise CommandError("\n".join(["not everything is as it was in the recorded run:", *differences]))
    for line in differences:
        print(line, file=sys.stderr)
    return pipeline
