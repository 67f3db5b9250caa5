"""``pyperunner run TARGET``: execute what has no stored output yet."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pyperunner_cli._options import add_places, add_target, make_runner, pipeline_of

if TYPE_CHECKING:
    from pyperunner_cli._summary import Tally

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    add_places(parser)
    parser.add_argument("-j", "--jobs", type=_jobs, metavar="N", help="tasks at once (number of CPUs)")
    parser.add_argument(
        "--early-cutoff", action="store_true", help="do not run what follows from a task that made its old output again"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="show what tasks print and why they run")
    parser.add_argument("--strict", action="store_true", help="refuse a recorded run if anything is not as it was")
    parser.add_argument("--no-report", action="store_true", help="write no report.html into the run's folder")


def execute(options: argparse.Namespace) -> int:
    """Run the pipeline and say what came of it; return 1 if a task failed."""
    from pyperunner_cli._progress import choose_display
    from pyperunner_cli._summary import Tally
    from pyperunner_results import write_report

    pipeline = pipeline_of(options, strict=options.strict)
    display, tally = choose_display(verbose=options.verbose), Tally()
    runner = make_runner(options, options.jobs, (display, tally), early_cutoff=options.early_cutoff)
    try:
        runner.run(pipeline, force_reload=options.force)
    except (KeyboardInterrupt, SystemExit):
        _say(tally)
        raise
    finally:
        display.close()
    _say(tally)
    if not options.no_report:
        write_report(runner.results())
    return tally.exit_code


def _say(tally: Tally) -> None:
    for line in tally.lines():
        print(line)


def _jobs(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tasks, 1 or more")
    return number
