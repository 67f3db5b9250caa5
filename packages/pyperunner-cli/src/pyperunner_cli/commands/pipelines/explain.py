"""``pyperunner explain TARGET [TASK]``: why a task would run, as a difference to what is stored."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.options import add_places, add_target, make_runner, pipeline_of
from pyperunner_cli.text import visible

if TYPE_CHECKING:
    from pyperunner_runner import TaskExplanation

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument("task", metavar="TASK", nargs="?", help="explain this task, with the differences of its code")
    parser.add_argument("--diff", action="store_true", help="show the differences of code for every task")
    add_places(parser)
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print a line per task with its state, and below it why it is not up to date."""
    pipeline = pipeline_of(options)
    runner = make_runner(options)
    runner.set_pipeline(pipeline)
    if options.task is not None:
        explained = [runner.explain(options.task, force_reload=options.force)]
    else:
        explained = list(runner.explain(force_reload=options.force).values())
    if options.json:
        say_json("explain", pipeline=pipeline.name, tasks=list(map(_fields, explained)))
    else:
        for found in explained:
            _print(found.lines(diffs=options.diff or options.task is not None))
    return 0


def _fields(found: TaskExplanation) -> dict[str, object]:
    differences = [{"kind": each.kind, "text": each.text, "diff": each.diff} for each in found.differences]
    facts = {"name": found.name, "state": found.state, "reasons": found.reasons}
    return {**facts, "nearest": found.nearest, "differences": differences}


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        print(visible(line))
