"""Params changed from the command line: ``--set "Task(tag).param=value"``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from pyperunner_cli.errors import CommandError
from pyperunner_cli.text import did_you_mean

if TYPE_CHECKING:
    from pyperunner_dag import Pipeline, Task

__all__ = ["apply_settings"]


def apply_settings(pipeline: Pipeline, settings: Iterable[str]) -> None:
    """Change params of the pipeline's tasks.

    Args:
        pipeline: The pipeline, changed in place.
        settings: Texts of the form ``Task(tag).param=value``; the value is read as YAML.

    Raises:
        CommandError: A setting is malformed or names an unknown task.
        TaskError: The task has no such param, or refuses the value.
    """
    changes = list(settings)
    if not changes:
        return
    tasks = {task.name: task for task in pipeline.dag()}
    for change in changes:
        task, param, value = _parse(change, tasks)
        task.set_params(**{param: _like(task.params.get(param), value)})


def _like(before: Any, value: Any) -> Any:
    """Return a path as the ``File`` or ``Folder`` that it takes the place of; all else as it is."""
    from pyperunner_dag import File, Folder

    if isinstance(before, File) and isinstance(value, str):
        return File(value)
    return Folder(value, before.glob) if isinstance(before, Folder) and isinstance(value, str) else value


def _parse(setting: str, tasks: dict[str, Task]) -> tuple[Task, str, Any]:
    # A name may hold any text, '.' and '=' too, so the known names decide where it ends; the longest wins.
    name = max((name for name in tasks if setting.startswith(f"{name}.")), key=len, default=None)
    if name is None:
        unknown = setting.partition("=")[0].rpartition(".")[0] or setting
        raise CommandError(f"--set {setting!r} names no task of the pipeline. {did_you_mean(unknown, tasks)}")
    param, equals, value = setting[len(name) + 1 :].partition("=")
    if not equals or not param.isidentifier():
        raise CommandError(f"--set {setting!r} is not of the form '{name}.param=value'.")
    return tasks[name], param, _read(value, setting)


def _read(text: str, setting: str) -> Any:
    import yaml

    try:
        return yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise CommandError(
            f"The value in --set {setting!r} is not YAML: {reason}. Quote a text that looks like YAML."
        ) from None
