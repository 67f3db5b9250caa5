"""``pyperunner check TARGET [TASK …]``: whether tasks make the same outputs again, and what else they depend on."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.loading.recorded_run import DATA_PATH
from pyperunner_cli.loading.recorded_runs import add_log_path
from pyperunner_cli.options import add_jobs, add_target, matching, pipeline_of
from pyperunner_cli.text import visible, without_secrets

if TYPE_CHECKING:
    from pyperunner_runner import TaskCheck

__all__ = ["configure", "execute"]

_EXIT_NOT_STORED, _EXIT_DEPENDS = 1, 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    parser.add_argument(
        "tasks", metavar="TASK", nargs="*", help="names, classes or globs of the tasks to check; all without any"
    )
    parser.add_argument(
        "--data-path",
        default=DATA_PATH,
        metavar="PATH",
        help="where the outputs are to compare with: a folder or a store's URL (%(default)s)",
    )
    add_log_path(parser)
    add_jobs(parser)
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print what each task depends on; return 3 if any depends on more than its key, 1 if any could not be checked."""
    from pyperunner_runner import check_determinism

    pipeline = pipeline_of(options)
    names = matching(options.tasks, [task.name for task in pipeline.dag()])
    found = list(check_determinism(pipeline, options.data_path, names or None, process_limit=options.jobs).values())
    if options.json:
        say_json("check", pipeline=pipeline.name, tasks=[_masked(asdict(each)) for each in found])
    else:
        _print(found)
    states = {each.state for each in found}
    return _EXIT_DEPENDS if "depends" in states else _EXIT_NOT_STORED if "not stored" in states else 0


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _masked(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_masked(item) for item in value]
    return without_secrets(value) if isinstance(value, str) else value


def _print(found: list[TaskCheck]) -> None:
    for each in found:
        for line in each.lines():
            print(visible(without_secrets(line)))
    same = sum(each.state == "same" for each in found)
    print(f"{same} of {len(found)} tasks make the same again, here and elsewhere, and read nothing undeclared")
