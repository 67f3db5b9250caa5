"""``pyperunner accept TARGET TASK``: let a stored output stand although the task was changed."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.options import add_places, add_target, make_runner, matching, pipeline_of
from pyperunner_cli.text import count, did_you_mean, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pyperunner_runner import Acceptance

__all__ = ["configure", "execute"]

_EXIT_DECLINED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument(
        "tasks",
        metavar="TASK",
        nargs="*",
        help="a task after a change that changes nothing in its output; a glob for several",
    )
    parser.add_argument(
        "--renamed",
        metavar="OLD=NEW",
        action="append",
        default=[],
        help="a task, or all of a class, was called OLD when its output was stored; may be given several times",
    )
    parser.add_argument("--downstream", action="store_true", help="accept what follows from it, too")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    add_places(parser)


def execute(options: argparse.Namespace) -> int:
    """Show what differs, ask, and accept; return 1 if the answer is no."""
    pipeline = pipeline_of(options)
    runner = make_runner(options)
    runner.set_pipeline(pipeline)
    names = [task.name for task in pipeline.dag()]
    renamed = _former_names(options.renamed, names)
    if not options.tasks and not renamed:
        raise CommandError("which task? Give its name, a glob, or what was renamed.")
    tasks = [*matching(options.tasks, names), *renamed]
    chosen = runner.accept(tasks, downstream=options.downstream, dry_run=True, renamed=renamed)
    _show(chosen)
    if not options.yes and not _agreed(f"Let the stored output of {count(len(chosen), 'task')} stand? [y/N] "):
        print("nothing was changed")
        return _EXIT_DECLINED
    done = runner.accept(tasks, downstream=options.downstream, renamed=renamed)
    print(f"accepted {', '.join(visible(one.name) for one in done)}")
    return 0


def _former_names(renamed: Iterable[str], names: Sequence[str]) -> dict[str, str]:
    """Return what tasks were called, by their names of today."""
    found: dict[str, str] = {}
    for text in renamed:
        old, equals, new = text.rpartition("=")
        whole = {name: old for name in names if name == new}
        tags = {name: f"{old}{name[len(new) :]}" for name in names if name.startswith(f"{new}(")}
        if not equals or not old or not (whole or tags):
            near = did_you_mean(new, [*names, *{name.partition("(")[0] for name in names}])
            raise CommandError(f"--renamed {text!r} is not OLD=NEW with NEW a task or class of the pipeline. {near}")
        found |= whole or tags
    return found


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
