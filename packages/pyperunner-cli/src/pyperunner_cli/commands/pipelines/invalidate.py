"""``pyperunner invalidate TARGET TASK``: remove the stored output of a task."""

from __future__ import annotations

import argparse

from pyperunner_cli.options import add_places, add_target, make_runner, matching, pipeline_of
from pyperunner_cli.text import visible

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument(
        "tasks", metavar="TASK", nargs="+", help="what the next run is to execute: a task, or a glob for several"
    )
    parser.add_argument("--downstream", action="store_true", help="remove the outputs of what follows from it, too")
    add_places(parser)


def execute(options: argparse.Namespace) -> int:
    """Remove the output and say which there were."""
    pipeline = pipeline_of(options)
    runner = make_runner(options)
    runner.set_pipeline(pipeline)
    order = [task.name for task in pipeline.dag()]
    names = matching(options.tasks, order)
    found = {gone: None for name in names for gone in runner.invalidate(name, downstream=options.downstream)}
    removed = [name for name in order if name in found]
    removed += [name for name in found if name not in order]  # elements of mapped tasks
    print(f"removed {', '.join(map(visible, removed))}" if removed else "there was no stored output")
    return 0
