"""``pyperunner accept TARGET TASK``: let a stored output stand although the task was changed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pyperunner_cli.options import add_places, add_target, make_runner, pipeline_of
from pyperunner_cli.text import count, visible

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pyperunner_runner import Acceptance

__all__ = ["configure", "execute"]

_EXIT_DECLINED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument("task", metavar="TASK", help="a task after a change that changes nothing in its output")
    parser.add_argument("--downstream", action="store_true", help="accept what follows from it, too")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add_places(parser)


def execute(options: argparse.Namespace) -> int:
    """Show what differs, ask, and accept; return 1 if the answer is no."""
    pipeline = pipeline_of(options)
    runner = make_runner(options)
    runner.set_pipeline(pipeline)
    chosen = runner.accept(options.task, downstream=options.downstream, dry_run=True)
    _show(chosen)
    if not options.yes and not _agreed(f"Let the stored output of {count(len(chosen), 'task')} stand? [y/N] "):
        print("nothing was changed")
        return _EXIT_DECLINED
    done = runner.accept(options.task, downstream=options.downstream)
    print(f"accepted {', '.join(visible(one.name) for one in done)}")
    return 0


def _show(chosen: Iterable[Acceptance]) -> None:
    for one in chosen:
        print(f"{visible(one.name)}  differs from the output stored as {visible(one.earlier)}")
        for found in one.differences:
            print(f"    {visible(found.text)}")
            for line in found.diff.splitlines():
                print(f"        {visible(line)}")
        if not one.differences:
            print("    what differs was not recorded")


def _agreed(question: str) -> bool:
    try:
        return input(question).strip().lower() in ("y", "yes")
    except EOFError:
        print()
        return False
