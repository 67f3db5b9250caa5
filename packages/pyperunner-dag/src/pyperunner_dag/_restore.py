"""From the saved form of a pipeline back to its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pyperunner_dag._compare import compare
from pyperunner_dag._dag import topological_levels
from pyperunner_dag._errors import OpaqueValueError, PipelineFileError, TaskError
from pyperunner_dag._modules import Modules
from pyperunner_dag._pipeline import Pipeline
from pyperunner_dag._values import OpaqueFound, from_plain

if TYPE_CHECKING:
    from pyperunner_dag._task import Task

__all__ = ["from_dict"]


def from_dict(saved: Any, compare_hashes: bool, modules: Iterable[str] | None) -> Pipeline:
    """Make a pipeline from its saved form: see ``Pipeline.from_dict``."""
    name, entries = _sections(saved)
    inputs = {task: set(_input_names(task, entry.get("inputs", {}))) for task, entry in entries.items()}
    for task, entry in entries.items():
        for other in [*entry["parents"], *inputs[task]]:
            if other not in entries:
                raise PipelineFileError(f"task {task} needs {other}, which is not in the pipeline")
    found = Modules(modules)
    made: dict[str, Task] = {}
    for level in topological_levels(inputs, str):
        for task in level:
            made[task] = _make(task, entries[task], found, made)
    tasks = {task: made[task] for task in entries}
    for task, entry in entries.items():
        tasks[task].connect([tasks[parent] for parent in entry["parents"]])
    pipeline = Pipeline(name, tasks.values())
    pipeline.dag()
    if compare_hashes:
        compare(entries, saved.get("keys"), tasks)
    return pipeline


def _sections(saved: Any) -> tuple[str, dict[str, Any]]:
    """Return the name and the tasks of a saved pipeline, having checked its form."""
    if not isinstance(saved, Mapping) or not {"pipeline", "tasks"} <= saved.keys():
        raise PipelineFileError("this is not a saved pipeline: it has no sections 'pipeline' and 'tasks'")
    head, entries = saved["pipeline"], saved["tasks"]
    if not isinstance(head, Mapping) or not isinstance(head.get("name"), str):
        raise PipelineFileError("this is not a saved pipeline: pipeline has no name that is text")
    if not isinstance(entries, Mapping) or not all(isinstance(name, str) for name in entries):
        raise PipelineFileError("this is not a saved pipeline: tasks is not a mapping of names to tasks")
    for name, entry in entries.items():
        _check_entry(name, entry)
    return head["name"], dict(entries)


def _check_entry(name: str, entry: Any) -> None:
    kinds = {"name": str, "module": str, "tag": str, "params": Mapping, "hash": str, "parents": list}
    words = {str: "text", list: "a list", Mapping: "a mapping"}
    if not isinstance(entry, Mapping):
        raise PipelineFileError(f"task {name} is not a mapping")
    for field, kind in kinds.items():
        if not isinstance(entry.get(field), kind):
            raise PipelineFileError(f"task {name}: {field} must be there and be {words[kind]}")
    if not isinstance(entry.get("inputs", {}), Mapping) or not all(isinstance(p, str) for p in entry["parents"]):
        raise PipelineFileError(f"task {name}: parents must be a list of names, inputs a mapping")
    if name != f"{entry['name']}({entry['tag']})":
        raise PipelineFileError(
            f"task {name} has the name {entry['name']} and the tag {entry['tag']!r}, which do not fit"
        )


def _input_names(task: str, nesting: Any) -> Iterable[str]:
    """Yield the names of the tasks in a saved nesting of named inputs."""
    stack = [nesting]
    while stack:
        item = stack.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, Mapping) and "$dict" in item:
            stack.extend(pair[1] for pair in _pairs(task, item["$dict"]))
        elif isinstance(item, Mapping):
            stack.extend(inner for key, inner in item.items() if key != "$value")
        else:
            raise PipelineFileError(f"task {task}: inputs must hold names of tasks, not {item!r:.60}")


def _pairs(task: str, pairs: Any) -> list[list[Any]]:
    if not isinstance(pairs, list) or not all(isinstance(pair, list) and len(pair) == 2 for pair in pairs):
        raise PipelineFileError(f"task {task}: what is marked $dict in inputs must be a list of pairs")
    return pairs


def _make(name: str, entry: Mapping[str, Any], modules: Modules, tasks: Mapping[str, Task]) -> Task:
    """Make one task; those that are its named inputs have been made."""
    cls = modules.task_class(name, entry["module"], entry["name"])

    def plain(param: str, value: Any) -> Any:
        try:
            return from_plain(value, partial(modules.object, name))
        except OpaqueFound as error:
            raise OpaqueValueError(name, param, str(error)) from None
        except PipelineFileError:
            raise
        except (ValueError, RecursionError) as error:
            raise PipelineFileError(f"task {name}: param {param}: {error}") from error

    def nesting(param: str, item: Any) -> Any:
        if isinstance(item, str):
            return tasks[item]
        if isinstance(item, list):
            return [nesting(param, inner) for inner in item]
        if "$value" in item:
            return plain(param, item["$value"])
        if "$tuple" in item:
            return tuple(nesting(param, inner) for inner in item["$tuple"])
        if "$dict" in item:
            return {plain(param, key): nesting(param, inner) for key, inner in _pairs(name, item["$dict"])}
        return {key: nesting(param, inner) for key, inner in item.items()}

    given = {param: plain(param, value) for param, value in entry["params"].items()}
    given.update({param: nesting(param, value) for param, value in entry.get("inputs", {}).items()})
    try:
        return cls(entry["tag"], **given)
    except TaskError as error:
        raise PipelineFileError(f"task {name} cannot be made as it was saved: {error}") from error
