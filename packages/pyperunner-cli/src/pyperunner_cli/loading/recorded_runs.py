"""Runs by name: finds the folder of the run that a RUN names."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from pyperunner_cli.errors import CommandError
from pyperunner_cli.text import did_you_mean, listing

__all__ = ["LATEST", "LOG_PATH", "RUN", "add_log_path", "find_run", "is_run"]

LATEST = "latest"
LOG_PATH = "pyperunner-runs"
"""Where commands keep records unless they are told otherwise."""
RUN = "a run: its folder, its name or the unique beginning of it, or `latest`"
_RECORDS = ("pipeline.yaml", "summary.json")


def add_log_path(parser: argparse.ArgumentParser) -> None:
    """Add ``--log-path``."""
    parser.add_argument(
        "--log-path", default=LOG_PATH, metavar="PATH", help="folder of the runs' records (%(default)s)"
    )


def find_run(run: str, log_path: str) -> str:
    """Return the folder of a run, or the file if that is what is named.

    Args:
        run: A path; else the name of a run below ``log_path`` or the beginning of just one, or ``latest``.
        log_path: Folder of run folders.

    Raises:
        CommandError: There is no such run, or the text is the beginning of several.
    """
    found = _by_path(run) or _by_name(run, log_path)
    if found is not None:
        return found
    if os.path.lexists(run):  # it is something else, and who reads it says what is wrong with it
        return run
    names = _names(log_path)
    near = f"{log_path} holds no run." if not names else did_you_mean(run, [LATEST, *names])
    raise CommandError(f"there is no run {run!r}. {near}")


def is_run(run: str, log_path: str) -> bool:
    """Say whether a text that need not be meant so names a run; one that is the beginning of several does.

    Raises:
        CommandError: It is the beginning of several.
    """
    return bool(_by_path(run) or _by_name(run, log_path))


def _by_path(run: str) -> str | None:
    path = Path(run)
    holds = path.is_file() or any((path / name).is_file() for name in _RECORDS)
    return run if holds else None


def _by_name(run: str, log_path: str) -> str | None:
    if run == LATEST:
        return _latest(log_path)
    if not run or os.sep in run:
        return None
    names = _names(log_path)
    found = [run] if run in names else [name for name in names if name.startswith(run)]
    if len(found) > 1:
        raise CommandError(f"{run!r} is the beginning of several runs: {listing(found)}.")
    return str(Path(log_path, found[0])) if found else None


def _latest(log_path: str) -> str:
    from pyperunner_results import NotARun, runs

    try:
        found = [run for run in runs(log_path) if run.state != "broken"]
    except NotARun:
        found = []
    if not found:
        raise CommandError(f"there is no latest run: {log_path} holds none.")
    return str(Path(log_path, found[-1].name))


def _names(log_path: str) -> list[str]:
    try:
        return sorted(folder.name for folder in Path(log_path).iterdir() if _by_path(str(folder)) and folder.is_dir())
    except OSError:
        return []
