"""Arguments that several commands share, and what is made of them."""

from __future__ import annotations

import argparse
import sys
import time
from fnmatch import fnmatchcase
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.loading.factories import argument_of
from pyperunner_cli.loading.printing import stdout_to_stderr
from pyperunner_cli.loading.recorded_run import DATA_PATH, add_project, main_file, recorded_pipeline
from pyperunner_cli.loading.recorded_runs import LOG_PATH, add_log_path, find_run, is_run
from pyperunner_cli.loading.settings import PIPELINE, Setting, apply_settings
from pyperunner_cli.loading.target import resolve
from pyperunner_cli.text import did_you_mean, visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pyperunner_cli.loading.typed_values import Written
    from pyperunner_dag import Pipeline
    from pyperunner_runner import Runner
    from pyperunner_runner.events import Hook

__all__ = [
    "add_jobs",
    "add_places",
    "add_selection",
    "add_target",
    "make_runner",
    "matching",
    "pipeline_of",
    "selection_of",
]


def add_target(parser: argparse.ArgumentParser) -> None:
    """Add TARGET, ``--set``, ``--params`` and ``--arg``."""
    parser.add_argument(
        "target", metavar="TARGET", help="file.py, file.py:name, module:name, a saved pipeline.yaml, or a run"
    )
    add_project(parser)
    parser.add_argument(
        "--set",
        dest="settings",
        action="append",
        default=[],
        metavar="'TASK(TAG).PARAM=VALUE'",
        help="change a param, of one task or of all that a glob fits; its type stays; may be given several times",
    )
    parser.add_argument(
        "--params",
        action="append",
        default=[],
        metavar="FILE",
        help="params of tasks from a YAML, JSON or TOML file; may be given several times, --set wins",
    )
    parser.add_argument(
        "--expand-env", action="store_true", help="let ${NAME} in values of --params stand for the environment variable"
    )
    parser.add_argument(
        "--arg",
        dest="arguments",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help="an argument of the function that makes the pipeline; may be given several times",
    )


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add ``--data-path``, ``--log-path`` and ``--force``."""
    parser.add_argument(
        "--data-path",
        default=DATA_PATH,
        metavar="PATH",
        help="where outputs are kept: a folder or a store's URL (%(default)s)",
    )
    add_log_path(parser)
    parser.add_argument("--force", action="store_true", help="execute every task, whatever is stored")


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Add ``--only``, ``--until`` and ``--from``."""
    for name, what in (
        ("only", "only these tasks"),
        ("until", "these tasks and all they need"),
        ("from", "these tasks and all that follows them"),
    ):
        parser.add_argument(
            f"--{name}",
            dest=f"select_{name}",
            action="append",
            metavar="TASK",
            help=f"consider {what}; a name, a tag or a glob over both; may be given several times",
        )


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add ``--jobs``."""
    parser.add_argument(
        "-j", "--jobs", type=_jobs, metavar="N", help="tasks at once (as many as there are usable CPUs)"
    )


def _jobs(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number of tasks, 1 or more")
    return number


def selection_of(options: argparse.Namespace) -> dict[str, Any]:
    """Return what ``add_selection`` added, as the runner takes it."""
    return {"only": options.select_only, "until": options.select_until, "from_": options.select_from}


def pipeline_of(
    options: argparse.Namespace, *, strict: bool = False, swept: Mapping[str, Written] = MappingProxyType({})
) -> Pipeline:
    """Return the pipeline of TARGET with what is set from outside. What its code prints goes to standard error.

    Args:
        options: What ``add_target`` added.
        strict: Refuse a recorded run when anything is not as it was.
        swept: Arguments that a sweep gives, which win.
    """
    options.target = _found(options)
    settings, said = _set_from_outside(options)
    arguments = {**{name: value for name, (value, _) in said.items()}, **swept}
    with stdout_to_stderr():
        if Path(options.target).is_dir() and not arguments:
            pipeline = recorded_pipeline(options.target, strict=strict, project=options.project)
        else:
            began = time.time()
            pipeline = resolve(options.target, arguments)
            _say_if_it_ran(pipeline, options.target, began)
    given = [{"param": f"{PIPELINE}.{name}", "value": value.letters, "by": by} for name, (value, by) in said.items()]
    options.set = given + apply_settings(pipeline, settings)
    return pipeline


def _say_if_it_ran(pipeline: Pipeline, target: str, began: float) -> None:
    """Say that loading a pipeline has run it, which nobody asked for."""
    try:
        results = pipeline.results()
    except AttributeError:
        return
    if results.record is None or (results.record.summary.get("start") or 0.0) < began:
        return  # an earlier command of this process ran it
    remedy = "Put what only a script should do under `if __name__ == '__main__':`."
    print(
        f"{visible(target)} runs its pipeline whenever it is loaded ({visible(str(results.run_folder))}). {remedy}",
        file=sys.stderr,
    )


def _set_from_outside(options: argparse.Namespace) -> tuple[list[Setting], dict[str, tuple[Written, str]]]:
    """Return changes of params, and arguments of the factory with who says so; the command line has the last word."""
    settings: list[Setting] = []
    arguments: dict[str, tuple[Written, str]] = {}
    for path in options.params:
        from pyperunner_cli.loading.params_files import read_params

        more, given = read_params(path, expand_env=options.expand_env)
        settings += more
        arguments |= {name: (value, Path(path).name) for name, value in given.items()}
    arguments |= {name: (value, "--arg") for name, value in map(argument_of, options.arguments)}
    return [*settings, *map(Setting.of_text, options.settings)], arguments


def _found(options: argparse.Namespace) -> str:
    """Return TARGET, in the place of the name of a run its folder."""
    target = str(options.target)
    log_path = getattr(options, "log_path", LOG_PATH)
    if target.endswith((".py", ".yaml", ".yml")) or ":" in target or not is_run(target, log_path):
        return target
    return find_run(target, log_path)


def matching(patterns: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return the tasks that are meant: by their names, else those of a class, else those that a glob fits.

    The name of an element of a mapped task is returned as it is: which there are the runner knows.

    Raises:
        CommandError: A pattern fits nothing.
    """
    found: dict[str, None] = {}
    for pattern in patterns:
        fits = [name for name in names if pattern in (name, name.partition("(")[0])]
        fits = fits or [name for name in names if fnmatchcase(name, pattern)]
        if not fits and any(pattern.startswith(f"{name}[") for name in names):
            fits = [pattern]
        if not fits:
            raise CommandError(f"the pipeline has no task {pattern!r}. {did_you_mean(pattern, names)}")
        found |= dict.fromkeys(fits)
    return list(found)


def make_runner(
    options: argparse.Namespace, jobs: int | None = None, hooks: Iterable[Hook] = (), **more: Any
) -> Runner:
    """Return a runner on the chosen places.

    Args:
        options: What ``add_places`` added.
        jobs: Tasks at once; ``None`` for the number of CPUs.
        hooks: Called with every event of the run.
        **more: Further arguments of the runner.
    """
    from pyperunner_runner import Runner

    return Runner(
        options.data_path,
        options.log_path,
        jobs,
        hooks=tuple(hooks),
        mainfile=_main_file(options.target, options.project),
        notes={name: fact for name in ("set", "sweep") if (fact := getattr(options, name, None))},
        **more,
    )


def _main_file(target: str, project: str) -> str | None:
    """Return the file in which a target lies, for the record."""
    if Path(target).is_dir():
        return main_file(target, project)
    path, _, _ = target.partition(".py:")
    file = path if path.endswith(".py") else f"{path}.py"
    return file if Path(file).is_file() else None
