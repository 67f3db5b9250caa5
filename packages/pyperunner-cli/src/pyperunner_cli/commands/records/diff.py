"""``pyperunner diff RUN RUN``: what differs between two runs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from pyperunner_cli.json_output import add_json, as_json, say_json
from pyperunner_cli.loading.printing import stdout_to_stderr
from pyperunner_cli.loading.recorded_run import add_data_path, add_project, add_trust, find_modules, read_run
from pyperunner_cli.loading.recorded_runs import RUN, add_log_path, find_run
from pyperunner_cli.text import say

if TYPE_CHECKING:
    from pyperunner_results import RunDiff

__all__ = ["configure", "execute"]

_EXIT_DIFFERENT = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("before", metavar="RUN", help=RUN)
    parser.add_argument("now", metavar="RUN", help="another, as a rule a later one")
    add_trust(parser)
    parser.add_argument("--no-outputs", action="store_true", help="compare outputs by their digests, load none")
    add_data_path(parser)
    add_project(parser)
    add_log_path(parser)
    parser.add_argument("--exit-code", action="store_true", help="exit with 3 if anything differs")
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the difference; return 0 whether there is one or not, but where 3 for a difference is asked for."""
    from pyperunner_results import diff

    folders = [find_run(run, options.log_path) for run in (options.before, options.now)]
    runs = [read_run(folder, options.data_path, trust=options.trust) for folder in folders]
    find_modules(runs[1], options.project)
    with stdout_to_stderr():  # an output of a class of the user's imports its module
        found = diff(*runs, outputs=not options.no_outputs)
    if options.json:
        say_json("diff", same=found.same, **_fields(found))
    else:
        say(str(found))
    return _EXIT_DIFFERENT if options.exit_code and not found.same else 0


def _fields(found: RunDiff) -> dict[str, Any]:
    """Return the fields of the difference; each pair of before and now is a list of two."""
    fields: dict[str, Any] = as_json(found)
    for name, task in found.tasks.items():
        fields["tasks"][name]["same"] = task.same
    return fields
