"""``pyperunner report RUN``: write the report of a run."""

from __future__ import annotations

import argparse

from pyperunner_cli.loading.recorded_runs import RUN, add_log_path, find_run
from pyperunner_cli.text import relative, say

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help=RUN)
    add_log_path(parser)


def execute(options: argparse.Namespace) -> int:
    """Write ``report.html`` into the run's folder and print its path."""
    from pyperunner_results import write_report

    say(relative(write_report(find_run(options.run, options.log_path))))
    return 0
