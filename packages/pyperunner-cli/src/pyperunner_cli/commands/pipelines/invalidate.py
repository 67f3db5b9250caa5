"""``pyperunner invalidate TARGET TASK``: remove the stored output of a task."""

from __future__ import annotations

import argparse

from pyperunner_cli.options import add_places, add_target, make_runner, pipeline_of
from pyperunner_cli.text import visible

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument("task", metavar="TASK", help="the task that the next run is to execute")
    parser.add_argument("--downstream", action="store_true", help="remove the outputs of what follows from it, too")
    add_places(parser)


def execute(options: argparse.Namespace) -> int:
    """Remove the output and say which there were."""
    pipeline = pipeline_of(options)
    runner = make_runner(options)
    runner.set_pipeline(pipeline)
    removed = runner.invalidate(options.task, downstream=options.downstream)
    print(f"removed {', '.join(map(visible, removed))}" if removed else "there was no stored output")
    return 0
