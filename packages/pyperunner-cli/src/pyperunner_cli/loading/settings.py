"""Params changed from the command line: ``--set "Task(tag).param=value"``."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.text import did_you_mean, visible

if TYPE_CHECKING:
    from pyperunner_dag import Pipeline, Task

__all__ = ["apply_settings"]


def apply_settings(pipeline: Pipeline, settings: Iterable[str]) -> None:
    """Change params of the pipeline's tasks.

    Args:
        pipeline: The pipeline, changed in place.
        settings: Texts of the form ``Task(tag).param=value``. The name may be a glob, ``Fit(*).alpha=0.1``, and a part
            of a param is named behind it, ``Fit().model.depth=5``. A value is of the type of what it replaces, as
            `typed_values` says.

    Raises:
        CommandError: One is malformed, names an unknown task, param or part, or its value is of another type; then
            nothing has changed.
        TaskError: A task refuses the value.
    """
    changes = list(settings)
    if not changes:
        return
    tasks = {task.name: task for task in pipeline.dag()}
    changed: dict[str, dict[str, Any]] = {}
    for change in changes:
        names, path, text = _parse(change, tasks)
        for name in names:
            params = changed.setdefault(name, {})
            try:
                params[path[0]] = _value(tasks[name], path, text, params)
            except CommandError as error:
                raise CommandError(f"--set {change!r}: {error}") from None
    for name, params in changed.items():
        tasks[name].set_params(**params)


def _parse(setting: str, tasks: Mapping[str, Task]) -> tuple[list[str], list[str], str]:
    """Return the names of the tasks that are meant, the param with the parts inside it, and the value's text."""
    # A name may hold any text, '.' and '=' too, so the known names decide where it ends; the longest wins.
    name = max((name for name in tasks if setting.startswith(f"{name}.")), key=len, default=None)
    pattern, names = (name, [name]) if name is not None else _matched(setting, tasks)
    path, equals, text = setting[len(pattern) + 1 :].partition("=")
    param, *inside = path.split(".")
    if not equals or not param.isidentifier() or not all(inside):
        raise CommandError(f"--set {setting!r} is not of the form '{pattern}.param=value'.")
    return names, [param, *inside], text


def _matched(setting: str, tasks: Mapping[str, Task]) -> tuple[str, list[str]]:
    """Return the glob with which a setting begins, and the names that it fits."""
    end = setting.find(").")
    while end >= 0:
        pattern = setting[: end + 1]
        names = [name for name in tasks if fnmatchcase(name, pattern)]
        if names:
            return pattern, names
        end = setting.find(").", end + 1)
    unknown = setting.partition("=")[0].rpartition(".")[0] or setting
    raise CommandError(f"--set {setting!r} names no task of the pipeline. {did_you_mean(unknown, tasks)}")


def _value(task: Task, path: list[str], text: str, pending: Mapping[str, Any]) -> Any:
    """Return the new value of the param ``path[0]``, of which perhaps only a part changes."""
    from pyperunner_cli.loading.param_types import declared
    from pyperunner_cli.loading.typed_values import Misfit, with_part

    param, *inside = path
    hint, default = declared(task, param)
    before = pending.get(param, task.params.get(param, default))
    try:
        value = _of_the_graph(before, hint, text)
        value = with_part(before, inside, text, hint) if value is None else value
    except Misfit as misfit:
        raise CommandError(f"{misfit}.") from None
    if hint is None and type(before) is int and type(value) is float:
        said = f"{visible(task.name)}.{param} was the int {before} and is now the float {value}"
        print(f"{said}; annotate the param to say which it is.", file=sys.stderr)
    return value


def _of_the_graph(before: Any, hint: Any, text: str) -> Any:
    """Return a file, folder or secret, which the graph knows as such, where one is replaced; else ``None``."""
    from pyperunner_cli.loading.typed_values import typed_value
    from pyperunner_dag import File, Folder, Secret

    if isinstance(before, Secret):
        return Secret(typed_value(text, hint or str), key=before.key)  # text, as from the environment
    if isinstance(before, Folder) or hint is Folder:
        return Folder(text, before.glob) if isinstance(before, Folder) else Folder(text)
    return File(text) if isinstance(before, File) or hint is File else None
