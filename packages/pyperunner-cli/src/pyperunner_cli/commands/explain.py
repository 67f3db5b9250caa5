"""``pyperunner explain TARGET [TASK]``: why a task would run, as a difference to what is stored."""

from __future__ import annotations

import argparse
from collections.abc import Iterable

from pyperunner_cli.options import add_places, add_target, make_runner, pipeline_of
from pyperunner_cli.text import visible

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument("task", metavar="TASK", nargs="?", help="explain this task, with the differences of its code")
    parser.add_argument("--diff", action="store_true", help="show the differences of code for every task")
    add_places(parser)


def execute(options: argparse.Namespace) -> int:
    """Print a line per task with its state, and below it why it is not up to date."""
    runner = make_runner(options)
    runner.set_pipeline(pipeline_of(options))
    if options.task is not None:
        _print(runner.explain(options.task, force_reload=options.force).lines(diffs=True))
    else:
        for found in runner.explain(force_reload=options.force).values():
            _print(found.lines(diffs=options.diff))
    return 0


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(visible(line))
