"""``pyperunner runs``: the runs there have been, the latest last; those that nobody needs are removed."""

from __future__ import annotations

import argparse
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pyperunner_cli.amounts import seconds_of
from pyperunner_cli.errors import CommandError
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
    parser.add_argument(
        "--keep-last", type=_number, metavar="N", help="list what goes if the last N of each pipeline stay"
    )
    parser.add_argument(
        "--older", type=seconds_of, metavar="AGE", help="list what goes of runs older than this, such as 30d"
    )
    parser.add_argument("--prune", action="store_true", help="remove these records; outputs stay in their store")
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print one line per run, or remove what is not to be kept."""
    from pyperunner_results import runs

    if not Path(options.log_path).exists():
        raise CommandError(f"there is no folder {options.log_path!r} of runs; --log-path says where it is.")
    found = runs(options.log_path, options.pipeline)
    if options.keep_last is not None or options.older is not None or options.prune:
        return _prune(options, found)
    shown = found[-options.number :] if options.number > 0 else found
    if options.json:
        say_json("runs", runs=list(map(_fields, shown)), earlier=len(found) - len(shown))
        return 0
    rows = [("run", "started", "length", "state", "tasks", "git", "changed since the run before"), *map(_row, shown)]
    say("\n".join(aligned(rows)))
    if len(shown) < len(found):
        print(f"{len(found) - len(shown)} earlier; --number 0 shows all")
    return 0


def _prune(options: argparse.Namespace, found: list[RunSummary]) -> int:
    from pyperunner_results.upkeep.removal import remove_run, runs_to_remove

    if options.keep_last is None and options.older is None:
        raise CommandError("--prune removes what --keep-last N or --older AGE does not keep: give one or both.")
    gone = runs_to_remove(found, time.time(), options.keep_last, options.older)
    for run in gone if options.prune else ():
        remove_run(run.folder)
    if options.json:
        say_json("runs", runs=list(map(_fields, gone)), removed=options.prune, kept=len(found) - len(gone))
        return 0
    for run in gone:
        print(visible(run.name))
    did = "removed" if options.prune else "to remove; --prune does it"
    print(f"{count(len(gone), 'run')} of {len(found)} {did}")
    return 0


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of runs, 0 or more")
    return int(text)


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
    changes = [
        f"{name}: {' → '.join('none' if each is None else each for each in pair)}" for name, pair in run.changed.items()
    ]
    return listing(changes, limit=3) or ("params" if run.changed_unseen else "")
