"""``pyperunner plan TARGET``: what a run would do with each task, and why."""

from __future__ import annotations

import argparse

from pyperunner_cli._options import add_places, add_target, make_runner, pipeline_of
from pyperunner_cli._text import aligned, count, visible

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    add_places(parser)


def execute(options: argparse.Namespace) -> int:
    """Print one line per task, in the order of a run, and how many would be executed."""
    pipeline = pipeline_of(options)
    runner = make_runner(options)
    runner.set_pipeline(pipeline)
    runner.queue_tasks(force_reload=options.force)
    decisions = runner.plan
    print("\n".join(aligned([(visible(name), made.action, visible(made.reason)) for name, made in decisions.items()])))
    to_execute = sum(made.action == "run" for made in decisions.values())
    print(f"{to_execute} of {count(len(decisions), 'task')} to execute")
    return 0
