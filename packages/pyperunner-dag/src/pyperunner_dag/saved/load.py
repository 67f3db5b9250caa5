"""Loading: from the saved form of a pipeline back to its tasks."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pyperunner_dag.dag import topological_levels
from pyperunner_dag.dataflow.mapping import fixed
from pyperunner_dag.errors import OpaqueValueError, OptionError, PipelineFileError, TaskError
from pyperunner_dag.inputs import is_task
from pyperunner_dag.options import checked
from pyperunner_dag.outputs.errors import MapError, UnknownOutputError
from pyperunner_dag.saved.inputs import input_names, inputs_from_plain, is_path
from pyperunner_dag.saved.modules import Modules
from pyperunner_dag.saved.values import OpaqueFound, from_plain
from pyperunner_dag.saved.values_code import references

if TYPE_CHECKING:
    from pyperunner_dag.schema import Plain, SavedTask
    from pyperunner_dag.tasks import Task

__all__ = ["SavedPipeline", "load", "load_file"]


_VARIANT = re.compile(r"(\[\d{1,9}\])?")
"""What may stand behind a name, of several tasks that are called alike."""
_PREFIX = re.compile(r"([\w-]+\.)*")
"""What may stand before a name, of tasks that come from other pipelines."""


@dataclass(frozen=True)
class SavedPipeline:
    """What a pipeline is made of, brought back.

    Attributes:
        name: Its name.
        tasks: All its tasks by name, connected as they were.
        options: What was given to the pipeline itself, by name.
    """

    name: str
    tasks: dict[str, Task]
    options: dict[str, Any]


def load(saved: Plain, modules: Iterable[str] | None) -> SavedPipeline:
    """Make the tasks of a pipeline from its saved form.

    Args:
        saved: What ``dump`` returned, or what a file holds.
        modules: Names or globs of the modules that may be imported; ``None`` for any.

    Raises:
        PipelineFileError: It is not a saved pipeline, or names what is not there or not allowed.
    """
    name, options, entries = _sections(saved)
    inputs = {task: set(input_names(task, _nestings(entry))) for task, entry in entries.items()}
    for task, entry in entries.items():
        for other in [*entry["parents"], *inputs[task], *input_names(task, entry.get("when", []))]:
            if other not in entries:
                raise PipelineFileError(f"task {task} needs {other}, which is not in the pipeline")
    found = Modules(modules)
    for task, entry in entries.items():
        found.check(task, entry["module"])
        _check_references(task, [entry.get(field) for field in ("params", "inputs", "map", "options")], found)
    _check_references(f"pipeline {name}", options, found)
    made: dict[str, Task] = {}
    for level in list(topological_levels(inputs, str)):
        for task in level:
            made[task] = _make(task, entries[task], found, made)
    tasks = {task: made[task] for task in entries}
    for task, entry in entries.items():
        tasks[task].connect(_parents(task, entry, tasks))
        tasks[task].when(*_conditions(task, entry, tasks))
    return SavedPipeline(name, tasks, _options(f"pipeline {name}", options, found))


def load_file(filename: str | os.PathLike[str]) -> Plain:
    """Return what a YAML file holds.

    Raises:
        OSError: The file cannot be read.
        PipelineFileError: It is not plain YAML.
    """
    from pyperunner_text.yaml.reader import UnreadableYaml, read_yaml_file

    try:
        return read_yaml_file(filename)
    except UnreadableYaml as error:
        raise PipelineFileError(str(error)) from None


def _nestings(entry: SavedTask) -> list[Plain]:
    return [*entry.get("inputs", {}).values(), *entry.get("map", {}).values()]


def _check_references(whose: str, saved: Plain, modules: Modules) -> None:
    """Judge every module that is named in values before the first one is imported."""
    for reference in references(saved):
        module, _, qualname = reference.partition(":")
        modules.check(whose, module, qualname)


def _sections(saved: Plain) -> tuple[str, Plain, dict[str, SavedTask]]:
    """Return the name, the options and the tasks of a saved pipeline, having checked its form."""
    if not isinstance(saved, Mapping) or not {"pipeline", "tasks"} <= saved.keys():
        raise PipelineFileError("this is not a saved pipeline: it has no sections 'pipeline' and 'tasks'")
    head, entries = saved["pipeline"], saved["tasks"]
    if not isinstance(head, Mapping) or not isinstance(head.get("name"), str):
        raise PipelineFileError("this is not a saved pipeline: pipeline has no name that is text")
    if not isinstance(entries, Mapping) or not all(isinstance(name, str) for name in entries):
        raise PipelineFileError("this is not a saved pipeline: tasks is not a mapping of names to tasks")
    for name, entry in entries.items():
        _check_entry(name, entry)
    return head["name"], head.get("options", {}), dict(entries)


def _check_entry(name: str, entry: Plain) -> None:
    kinds = {"name": str, "module": str, "tag": str, "params": Mapping, "hash": str, "parents": list}
    words = {str: "text", list: "a list", Mapping: "a mapping"}
    if not isinstance(entry, Mapping):
        raise PipelineFileError(f"task {name} is not a mapping")
    for field, kind in kinds.items():
        if not isinstance(entry.get(field), kind):
            raise PipelineFileError(f"task {name}: {field} must be there and be {words[kind]}")
    if not isinstance(entry.get("inputs", {}), Mapping) or not all(isinstance(p, str) for p in entry["parents"]):
        raise PipelineFileError(f"task {name}: parents must be a list of names, inputs a mapping")
    if not isinstance(entry.get("map", {}), Mapping) or entry.get("how", "zip") not in ("zip", "product"):
        raise PipelineFileError(f"task {name}: map must be a mapping of params, how 'zip' or 'product'")
    if not all(_is_parent_part(found, entry["parents"]) for found in _several(name, entry.get("parent_parts", []))):
        raise PipelineFileError(f"task {name}: parent_parts must be pairs of the number of a parent and a path")
    if _place_in_name(name, entry) is None:
        raise PipelineFileError(f"task {name} is recorded as {entry['name']} with the tag {entry['tag']!r}")


def _place_in_name(name: str, entry: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return what stands before and behind a task's own name; ``None`` where that is not in it."""
    before, own, behind = name.partition(f"{entry['name']}({entry['tag']})")
    return (before, behind) if own and _PREFIX.fullmatch(before) and _VARIANT.fullmatch(behind) else None


