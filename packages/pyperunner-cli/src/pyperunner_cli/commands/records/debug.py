"""``pyperunner debug RUN TASK``: run one task of a run again, in this process, on its recorded inputs."""

from __future__ import annotations

import argparse

from pyperunner_cli.display.traceback import speaks_for_itself, user_traceback
from pyperunner_cli.loading.recorded_run import add_data_path, add_project, find_modules
from pyperunner_cli.loading.recorded_runs import RUN, add_log_path, find_run
from pyperunner_cli.text import say, say_value, without_secrets

__all__ = ["configure", "execute"]

_EXIT_FAILED = 1


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help=RUN)
    parser.add_argument("task", metavar="TASK", help="name of a task, such as 'Train()'")
    parser.add_argument("--pdb", action="store_true", help="open the debugger where the task raises")
    add_data_path(parser)
    add_project(parser)
    add_log_path(parser)


def execute(options: argparse.Namespace) -> int:
    """Run the task and print what it returns; return 1 if it raises."""
    from pyperunner_results import PipelineResult
    from pyperunner_runner import replay

    results = PipelineResult.from_file(find_run(options.run, options.log_path), options.data_path)
    find_modules(results, options.project)
    try:
        value = replay(results, options.task)
    except Exception as error:
        if speaks_for_itself(error):
            raise
        say(without_secrets(user_traceback(error)))
        if options.pdb:
            _post_mortem(error)
        return _EXIT_FAILED
    say_value(value)
    return 0


def _post_mortem(error: Exception) -> None:
    import pdb

    pdb.post_mortem(error.__traceback__)
