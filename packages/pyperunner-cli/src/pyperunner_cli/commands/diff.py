"""``pyperunner diff RUN RUN``: what differs between two runs."""

from __future__ import annotations

import argparse

from pyperunner_cli.loading.printing import stdout_to_stderr
from pyperunner_cli.loading.recorded_run import add_project, add_trust, find_modules, read_run
from pyperunner_cli.text import say

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("before", metavar="RUN", help="folder of a run")
    parser.add_argument("now", metavar="RUN", help="folder of another, as a rule a later one")
    add_trust(parser)
    parser.add_argument("--no-outputs", action="store_true", help="compare outputs by their digests, load none")
    parser.add_argument("--data-path", default="", metavar="PATH", help="where the outputs are, if not where they were")
    add_project(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the difference; return 0 whether there is one or not."""
    from pyperunner_results import diff

    runs = [read_run(run, options.data_path, trust=options.trust) for run in (options.before, options.now)]
    find_modules(runs[1], options.project)
    with stdout_to_stderr():  # an output of a class of the user's imports its module
        found = diff(*runs, outputs=not options.no_outputs)
    say(str(found))
    return 0
