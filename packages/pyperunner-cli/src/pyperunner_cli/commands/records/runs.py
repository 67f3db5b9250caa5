"""``pyperunner runs``: the runs there have been, the latest last."""

from __future__ import annotations

import argparse
from datetime import datetime
from typing import TYPE_CHECKING

from pyperunner_cli.json_output import add_json, say_json
from pyperunner_cli.loading.recorded_runs import add_log_path
from pyperunner_cli.text import aligned, count, duration, listing, say, visible

if TYPE_CHECKING:
    from pyperunner_results import RunSummary

__all__ = ["configure", "execute"]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_log_path(parser)
    parser.add_argument("--pipeline", metavar="NAME", help="only runs of this pipeline")
    parser.add_argument("-n", "--number", type=int, default=20, metavar="N", help="the last N (%(default)s); 0 for all")
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print one line per run."""
    from pyperunner_results import runs

    found = runs(options.log_path, options.pipeline)
    shown = found[-options.number :] if options.number > 0 else found
    if options.json:
        say_json("runs", runs=list(map(_fields, shown)), earlier=len(found) - len(shown))
        return 0
    rows = [("run", "started", "length", "state", "tasks", "git", "changed since the run before"), *map(_row, shown)]
    say("\n".join(aligned(rows)))
    if len(shown) < len(found):
        print(f"{len(found) - len(shown)} earlier; --number 0 shows all")
    return 0


def _fields(run: RunSummary) -> dict[str, object]:
    names = ("name", "folder", "pipeline", "state", "start", "length", "tasks", "total", "commit", "dirty", "problem")
    changed = {name: {"before": before, "now": now} for name, (before, now) in run.changed.items()}
    return {**{name: getattr(run, name) for name in names}, "changed": changed}


def _row(run: RunSummary) -> tuple[str, ...]:
    started = "" if run.start is None else f"{datetime.fromtimestamp(run.start):%Y-%m-%d %H:%M:%S}"
    length = "" if run.length is None else duration(run.length)
    tasks = ", ".join(f"{number} {status.lower().replace('_', ' ')}" for status, number in run.tasks.items())
    commit = "" if run.commit is None else visible(run.commit[:8]) + ("+" if run.dirty else "")
    # A run that is not over has not counted yet what became of its tasks.
    tasks = tasks or visible(run.problem or "") or ("" if run.total is None else count(run.total, "task"))
    return visible(run.name), started, length, run.state, tasks, commit, _changed(run)


def _changed(run: RunSummary) -> str:
    changes = [f"{name}: {'none' if old is None else old} → {new}" for name, (old, new) in run.changed.items()]
    return listing(changes, limit=3) or ("params" if run.changed_unseen else "")
