"""Dumping: from a pipeline to its saved form (``SavedForm`` in ``pyperunner_dag.schema``), and to a YAML file."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pyperunner_dag.dataflow.mapping import Successes
from pyperunner_dag.identity.hashing import bind, hash_all, kept_hash
from pyperunner_dag.inputs import holds_task, is_task, task_of
from pyperunner_dag.options import NO_OPTIONS
from pyperunner_dag.saved.files import write_atomically
from pyperunner_dag.saved.values import opaque, to_plain

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG
    from pyperunner_dag.options import Options
    from pyperunner_dag.schema import Plain, SavedForm, SavedKey, SavedTask
    from pyperunner_dag.tasks import Task

__all__ = ["dump", "dump_file", "dump_lazily"]

_T = TypeVar("_T")


def dump(name: str, dag: DAG[Task], defaults: Options = NO_OPTIONS) -> SavedForm:
    """Return the saved form of a pipeline; see ``dump_lazily``."""
    saved = dump_lazily(name, dag, defaults)
    return {**saved, "tasks": dict(saved["tasks"]), "keys": dict(saved["keys"])}


def dump_lazily(name: str, dag: DAG[Task], defaults: Options = NO_OPTIONS) -> SavedForm:
    """Return the saved form of a pipeline, in which what is said of a task is made when it is read, and not kept.

    Args:
        name: Name of the pipeline.
        dag: Its graph.
        defaults: What counts of the code of tasks that do not say so themselves.
    """
    from pyperunner_keys import KEY_FORMAT

    bind(dag, defaults)
    hash_all(dag)
    options = _options(defaults.said())
    code = {task.fingerprint().digest: task.fingerprint().parts for task in dag}
    return {
        "pipeline": {"name": name, "options": options} if options else {"name": name},
        "key_format": KEY_FORMAT,
        "tasks": cast("dict[str, SavedTask]", _Each(dag, _task)),
        "keys": cast("dict[str, SavedKey]", _Each(dag, _key)),
        "code": {digest: dict(parts) for digest, parts in code.items()},
    }


def dump_file(saved: SavedForm, filename: str | os.PathLike[str]) -> None:
    """Write the saved form of a pipeline to a YAML file."""
    from pyperunner_text.yaml.writer import to_yaml

    write_atomically(filename, to_yaml(saved))


class _Each(Mapping[str, _T]):
    """A mapping from the names of tasks to what is made of each.

    Args:
        dag: The tasks.
        make: Makes it.
    """

    def __init__(self, dag: DAG[Task], make: Callable[[Task], _T]) -> None:
        self._dag, self._make = dag, make

    def __getitem__(self, name: str) -> _T:
        return self._make(self._dag[name])

    def __iter__(self) -> Iterator[str]:
        return (task.name for task in self._dag)

    def __len__(self) -> int:
        return len(self._dag)


def _key(task: Task) -> SavedKey:
    return {**task.identity.own_parts(task), "code": task.fingerprint().digest}


def _task(task: Task) -> SavedTask:
    from pyperunner_keys import importable_name

    mapped = task.mapping.params if task.mapping is not None else ()
    found: SavedTask = {
        "name": task.task_name,
        "module": importable_name(type(task).__module__),
        "tag": task.tag,
        "params": {name: to_plain(value) for name, value in task.params.items() if name not in mapped},
        "hash": kept_hash(task),
        "parents": [parent.name for parent in task.parents],
    }
    if task.inputs:
        found["inputs"] = {name: _nesting(value) for name, value in task.inputs.items() if name not in mapped}
    if task.mapping is not None:
        found["map"] = {name: _nesting(task.inputs.get(name, task.params.get(name))) for name in mapped}
        if task.mapping.how != "zip":
            found["how"] = task.mapping.how
    if task.conditions:
        found["when"] = [_nesting(source) for source in task.conditions]
    if task.options.rerun is not None:
        found["rerun"] = task.options.rerun
    if task.outputs:
        found["outputs"] = list(task.outputs)
    parts = [
        [at, None if isinstance(source, Successes) else list(source.path)]
        for at, source in enumerate(task.given)
        if source is not task_of(source)
    ]
    if parts:
        found["parent_parts"] = parts
    if own := task.own_options:
        found["options"] = _options(own)
    return found


def _options(values: Mapping[str, Any]) -> dict[str, Plain]:
    """Return options in plain values; those that are several are lists."""
    return {
        name: [_option(item) for item in value] if isinstance(value, tuple) else _option(value)
        for name, value in values.items()
    }


def _option(value: Any) -> Plain:
    try:
        return to_plain(dict(value) if isinstance(value, MappingProxyType) else value)
    except TypeError:  # what a task depends on need not have a digest of its own
        return opaque(value, "")


def _nesting(value: Any) -> Plain:
    """Return a nesting of named inputs with the names of the tasks."""
    if is_task(value):
        if isinstance(value, Successes):
            return {"$successes": value.task.name}
        return value.name if value is task_of(value) else {"$part": [value.task.name, *value.path]}
    if not holds_task(value):
        return {"$value": to_plain(value)}
    if isinstance(value, list):
        return [_nesting(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_nesting(item) for item in value]}
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: _nesting(item) for key, item in value.items()}
    return {"$dict": [[to_plain(key), _nesting(item)] for key, item in value.items()]}
