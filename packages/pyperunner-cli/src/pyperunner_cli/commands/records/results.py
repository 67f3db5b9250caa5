"""``pyperunner results RUN [TASK]``: the tasks of a run, or the output of one or several."""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError, in_words_of_the_command
from pyperunner_cli.exporting.files import SUFFIXES, natural_suffix, write_output
from pyperunner_cli.json_output import add_json, as_json, say_json
from pyperunner_cli.loading.printing import stdout_to_stderr
from pyperunner_cli.loading.recorded_run import add_data_path, add_project, add_trust, find_modules, output_of, read_run
from pyperunner_cli.loading.recorded_runs import RUN, add_log_path, find_run
from pyperunner_cli.text import aligned, duration, say, say_value, visible

if TYPE_CHECKING:
    from pyperunner_results import PipelineResult, TaskResult

__all__ = ["configure", "execute"]

_SHOWN_BYTES = 1_000  # more are a picture or the like, of no use on a terminal


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("run", metavar="RUN", help=RUN)
    parser.add_argument("task", metavar="TASK", nargs="?", help="show the output of this task; a glob for several")
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help=f"write the output of TASK to a file, {', '.join(SUFFIXES)}; text, bytes and files to any; "
        "those of several tasks into a folder",
    )
    parser.add_argument("--format", metavar="SUFFIX", help="of files in a folder, such as csv; else what fits each")
    add_data_path(parser)
    add_log_path(parser)
    add_project(parser)
    add_trust(parser)
    add_json(parser)


def execute(options: argparse.Namespace) -> int:
    """Print the output of the task, or one line per task."""
    if options.output and options.task is None:
        raise CommandError("--output needs a TASK whose output is to be written.")
    suffix = _suffix(options)
    results = read_run(find_run(options.run, options.log_path), options.data_path, trust=options.trust)
    if options.task is None:
        _say_tasks(results) if options.json else _print_table(results)
        return 0
    names = _chosen(results, options.task)
    find_modules(results, options.project)
    if options.output and (len(names) > 1 or options.output.endswith("/") or Path(options.output).is_dir()):
        _write_folder(results, names, Path(options.output), suffix)
    elif options.output:
        _write(_load(results, names[0]), Path(options.output))
    elif options.json:
        say_json("results", run=_run(results), outputs=[_as_fields(name, _load(results, name)) for name in names])
    else:
        for name in names:
            output = _load(results, name)
            if len(names) > 1:
                say(f"{visible(name)}:")
            _print_output(output)
    return 0


def _suffix(options: argparse.Namespace) -> str | None:
    if options.format is None:
        return None
    suffix = f".{options.format.removeprefix('.').lower()}"
    if suffix not in SUFFIXES:
        raise CommandError(f"--format {options.format!r} is unknown. There is: {', '.join(SUFFIXES)}.")
    if not options.output:
        raise CommandError("--format needs --output, the folder that the files are written to.")
    return suffix


def _chosen(results: PipelineResult, task: str) -> list[str]:
    """Return the task of that name, else those that a glob fits."""
    if task in results:
        return [task]
    # What is no glob and fits nothing is a mistyped name, of which the error knows similar ones.
    return [found.name for found in results.select(task)] or [results.task(task).name]


def _load(results: PipelineResult, name: str) -> Any:
    with stdout_to_stderr():  # an output of a class of the user's imports its module
        return output_of(results, name)


def _write(output: Any, path: Path) -> None:
    say(f"{path}: {write_output(output, path)}")


def _write_folder(results: PipelineResult, names: list[str], folder: Path, suffix: str | None) -> None:
    """Write an output per file, named after its task; of names that make the same file, the later ones get a number."""
    from pyperunner_text.file_names import safe_name

    if folder.exists() and not folder.is_dir():
        raise CommandError(f"{folder} is no folder; the outputs of {len(names)} tasks make a file each.")
    with tempfile.TemporaryDirectory(prefix=".outputs-", dir=_first_that_is_there(folder)) as beside:
        said: dict[str, str] = {}
        for name in names:
            output = _load(results, name)
            ending = natural_suffix(output) if suffix is None else suffix
            file = _free(safe_name(name), ending, said)
            said[file] = write_output(output, Path(beside, file), folder / file)
        folder.mkdir(parents=True, exist_ok=True)
        for file, written in said.items():
            Path(beside, file).replace(folder / file)
            say(f"{folder / file}: {written}")


def _first_that_is_there(folder: Path) -> Path:
    return next(place for place in (folder, *folder.absolute().parents) if place.is_dir())


def _free(stem: str, ending: str, used: Iterable[str]) -> str:
    """Return a file name that differs from those in use by more than case."""
    taken = {name.casefold() for name in used}
    names = (f"{stem}{f' {number}' if number > 1 else ''}{ending}" for number in count(1))
    return next(name for name in names if name.casefold() not in taken)


def _print_output(output: object) -> None:
    if isinstance(output, bytes) and len(output) > _SHOWN_BYTES:
        say(f"{len(output):,} bytes that begin with {output[:16]!r}; --output FILE writes them to a file")
    else:
        say_value(output)


def _print_table(results: PipelineResult) -> None:
    tasks = results.all_tasks()
    stored, problem = _stored(results, tasks)
    rows = [("task", "status", "time", "output")]
    for task, output in zip(tasks, stored, strict=True):
        took = duration(task.wall) if task.attempts and task.wall is not None else ""
        rows.append((visible(task.name), _status(task), took, output))
    say("\n".join(aligned(rows)))
    if problem:
        say(problem, sys.stderr)


def _status(task: TaskResult) -> str:
    """Return how a task ended, and how often it was handed over again because a worker was lost."""
    lost = sum(bool(attempt.get("lost")) for attempt in task.attempts)
    return (task.status or "").lower() + (f" ({lost} lost with a worker)" if lost else "")


def _stored(results: PipelineResult, tasks: list[TaskResult]) -> tuple[list[str], str]:
    """Return ``stored`` or ``none`` for each task; ``unknown`` and why where its store is not there."""
    from pyperunner_results import StoreUnavailable

    try:
        return ["stored" if _is_stored(results, task) else "none" for task in tasks], ""
    except StoreUnavailable as error:  # the rest of the table needs no store
        return ["unknown"] * len(tasks), in_words_of_the_command(error)


def _is_stored(results: PipelineResult, task: TaskResult) -> bool:
    if "map" not in results.conf["tasks"][task.name]:
        return task.output_exists()
    elements = results[task.name].names  # their outputs are its own
    return all(results.task(name).output_exists() for name in elements)


def _say_tasks(results: PipelineResult) -> None:
    tasks = results.all_tasks()
    stored, problem = _stored(results, tasks)
    if problem:
        say(problem, sys.stderr)
    facts = (
        "status",
        "reason",
        "executed",
        "start",
        "end",
        "wall",
        "cpu",
        "memory_peak",
        "output_size",
        "key",
        "error",
    )
    rows = [
        {
            "name": task.name,
            "params": task.params,
            "parents": task.parents,
            "output": output,
            **{fact: getattr(task, fact) for fact in facts},
        }
        for task, output in zip(tasks, stored, strict=True)
    ]
    say_json("results", run=_run(results), tasks=rows)


def _run(results: PipelineResult) -> dict[str, object]:
    folder = results.run_folder
    return {"name": results.label, "folder": folder, "pipeline": results.name, "state": results.state}


def _as_fields(name: str, output: Any) -> dict[str, object]:
    kind = type(output)
    return {"name": name, "type": f"{kind.__module__}.{kind.__qualname__}", "value": as_json(output)}
