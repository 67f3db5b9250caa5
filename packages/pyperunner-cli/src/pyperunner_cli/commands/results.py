"""``pyperunner results RUN [TASK]``: the tasks of a run, or the output of one."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError, in_words_of_the_command
from pyperunner_cli.loading.printing import stdout_to_stderr
from pyperunner_cli.loading.recorded_run import add_project, add_trust, find_modules, output_of, read_run
from pyperunner_cli.text import aligned, duration, say, say_value, visible

if TYPE_CHECKING:
    from pyperunner_results import PipelineResult

__all__ = ["configure", "execute"]

_SHOWN_BYTES = 1_000  # more are a picture or the like, of no use on a terminal


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help="folder of a run, or its pipeline.yaml")
    parser.add_argument("task", metavar="TASK", nargs="?", help="show the output of this task")
    parser.add_argument("-o", "--output", metavar="FILE", help="write the output of TASK, text or bytes, to a file")
    parser.add_argument("--data-path", default="", metavar="PATH", help="where the outputs are, if not where they were")
    add_project(parser)
    add_trust(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the output of the task, or one line per task."""
    if options.output and options.task is None:
        raise CommandError("--output needs a TASK whose output is to be written.")
    results = read_run(options.run, options.data_path, trust=options.trust)
    if options.task is None:
        _print_table(results)
        return 0
    find_modules(results, options.project)
    with stdout_to_stderr():  # an output of a class of the user's imports its module
        output = output_of(results, options.task)
    if options.output:
        _write_output(output, options.output, options.task)
    else:
        _print_output(output)
    return 0


def _write_output(output: object, file: str, task: str) -> None:
    if not isinstance(output, (str, bytes)):
        raise CommandError(f"the output of {task} is of type {type(output).__name__}; only text and bytes make a file.")
    Path(file).write_bytes(output if isinstance(output, bytes) else output.encode())
    say(f"{file}: {len(output)} {'bytes' if isinstance(output, bytes) else 'characters'}")


def _print_output(output: object) -> None:
    if isinstance(output, bytes) and len(output) > _SHOWN_BYTES:
        say(f"{len(output):,} bytes that begin with {output[:16]!r}; --output FILE writes them to a file")
    else:
        say_value(output)


def _print_table(results: PipelineResult) -> None:
    from pyperunner_results import StoreUnavailable

    tasks = results.all_tasks()
    try:
        stored = ["stored" if task.output_exists() else "none" for task in tasks]
        problem = ""
    except StoreUnavailable as error:  # the rest of the table needs no store
        stored, problem = ["unknown"] * len(tasks), in_words_of_the_command(error)
    rows = [("task", "status", "time", "output")]
    for task, output in zip(tasks, stored, strict=True):
        took = duration(task.wall) if task.attempts and task.wall is not None else ""
        rows.append((visible(task.name), (task.status or "").lower(), took, output))
    say("\n".join(aligned(rows)))
    if problem:
        say(problem, sys.stderr)
