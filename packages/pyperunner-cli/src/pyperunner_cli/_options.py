"""Arguments that several commands share, and what is made of them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pyperunner_cli._settings import apply_settings
from pyperunner_cli._target import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyperunner_dag import Pipeline
    from pyperunner_runner import Runner
    from pyperunner_runner.events import Hook

__all__ = ["add_places", "add_target", "make_runner", "pipeline_of"]

_DATA_PATH = "pyperunner-data"
_LOG_PATH = "pyperunner-runs"


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add TARGET and ``--set``."""
    parser.add_argument(
        "target", metavar="TARGET", help="file.py, file.py:name, module:name, a saved pipeline.yaml, or a run's folder"
    )
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="'TASK(TAG).PARAM=VALUE'",
        help="change a param; the value is read as YAML; may be given several times",
    )


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add ``--data-path``, ``--log-path`` and ``--force``."""
    parser.add_argument(
        "--data-path",
        default=_DATA_PATH,
        metavar="PATH",
        help="where outputs are kept: a folder or a store's URL (%(default)s)",
    )
    parser.add_argument(
        "--log-path", default=_LOG_PATH, metavar="PATH", help="folder of the runs' records (%(default)s)"
    )
    parser.add_argument("--force", action="store_true", help="execute every task, whatever is stored")


def pipeline_of(options: argparse.Namespace) -> Pipeline:
    """Return the pipeline of TARGET with the params of ``--set``."""
    pipeline = resolve(options.target)
    apply_settings(pipeline, options.settings)
    return pipeline


def make_runner(options: argparse.Namespace, jobs: int | None = None, hooks: Iterable[Hook] = ()) -> Runner:
    """Return a runner on the chosen places.

    Args:
        options: What ``add_places`` added.
        jobs: Tasks at once; ``None`` for the number of CPUs.
        hooks: Called with every event of the run.
    """
    from pyperunner_runner import Runner

    return Runner(options.data_path, options.log_path, jobs, hooks=tuple(hooks))
