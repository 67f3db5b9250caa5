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
    parser.add_argument("--shared", metavar="NAME", help="also say who holds what of the limits shared as NAME")
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
    mapped = {task.name: task for task in pipeline.dag() if task.mapping is not None}
    tasks = [name for name in decisions if name not in mapped]
    to_execute = sum(decisions[name].action == "run" for name in tasks)
    waiting = [name for name, task in mapped.items() if task.elements is None and decisions[name].action == "run"]
    if options.json:
        found = [_fields(name, decisions[name], why[name]) for name in why]
        say_json("plan", pipeline=pipeline.name, to_execute=to_execute, tasks=found)
    else:
        rows = [(visible(name), decisions[name].action, visible(_short(why[name], decisions[name]))) for name in why]
        print("\n".join(aligned(rows)))
        more = "".join(f", {visible(name)} {visible(decisions[name].reason)}" for name in waiting)
        print(f"{to_execute} of {count(len(tasks), 'task')} to execute{more}")
        for line in _held(options.shared):
            print(line)
    return _EXIT_TO_EXECUTE if options.exit_code and (to_execute or waiting) else 0


def _held(shared: str | None) -> list[str]:
    """Return who holds what of shared limits, a line for each."""
    if shared is None:
        return []
    from pyperunner_runner.execution.sharing.limits import held

    return [f"shared as {visible(shared)}: {visible(words)}" for words in held(shared)] or [
        f"shared as {visible(shared)}: nothing is held"
    ]


def _fields(name: str, made: Decision, why: TaskExplanation) -> dict[str, object]:
    reasons = why.reasons if made.action == "run" and why.reasons else (made.reason,)
    return {"name": name, "action": made.action, "reasons": reasons}


def _short(why: TaskExplanation, made: Decision) -> str:
    """Return the first of the reasons for which a task runs, and how many more there are."""
    if made.action != "run" or not why.reasons:
        return made.reason
    more = len(why.reasons) - 1
    return why.reasons[0] + (f" (and {more} more)" if more else "")
