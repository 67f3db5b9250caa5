"""Runs of the past as targets: makes the recorded pipeline again and says what is not as it was."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.target import first_on_path

if TYPE_CHECKING:
    import argparse

    from pyperunner_dag import Pipeline
    from pyperunner_results import PipelineResult

__all__ = ["add_project", "find_modules", "main_file", "recorded_pipeline"]


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add ``--project``."""
    parser.add_argument(
        "--project", default="", metavar="PATH", help="where the code of a recorded run is, if not where it was"
    )


def find_modules(results: PipelineResult, project: str) -> None:
    """Let the modules of a recorded run be found: in the folder that is told, else in that of the record.

    Raises:
        CommandError: There is no such folder.
    """
    if project and not Path(project).is_dir():
        raise CommandError(f"--project {project!r} is no folder.")
    first_on_path(str(Path(project or results.base_dir or ".").absolute()))


def main_file(folder: str, project: str) -> str | None:
    """Return the main file of a recorded run, if it is still there."""
    from pyperunner_results import PipelineResult

    results = PipelineResult.from_file(folder)
    name = ((results.conf.get("run") or {}).get("env") or {}).get("mainfile")
    file = Path(project or results.base_dir, str(name))
    return str(file) if name and file.is_file() else None


def recorded_pipeline(folder: str, *, strict: bool, project: str = "") -> Pipeline:
    """Return the pipeline of a recorded run, after saying what differs from the record.

    Args:
        folder: The run's folder.
        strict: Refuse to go on if anything differs.
        project: Where its code is, if not where the record says or where it has moved to with the record.

    Raises:
        CommandError: Something differs, and ``strict`` is true.
        NotARun: The folder holds no run.
        PipelineFileError: The pipeline can't be made again.
    """
    from pyperunner_dag import HashMismatchError, Pipeline
    from pyperunner_results import PipelineResult, drift

    results = PipelineResult.from_file(folder)
    find_modules(results, project)
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
