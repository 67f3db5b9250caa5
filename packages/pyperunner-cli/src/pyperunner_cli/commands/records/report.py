"""``pyperunner report RUN``: write the report of a run."""

from __future__ import annotations

import argparse

from pyperunner_cli.loading.printing import stdout_to_stderr
from pyperunner_cli.loading.recorded_run import add_data_path, add_trust, read_run
from pyperunner_cli.loading.recorded_runs import RUN, add_log_path, find_run
from pyperunner_cli.text import relative, say

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help=RUN)
    parser.add_argument("--no-outputs", action="store_true", help="show no outputs")
    add_data_path(parser)
    add_log_path(parser)
    add_trust(parser)


def execute(options: argparse.Namespace) -> int:
    """Write ``report.html`` into the run's folder and print its path."""
    from pyperunner_results import write_report

    results = read_run(find_run(options.run, options.log_path), options.data_path, trust=options.trust)
    with stdout_to_stderr():  # an output imports the library that it is of
        path = write_report(results, outputs=not options.no_outputs)
    say(relative(path))
    return 0
