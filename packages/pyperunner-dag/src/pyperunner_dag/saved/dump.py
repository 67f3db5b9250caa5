"""The saved form of a pipeline: what ``Pipeline.to_dict`` returns and ``to_file`` writes.

::

    pipeline: {name: …, options: {name: value}}
    tasks: {<task name>: {name, module, tag, params, hash, parents: [<task name>, …], inputs: {param: <task name>},
                          options: {name: value}}}
    keys: {<task name>: {params: {name: digest}, values: {name: short text}, code: digest, env: {name: value}, …}}
    code: {<digest>: {<name of a function, class or constant>: digest}}

``inputs`` is there where there are named inputs, with their nesting; plain values in it are marked ``$value``.
``options`` is there where some were given to the task, or pipeline, itself. ``keys`` and ``code`` say what each hash
was made of, so that a difference can be named.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pyperunner_dag.identity.hashing import bind, hash_all
from pyperunner_dag.inputs import holds_task, is_task
from pyperunner_dag.options import NO_OPTIONS
from pyperunner_dag.saved.dump_options import options_to_plain
from pyperunner_dag.saved.files import write_atomically
from pyperunner_dag.saved.values import to_plain

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG
    from pyperunner_dag.options import Options
    from pyperunner_dag.tasks import Task

__all__ = ["to_dict", "to_file"]


def to_dict(name: str, dag: DAG[Task], defaults: Options = NO_OPTIONS) -> dict[str, Any]:
    """Return the saved form of a pipeline.

    Args:
        name: Name of the pipeline.
        dag: Its graph.
        defaults: What counts of the code of tasks that do not say so themselves.
    """
    bind(dag, defaults)
    hash_all(dag)
    options = options_to_plain(defaults.said())
    tasks = {task.name: _task(task) for task in dag}
    keys = {task.name: {**task.identity.own_parts(task), "code": task.fingerprint().digest} for task in dag}
    code = {task.fingerprint().digest: task.fingerprint().parts for task in dag}
    return {
        "pipeline": {"name": name, **({"options": options} if options else {})},
        "tasks": tasks,
        "keys": keys,
        "code": {digest: dict(parts) for digest, parts in code.items()},
    }


def to_file(saved: dict[str, Any], filename: str | os.PathLike[str]) -> None:
    """Write the saved form of a pipeline to a YAML file."""
    from pyperunner_text.yaml.writer import to_yaml

    write_atomically(filename, to_yaml(saved))


def _task(task: Task) -> dict[str, Any]:
    known = task.description()
    found = {
        **{field: known[field] for field in ("name", "module", "tag")},
        "params": {name: to_plain(value) for name, value in known["params"].items()},
        "hash": known["hash"],
        "parents": [parent.name for parent in task.parents],
    }
    if task.inputs:
        found["inputs"] = {name: _nesting(value) for name, value in task.inputs.items()}
    if own := task.own_options:
        found["options"] = options_to_plain(own)
    return found


def _nesting(value: Any) -> Any:
    """Return a nesting of named inputs with the names of the tasks."""
    if is_task(value):
        return value.name
    if not holds_task(value):
        return {"$value": to_plain(value)}
    if isinstance(value, list):
        return [_nesting(item) for item in value]
    if isinstance(value, tuple):
        return {"$tuple": [_nesting(item) for item in value]}
    if all(type(key) is str and not key.startswith("$") for key in value):
        return {key: _nesting(item) for key, item in value.items()}
    return {"$dict": [[to_plain(key), _nesting(item)] for key, item in value.items()]}
