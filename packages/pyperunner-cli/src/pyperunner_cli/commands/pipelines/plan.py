"""``pyperunner plan TARGET``: what a run would do with each task, and why."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.options import add_places, add_selection, add_target, make_runner, pipeline_of, selection_of
from pyperunner_cli.text import aligned, count, visible

if TYPE_CHECKING:
    from pyperunner_runner import Decision, TaskExplanation

__all__ = ["configure", "execute"]

_EXIT_TO_EXECUTE = 3


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_target(parser)
    add_places(parser)
    add_selection(parser)
    parser.add_argument("--exit-code", action="store_true", help="exit with 3 if a run would execute anything")
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print one line per task, in the order of a run, and how many would be executed; return 3 if that is asked for."""
    pipeline = pipeline_of(options)
    runner = make_runner(options)
    runner.set_pipeline(pipeline)
    runner.analyze_pipeline(force_reload=options.force, **selection_of(options))
    decisions = runner.plan
    why = runner.explain(force_reload=options.force)
    to_execute = sum(made.action == "run" for made in decisions.values())
    if options.json:
        tasks = [_fields(name, made, why[name]) for name, made in decisions.items()]
        say_json("plan", pipeline=pipeline.name, to_execute=to_execute, tasks=tasks)
    else:
        rows = [(visible(name), made.action, visible(_short(why[name], made))) for name, made in decisions.items()]
        print("\n".join(aligned(rows)))
        print(f"{to_execute} of {count(len(decisions), 'task')} to execute")
    return _EXIT_TO_EXECUTE if options.exit_code and to_execute else 0


def _fields(name: str, made: Decision, why: TaskExplanation) -> dict[str, object]:
    reasons = why.reasons if made.action == "run" and why.reasons else (made.reason,)
    return {"name": name, "action": made.action, "reasons": reasons}


def _short(why: TaskExplanation, made: Decision) -> str:
    """Return the first of the reasons for which a task runs, and how many more there are."""
    if made.action != "run" or not why.reasons:
        return made.reason
    more = len(why.reasons) - 1
    return why.reasons[0] + (f" (and {more} more)" if more else "")
