"""From the saved form of a pipeline back to its tasks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from pyperunner_dag._compare import compare
from pyperunner_dag._dag import topological_levels
from pyperunner_dag._errors import OpaqueValueError, PipelineFileError, TaskError
from pyperunner_dag._hashing import hash_all
from pyperunner_dag._modules import Modules
from pyperunner_dag._pipeline import Pipeline
from pyperunner_dag._restore_inputs import input_names, inputs_from_plain
from pyperunner_dag._values import OpaqueFound, from_plain
from pyperunner_dag._values_code import references

if TYPE_CHECKING:
    from pyperunner_dag._task import Task

__all__ = ["from_dict"]


def from_dict(saved: Any, compare_hashes: bool, modules: Iterable[str] | None) -> Pipeline:
    """Make a pipeline from its saved form: see ``Pipeline.from_dict``."""
    name, entries = _sections(saved)
    inputs = {task: set(input_names(task, list(entry.get("inputs", {}).values()))) for task, entry in entries.items()}
    for task, entry in entries.items():
        for other in [*entry["parents"], *inputs[task]]:
            if other not in entries:
                raise PipelineFileError(f"task {task} needs {other}, which is not in the pipeline")
    found = Modules(modules)
    _check_modules(entries, found)
    made: dict[str, Task] = {}
    for level in topological_levels(inputs, str):
        for task in level:
            made[task] = _make(task, entries[task], found, made)
    tasks = {task: made[task] for task in entries}
    for task, entry in entries.items():
        tasks[task].connect([tasks[parent] for parent in entry["parents"]])
    pipeline = Pipeline(name, tasks.values())
    dag = pipeline.dag()
    if compare_hashes:
        hash_all(dag)
        compare(saved, tasks)
    return pipeline


def _check_modules(entries: Mapping[str, Any], modules: Modules) -> None:
    """Judge every module that is named before the first one is imported."""
    for task, entry in entries.items():
        modules.check(task, entry["module"])
        for reference in references([entry["params"], entry.get("inputs")]):
            modules.check(task, reference.partition(":")[0])


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
        raise PipelineFileError(f"task {name} is recorded as {entry['name']} with the tag {entry['tag']!r}")


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

    given = {param: plain(param, value) for param, value in entry["params"].items()}
    for param, value in entry.get("inputs", {}).items():
        if param in given:
            raise PipelineFileError(f"task {name}: {param} is there twice, in params and in inputs")
        given[param] = inputs_from_plain(value, tasks.__getitem__, partial(plain, param))
    try:
        return cls(entry["tag"], **given)
    except (TaskError, TypeError) as error:
        raise PipelineFileError(f"task {name} cannot be made as it was saved: {error}") from error