def _several(name: str, found: Plain) -> list[Plain]:
    if not isinstance(found, list):
        raise PipelineFileError(f"task {name}: parent_parts must be a list")
    return found


def _is_parent_part(found: Plain, parents: list[str]) -> bool:
    if not isinstance(found, list) or len(found) != 2 or not isinstance(found[1], (list, type(None))):
        return False
    if found[1] is None:
        return type(found[0]) is int and 0 <= found[0] < len(parents)
    return type(found[0]) is int and 0 <= found[0] < len(parents) and is_path(["", *found[1]])


def _parents(name: str, entry: SavedTask, tasks: Mapping[str, Task]) -> list[Any]:
    """Return the connected parents of a task, or parts of their outputs."""
    parts = dict(entry.get("parent_parts", []))
    try:
        return [
            _part(tasks[parent], parts[at]) if at in parts else tasks[parent]
            for at, parent in enumerate(entry["parents"])
        ]
    except TaskError as error:
        raise PipelineFileError(f"task {name}: {error}") from error


def _conditions(name: str, entry: SavedTask, tasks: Mapping[str, Task]) -> list[Any]:
    """Return what has to be true so that a task runs."""
    saved = entry.get("when", [])
    if not isinstance(saved, list):
        raise PipelineFileError(f"task {name}: when must be a list")
    found = [inputs_from_plain(each, tasks.__getitem__, lambda value: value) for each in saved]
    if not all(map(is_task, found)):
        raise PipelineFileError(f"task {name}: when must name tasks, or parts of their outputs")
    return found


def _part(task: Task, path: list[str | int] | None) -> Any:
    found: Any = task.successes() if path is None else task.output_part(*path)
    return found


def _make(name: str, entry: SavedTask, modules: Modules, tasks: Mapping[str, Task]) -> Task:
    """Make one task; those that are its named inputs have been made."""
    cls = modules.task_class(name, entry["module"], entry["name"])
    plain = partial(_value, f"task {name}", modules)
    given = {param: plain(f"param {param}", value) for param, value in entry["params"].items()}
    mapped = entry.get("map", {})
    for param, value in [*entry.get("inputs", {}).items(), *mapped.items()]:
        if param in given:
            raise PipelineFileError(f"task {name}: {param} is there twice, in params, inputs or map")
        try:
            given[param] = inputs_from_plain(value, tasks.__getitem__, partial(plain, f"param {param}"))
        except (UnknownOutputError, MapError) as error:
            raise PipelineFileError(f"task {name}: param {param}: {error}") from error
    try:
        if mapped:
            each = {param: value if param in mapped else fixed(value) for param, value in given.items()}
            mapped_task: Task = cls.map(entry["tag"], each=each, how=entry.get("how", "zip"))
            made = mapped_task
        else:
            made = cls(entry["tag"], **given)
    except (TaskError, TypeError) as error:
        raise PipelineFileError(f"task {name} cannot be made as it was saved: {error}") from error
    made.prefix, made.variant = _place_in_name(name, entry) or ("", "")
    made.name = name
    return made.with_options(**_options(f"task {name}", entry.get("options", {}), modules))


def _options(whose: str, saved: Plain, modules: Modules) -> dict[str, Any]:
    """Return the options that are saved of a task or a pipeline."""
    if not isinstance(saved, Mapping) or not all(isinstance(name, str) for name in saved):
        raise PipelineFileError(f"{whose}: options must be a mapping of names to values")
    given = {name: _value(whose, modules, f"option {name}", value) for name, value in saved.items()}
    try:
        return checked(given)
    except OptionError as error:
        raise PipelineFileError(f"{whose}: {error}") from error


def _value(whose: str, modules: Modules, place: str, saved: Plain) -> Any:
    """Return what was saved at one place of a task or pipeline."""
    try:
        return from_plain(saved, partial(modules.object, whose))
    except OpaqueFound as error:
        raise OpaqueValueError(whose, place, str(error)) from None
    except PipelineFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise PipelineFileError(f"{whose}: {place}: {error}") from error
