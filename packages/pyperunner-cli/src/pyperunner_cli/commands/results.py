"""``pyperunner results RUN [TASK]``: the tasks of a run, or the output of one."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_cli.errors import CommandError
from pyperunner_cli.text import aligned, duration, visible

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


def execute(options: argparse.Namespace) -> int:
    """Print the output of the task, or one line per task."""
    from pyperunner_results import PipelineResult

    if options.output and options.task is None:
        raise CommandError("--output needs a TASK whose output is to be written.")
    results = PipelineResult.from_file(options.run, options.data_path)
    if options.task is None:
        _print_table(results)
    elif options.output:
        _write_output(results[options.task], options.output, options.task)
    else:
        _print_output(results[options.task])
    return 0


def _write_output(output: object, file: str, task: str) -> None:
    if not isinstance(output, (str, bytes)):
        raise CommandError(f"the output of {task} is of type {type(output).__name__}; only text and bytes make a file.")
    Path(file).write_bytes(output if isinstance(output, bytes) else output.encode())
    print(f"{file}: {len(output)} {'bytes' if isinstance(output, bytes) else 'characters'}")


def _print_output(output: object) -> None:
    from pprint import pprint

    if isinstance(output, str):
        print(output)
    elif isinstance(output, bytes) and len(output) > _SHOWN_BYTES:
        print(f"{len(output):,} bytes that begin with {output[:16]!r}; --output FILE writes them to a file")
    else:
        pprint(output)


def _print_table(results: PipelineResult) -> None:
    rows = [("task", "status", "time", "output")]
    for name in results:
        task = results.task(name)
        took = duration(task.wall) if task.attempts and task.wall is not None else ""
        rows.append((visible(name), (task.status or "").lower(), took, "stored" if task.output_exists() else "none"))
    print("\n".join(aligned(rows)))
