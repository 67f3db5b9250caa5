"""Expansion: from a mapped task to the tasks of its elements, once what it is mapped over is known."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, TypeAlias

from pyperunner_dag.dag import Node
from pyperunner_dag.identity.code import CodeReader
from pyperunner_dag.identity.hashing import entry_hash
from pyperunner_dag.identity.key import TaskKey, digests_of
from pyperunner_dag.inputs import holds_task, is_task, leaves, task_of
from pyperunner_dag.nodes.parts import Part
from pyperunner_dag.outputs.elements import Element, Listing, items_of, joined, listing_of
from pyperunner_dag.outputs.errors import MapError

__all__ = ["expand", "hash_of_elements", "listing_in", "mapped_sources", "mapped_steps"]

Task: TypeAlias = Any
"""A task; they know this module, so that it does not know them."""
ELEMENTS = "pyperunner/elements/1"


class _Stream(NamedTuple):
    """What one param is mapped over."""

    param: str
    labels: Sequence[str] | None
    items: Sequence[Any]


def mapped_sources(task: Task) -> list[Any]:
    """Return the tasks, or parts of their outputs, that a mapped task is mapped over."""
    found = [task.inputs[param] for param in task.mapping.params if param in task.inputs] if task.mapping else []
    return [source for source in found if is_task(source)]


def mapped_steps(task: Task, children: Iterable[Task]) -> list[list[str | int]]:
    """Return which parts of a task's output others are mapped over, as paths; that of the whole is empty."""
    found = {
        source.path if isinstance(source, Part) else ()
        for child in children
        for source in mapped_sources(child)
        if task_of(source) is task and task.mapping is None
    }
    return [list(path) for path in sorted(found, key=str)]


def listing_in(value: Any, path: Sequence[str | int]) -> Listing | None:
    """Return what is kept of the list at a place of an output; ``None`` where there is none, or it can't be."""
    try:
        for step in path:
            value = value[step]
        items = items_of(value)
        return None if items is None else listing_of(items)
    except Exception:  # whatever a user's object raises; whoever maps over it meets it again, and says so
        return None


def expand(task: Task, listing: Callable[[Any], Listing]) -> list[Task]:
    """Make the tasks of a mapped task's elements, hashed; what they need must have keys by now.

    Args:
        task: The mapped task.
        listing: Gives what is known of a stored list, for a task or a part of its output.

    Raises:
        MapError: What it is mapped over is no list, or lengths differ.
    """
    streams = [_stream(task, param, listing) for param in task.mapping.params]
    make = _Maker(task)
    if task.mapping.how == "product":
        count: Iterable[tuple[int, ...]] = itertools.product(*(range(len(stream.items)) for stream in streams))
    else:
        _check_lengths(task, streams)
        count = ((index,) * len(streams) for index in range(len(streams[0].items)))
    labelled = any(stream.labels is not None for stream in streams)
    elements = []
    for number, at in enumerate(count):
        label = _label(streams, at, task.mapping.how) if labelled else str(number)
        elements.append(make(label, {stream.param: stream.items[i] for stream, i in zip(streams, at, strict=True)}))
    _check_labels(task, elements, labelled)
    task.elements = elements
    task.identity.entry = hash_of_elements(elements)
    return elements


def hash_of_elements(elements: Iterable[Task]) -> str:
    """Return what a list of elements counts by for those that take it whole."""
    from pyperunner_keys import digest

    return digest([ELEMENTS, "".join(entry_hash(element) for element in elements)])


def _stream(task: Task, param: str, listing: Callable[[Any], Listing]) -> _Stream:
    value = task.inputs.get(param, task.params.get(param))
    if not is_task(value):
        items = items_of(value)
        if items is None:
            raise MapError(task.name, f"{param} is no list any more")
        return _Stream(param, items.labels, items.values)
    source = task_of(value)
    if source.mapping is not None and value is source:
        labels = None if source.elements_are_numbered else [element.label for element in source.elements]
        return _Stream(param, labels, source.elements)
    known = listing(value)
    return _Stream(param, known.labels, [Element(value, at, digest) for at, digest in enumerate(known.digests)])


def _check_lengths(task: Task, streams: Sequence[_Stream]) -> None:
    lengths = {stream.param: len(stream.items) for stream in streams}
    if len(set(lengths.values())) > 1:
        words = ", ".join(f"{param} has {length}" for param, length in lengths.items())
        raise MapError(task.name, f"lists that are mapped side by side have one length: {words} (or how='product')")


def _label(streams: Sequence[_Stream], at: Sequence[int], how: str) -> str:
    labels = [(s.labels[i] if s.labels is not None else str(i)) for s, i in zip(streams, at, strict=True)]
    if how == "product":
        return joined(labels)
    return next(label for label, stream in zip(labels, streams, strict=True) if stream.labels is not None)


def _check_labels(task: Task, elements: list[Task], labelled: bool) -> None:
    task.elements_are_numbered = not labelled
    if labelled and len({element.name for element in elements}) < len(elements):
        raise MapError(task.name, "the keys of what it is mapped over are not all different as text")


class _Maker:
    """Makes the elements of one mapped task."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._codes = CodeReader()
        mapped = set(task.mapping.params)
        self._params = {name: value for name, value in task.params.items() if name not in mapped}
        self._digests = {name: digest for name, digest in task.identity.digests.items() if name not in mapped}
        self._inputs = {name: value for name, value in task.inputs.items() if name not in mapped}

    def __call__(self, label: str, given: dict[str, Any]) -> Task:
        """Return the task of one element."""
        task = self._task
        cls: Any = type(task)
        made = cls.__new__(cls)
        Node.__init__(made, f"{task.name}[{label}]")
        params = {name: value for name, value in given.items() if not holds_task(value)}
        inputs = {**self._inputs, **{name: value for name, value in given.items() if name not in params}}
        made.__dict__.update(
            tag=task.tag,
            reload=task.reload,
            label=label,
            prefix=task.prefix,
            variant=f"{task.variant}[{label}]",
            of=task,
            store=task.store,
            data_path=task.data_path,
            params={**self._params, **params},
            identity=TaskKey(),
            made=task.made,
        )
        if task._own_options:
            made.options, made._own_options = task.options, task._own_options
        if inputs:
            made.inputs = inputs
            found = [leaf for value in inputs.values() for _, leaf in leaves(value) if is_task(leaf)]
            made._inputs = tuple(dict.fromkeys(map(task_of, found)))
            made._named = (
                () if len(made._inputs) == len(found) and not any(isinstance(f, Part) for f in found) else tuple(found)
            )
        made._parents, made._parts = task._parents, task._parts
        made.identity.defaults = task.identity.defaults
        made.identity.take({**self._digests, **digests_of(made, params, {})}, None)
        made.identity.compute(made, self._codes)
        return made
