"""Outputs of a task: one, or several that are stored by themselves under keys of their own.

Of a task that declares several, the entry under its own key holds the digest of each, by name; it is stored last.
"""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag.errors import TaskDefinitionError
from pyperunner_dag.nodes.parts import output_key
from pyperunner_dag.outputs.errors import OutputsDifferError
from pyperunner_dag.stores.outputs import is_stored, load_output, save_output

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyperunner_dag.outputs.producer import Producer
    from pyperunner_dag.ports import OutputStore, Receipt

__all__ = ["checked_outputs", "is_whole", "load_whole", "named_outputs", "save_whole"]


def checked_outputs(task_name: str, outputs: Any) -> tuple[str, ...]:
    """Return the names of the outputs that a class declares.

    Raises:
        TaskDefinitionError: One is no name, or there twice.
    """
    if isinstance(outputs, str) or not isinstance(outputs, (list, tuple)):
        raise TaskDefinitionError(task_name, f"its outputs are several names, ('train', 'test'), not {outputs!r:.60}")
    for name in outputs:
        if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
            raise TaskDefinitionError(task_name, f"its output {name!r:.60} must have a name as variables have")
    if len(set(outputs)) < len(outputs):
        raise TaskDefinitionError(task_name, f"its outputs must have names that differ: {', '.join(outputs)}")
    return tuple(outputs)


def named_outputs(task: Producer, value: Any) -> dict[str, Any]:
    """Return what a task returned by the names of its outputs, in their order.

    Raises:
        OutputsDifferError: It returned others than it declares.
    """
    names = task.outputs
    if isinstance(value, Mapping):
        if value.keys() == set(names):
            return {name: value[name] for name in names}
        returned = f"a {type(value).__name__} of {', '.join(map(str, list(value)[:20])) or 'nothing'}"
    elif isinstance(value, (tuple, list)):
        if len(value) == len(names):
            return dict(zip(names, value, strict=True))
        returned = f"a {type(value).__name__} of {len(value)}"
    else:
        returned = f"a {type(value).__name__}"
    raise OutputsDifferError(task.name, names, returned)


def save_whole(
    store: OutputStore,
    task: Producer,
    value: Any,
    meta: Mapping[str, Any],
    canonical: Callable[[Any], str | None] | None = None,
) -> Receipt:
    """Store what a task returned.

    Args:
        store: The store.
        task: The task.
        value: What it returned.
        meta: What is kept beside it.
        canonical: Gives the canonical digest of a value, where it is to be kept.

    Raises:
        OutputsDifferError: It returned other outputs than it declares; nothing was stored.
    """
    digests = {}
    size = 0
    made: Any = task
    options = None if task.outputs and made.options.format else made.options
    if task.outputs:
        for name, output in named_outputs(task, value).items():
            of_it = {"output_of": task.key, **({"canonical": canonical(output)} if canonical else {})}
            receipt = save_output(store, output_key(task.key, name), output, of_it, made.options)
            digests[name] = receipt["digest"]
            size += receipt["size"]
    if canonical:
        meta = {**meta, "canonical": canonical(value)}
    receipt = save_output(store, task.key, digests if task.outputs else value, meta, options)
    return {"digest": receipt["digest"], "size": receipt["size"] + size} if size else receipt


def load_whole(store: OutputStore, task: Producer) -> Any:
    """Return the stored output of a task; of one with several, all by name.

    Raises:
        KeyError: One is not there, or a file in it was changed or removed; or the latest run had none to make.
    """
    known: Any = task
    if known.identity.is_absent or (task.mapping is not None and task.elements is None):
        raise KeyError(task.name)
    if task.mapping is not None and task.elements is not None:
        return [load_whole(store, element) for element in task.elements]
    if not task.outputs:
        return load_output(store, task.key)
    load_output(store, task.key)
    return {name: load_output(store, output_key(task.key, name)) for name in task.outputs}


def is_whole(store: OutputStore, task: Producer) -> bool:
    """Return whether all of a task's output is stored, with the files it holds unchanged."""
    if task.mapping is not None:
        return task.elements is not None and all(is_whole(store, element) for element in task.elements)
    return all(is_stored(store, key) for key in task.entry_keys)
