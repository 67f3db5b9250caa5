"""Params changed from outside: by ``--set "Task(tag).param=value"`` and by files of params."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.text import did_you_mean, visible
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from pyperunner_cli.loading.typed_values import Written
    from pyperunner_dag import Pipeline, Task

__all__ = ["PIPELINE", "Setting", "apply_settings", "values_of"]

PIPELINE = "pipeline"
"""The section of the arguments of a factory in files of params."""


@light_dataclass(frozen=True)
class Setting:
    """A change of a param.

    Attributes:
        where: ``Task(tag).param``; the name may be a glob, ``Fit(*).alpha``, and a part of a param is named behind it,
            ``Fit().model.depth``.
        value: What is written for it; ``None`` where that stands in ``where``, behind a ``=``.
        by: Who says so, such as ``--set``, for the record.
        said: How an error names it.
    """

    where: str
    value: Written | None
    by: str
    said: str

    @classmethod
    def of_text(cls, text: str) -> Setting:
        """Return what an argument of ``--set`` says."""
        return cls(text, None, "--set", f"--set {text!r}")


def apply_settings(pipeline: Pipeline, settings: Iterable[Setting | str]) -> list[dict[str, str]]:
    """Change params of the pipeline's tasks, and return what was set and by whom, for the record.

    Args:
        pipeline: The pipeline, changed in place.
        settings: The changes, or what ``--set`` was given; of several for one param the last one counts. A value is of
            the type of what it replaces, as `typed_values` says.

    Raises:
        CommandError: One is malformed, names an unknown task, param or part, or its value is of another type; then
            nothing has changed.
        TaskError: A task refuses the value.
    """
    changes = list(settings)
    if not changes:
        return []
    tasks = {task.name: task for task in pipeline.dag()}
    changed, notes = values_of(tasks, changes)
    for name, params in changed.items():
        tasks[name].set_params(**params)
    return notes


def values_of(
    tasks: Mapping[str, Task], settings: Iterable[Setting | str]
) -> tuple[dict[str, dict[str, Any]], list[dict[str, str]]]:
    """Return the new params by the names of their tasks, and what the record keeps of them; nothing changes.

    Args:
        tasks: The tasks of the pipeline by name.
        settings: As for `apply_settings`, which raises what this does.
    """
    changed: dict[str, dict[str, Any]] = {}
    notes = []
    for change in (Setting.of_text(setting) if isinstance(setting, str) else setting for setting in settings):
        names, path, value = _parse(change, tasks)
        for name in names:
            params = changed.setdefault(name, {})
            try:
                params[path[0]] = _value(tasks[name], path, value, params)
            except CommandError as error:
                raise CommandError(f"{change.said}: {error}") from None
            shown = "***" if _is_secret(params[path[0]]) else value.letters
            notes.append({"param": f"{name}.{'.'.join(path)}", "value": shown, "by": change.by})
    return changed, notes


def _parse(setting: Setting, tasks: Mapping[str, Task]) -> tuple[list[str], list[str], Written]:
    """Return the names of the tasks that are meant, the param with the parts inside it, and the value."""
    from pyperunner_cli.loading.typed_values import Written

    # A name may hold any text, '.' and '=' too, so the known names decide where it ends; the longest wins.
    where = setting.where
    name = max((name for name in tasks if where.startswith(f"{name}.")), key=len, default=None)
    pattern, names = (name, [name]) if name is not None else _matched(setting, tasks)
    rest, equals, text = where[len(pattern) + 1 :].partition("=")
    param, *inside = rest.split(".")
    if bool(equals) != (setting.value is None) or not param.isidentifier() or not all(inside):
        raise CommandError(f"{setting.said} is not of the form '{pattern}.param=value'.")
    return names, [param, *inside], setting.value or Written(text)


def _matched(setting: Setting, tasks: Mapping[str, Task]) -> tuple[str, list[str]]:
    """Return the glob with which a setting begins, and the names that it fits."""
    where = setting.where.partition("=")[0] if setting.value is None else setting.where
    ends = [place for place, char in enumerate(setting.where) if char == "."]
    # The shortest that ends like a name is meant; else one like `Fit*`, before any '=' of the value.
    in_order = sorted(ends, key=lambda end: not setting.where[:end].endswith(")"))
    for end in in_order:
        pattern = setting.where[:end]
        names = [name for name in tasks if fnmatchcase(name, pattern)]
        if names and (pattern.endswith(")") or end < len(where)):
            return pattern, names
    unknown = setting.where.partition("=")[0].rpartition(".")[0] or setting.where
    raise CommandError(f"{setting.said} names no task of the pipeline. {did_you_mean(unknown, tasks)}")


def _is_secret(value: Any) -> bool:
    from pyperunner_dag import Secret

    return isinstance(value, Secret)


def _value(task: Task, path: list[str], text: Written, pending: Mapping[str, Any]) -> Any:
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
        _say_once(f"{said}; annotate the param to say which it is.")
    return value


@functools.cache
def _say_once(text: str) -> None:
    print(text, file=sys.stderr)


def _of_the_graph(before: Any, hint: Any, text: Written) -> Any:
    """Return a file, folder or secret, which the graph knows as such, where one is replaced; else ``None``."""
    from pyperunner_cli.loading.typed_values import typed_value
    from pyperunner_dag import File, Folder, Secret

    if isinstance(before, Secret):
        return Secret(typed_value(text, hint or str), key=before.key)  # text, as from the environment
    if isinstance(before, Folder) or hint is Folder:
        return Folder(text.letters, before.glob) if isinstance(before, Folder) else Folder(text.letters)
    return File(text.letters) if isinstance(before, File) or hint is File else None
