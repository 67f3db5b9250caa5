"""Runs of the past as targets: makes the recorded pipeline again and says what is not as it was."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_cli.defaults import default_of
from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.source import add_package_root
from pyperunner_cli.loading.target import first_on_path
from pyperunner_cli.text import say

if TYPE_CHECKING:
    import argparse

    from pyperunner_dag import Pipeline
    from pyperunner_results import PipelineResult

__all__ = [
    "DATA_PATH", "add_data_path", "add_project", "add_trust", "find_modules", "main_file", "output_of", "read_run",
    "recorded_pipeline", "whole",
]  # fmt: skip

DATA_PATH = "pyperunner-data"
"""Where commands keep outputs unless they are told otherwise."""


def add_data_path(parser: argparse.ArgumentParser) -> None:
    """Add ``--data-path``, for commands that read a run."""
    parser.add_argument("--data-path", default="", metavar="PATH", help="where the outputs are, if not where they were")


def add_project(parser: argparse.ArgumentParser) -> None:
    """Add ``--project``."""
    parser.add_argument(
        "--project", default="", metavar="PATH", help="where the code of a recorded run is, if not where it was"
    )


def add_trust(parser: argparse.ArgumentParser) -> None:
    """Add ``--trust``."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="load all outputs from the store that the record names, which can run code of whoever wrote them",
    )


def read_run(folder: str, data_path: str = "", *, trust: bool = False) -> PipelineResult:
    """Return the results of a run. Of a store that only the record names, plain data are loaded, and no pickles.

    Args:
        folder: The run's folder or ``pipeline.yaml``.
        data_path: Where the user says that its outputs are.
        trust: Whether the user trusts the store that the record names. That is so, too, if it is the one that commands
            use in the current folder.
    """
    from pyperunner_results import PipelineResult

    results = PipelineResult.from_file(folder, data_path, trust="safe")
    if not data_path and (trust or os.path.realpath(results.data_path) == _own_store()):
        return PipelineResult(results.conf, run_folder=results.run_folder)
    return results


def _own_store() -> str:
    return os.path.realpath(default_of("data-path", DATA_PATH))


def output_of(results: PipelineResult, task: str) -> Any:
    """Return an output.

    Raises:
        CommandError: It is there, but nobody has said that what it holds may be loaded.
    """
    from pyperunner_results import OutputMissing

    try:
        return whole(results[task])
    except OutputMissing as error:
        if results.trust == "pickle" or not results.task(task).output_exists():
            raise
        raise CommandError(
            f"the output of {task} is not loaded from {results.data_path}: {error.why}. Only the record names that "
            "store. If you trust whoever wrote into it, add --trust."
        ) from error


def whole(output: Any) -> Any:
    """Return an output; that of a mapped task as a list of what its elements made."""
    from pyperunner_results.reading.elements import ElementOutputs

    return list(output) if isinstance(output, ElementOutputs) else output


def find_modules(results: PipelineResult, project: str) -> None:
    """Let the modules of a recorded run be found: in the folder that is told, else in that of the record.

    Where only plain data are loaded, the record's folder is left out: a module in it could take the place of Python's.

    Raises:
        CommandError: There is no such folder.
    """
    if project and not Path(project).is_dir():
        raise CommandError(f"--project {project!r} is no folder.")
    if project or results.trust == "pickle":
        for folder in _places(project, results.base_dir):
            first_on_path(folder)
            add_package_root(folder)


def _places(project: str, base_dir: str) -> list[str]:
    """Return where modules may be, the likeliest last: in the recorded folder; in the one told, or below it alike."""
    if not project:
        return [str(Path(base_dir or ".").absolute())]
    parts = Path(base_dir).parts[1:]
    below = [Path(project, *parts[start:]) for start in range(len(parts))]
    return [str(folder.absolute()) for folder in (*filter(Path.is_dir, below), Path(project))]


def main_file(folder: str, project: str) -> str | None:
    """Return the main file of a recorded run, if it is still there."""
    from pyperunner_results import PipelineResult
    from pyperunner_results.shape import as_mapping

    results = PipelineResult.from_file(folder)
    name = as_mapping(as_mapping(results.conf.get("run")).get("env")).get("mainfile")
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
        say(line, sys.stderr)
    return pipeline
