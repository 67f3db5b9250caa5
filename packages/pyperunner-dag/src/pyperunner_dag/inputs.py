"""Named inputs: tasks that stand in the place of params.

A task may be a param itself, or stand inside a list, a tuple or the values of a dict, at any depth. What holds a task
is kept as a copy of that nesting, with the tasks and the plain values as its leaves.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pyperunner_dag.dag import Node
from pyperunner_dag.errors import NotATaskError
from pyperunner_dag.nodes.parts import Part

__all__ = [
    "ATOMS",
    "as_tasks",
    "describe",
    "holds_task",
    "is_task",
    "leaves",
    "moved",
    "nesting",
    "rebuild",
    "resolve_inputs",
    "task_of",
]

MAX_DEPTH = 100
"""Levels of nesting around a named input; what contains itself goes past it."""

ATOMS = frozenset({int, float, str, bytes, bool, type(None)})
"""Types of values that hold nothing and cannot be changed."""


def is_task(value: object) -> bool:
    """Return whether ``value`` is a task or a part of its output; tasks are the only nodes that params hold."""
    return isinstance(value, (Node, Part))


def task_of(source: Any) -> Any:
    """Return the task that a source is, or is a part of the output of."""
    return source.task if isinstance(source, Part) else source


def moved(source: Any, to: Callable[[Any], Any]) -> Any:
    """Return a source with another task: the one that ``to`` gives for its own."""
    return source.of(to(source.task)) if isinstance(source, Part) else to(source)


_ELEMENT = (
    "an element that a run has made of a mapped task; what follows takes the mapped task, or a part of it by its number"
)


def describe(found: object) -> str:
    """Say what stands where a task should."""
    if isinstance(found, type) and issubclass(found, Node):
        return f"the class {found.__name__} (call it to make a task: {found.__name__}())"
    return f"{found!r:.60} (a {type(found).__name__})"


def holds_task(value: object) -> bool:
    """Return whether ``value`` is a task or a Task class, or a container that holds one somewhere."""
    seen: set[int] = set()
    stack = [value]
    while stack:
        item = stack.pop()
        if type(item) in ATOMS:
            continue
        if isinstance(item, (Node, Part)) or (isinstance(item, type) and issubclass(item, Node)):
            return True
        if isinstance(item, (list, tuple, set, frozenset, dict)) and id(item) not in seen:
            seen.add(id(item))
            stack.extend(item)
            if isinstance(item, dict):
                stack.extend(item.values())
    return False


def nesting(value: Any, path: str, depth: int = 0) -> Any:
    """Return a copy of the lists, tuples and dicts of ``value`` that hold tasks; what holds none stays as it is.

    Args:
        value: A value of which ``holds_task`` is true.
        path: Where it stands, for the error.
        depth: Levels above it.

    Raises:
        TypeError: A task stands where none can.
    """
    if is_task(value) or not holds_task(value):
        if _is_element(value):
            raise TypeError(f"{path} is {value.name}, {_ELEMENT}")
        return value
    if isinstance(value, type):
        raise TypeError(f"{path} is {describe(value)}")
    if depth > MAX_DEPTH:
        raise TypeError(f"{path[:60]}… is nested too deeply to hold tasks, or contains itself")
    if type(value) in (list, tuple):
        return type(value)(nesting(item, f"{path}[{index}]", depth + 1) for index, item in enumerate(value))
    if type(value) is dict and not any(holds_task(key) for key in value):
        return {key: nesting(item, f"{path}[{key!r}]", depth + 1) for key, item in value.items()}
    place = "a key of a dict" if type(value) is dict else f"a {type(value).__name__}"
    raise TypeError(f"{path} holds a task in {place}; a named input may stand in a list, a tuple or a value of a dict")


def _is_element(found: object) -> bool:
    return isinstance(found, Node) and getattr(found, "of", None) is not None


def leaves(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each leaf of a nesting: its tasks, and whatever holds none."""
    stack = [("", value)]
    while stack:
        path, item = stack.pop()
        if is_task(item) or not holds_task(item):
            yield path, item
        else:
            below = list(item.items() if isinstance(item, dict) else enumerate(item))
            stack.extend((f"{path}[{key!r}]", inner) for key, inner in reversed(below))


def rebuild(value: Any, leaf: Callable[[Any], object]) -> Any:
    """Return the same nesting with ``leaf(task)`` in the place of each task."""
    if is_task(value):
        return leaf(value)
    if not holds_task(value):
        return value
    if type(value) is dict:
        return {key: rebuild(item, leaf) for key, item in value.items()}
    return type(value)(rebuild(item, leaf) for item in value)


def resolve_inputs(inputs: Mapping[str, Any], load: Callable[[Any], object]) -> dict[str, Any]:
    """Return the named inputs with outputs in the place of tasks.

    Args:
        inputs: ``task.inputs``.
        load: Gets the output of a task; it is called once for each task, however often the task is named.
    """
    outputs: dict[object, object] = {}

    def output(task: object) -> object:
        if task not in outputs:
            outputs[task] = load(task)
        return outputs[task]

    return {name: rebuild(value, output) for name, value in inputs.items()}


def as_tasks(kind: type, found: object, place: str, *, parts: bool = False) -> list[Any]:
    """Return ``found``, one task or several, as a list of tasks.

    Args:
        kind: The class of all tasks.
        found: A task, or an iterable of tasks.
        place: What they are needed for, for the error.
        parts: Whether parts of outputs may be among them.

    Raises:
        NotATaskError: A class or a stranger is among them; the error says which.
    """
    if isinstance(found, kind) or (parts and isinstance(found, Part)):
        found = [found]
    if isinstance(found, (str, bytes, type)) or not isinstance(found, Iterable):
        raise NotATaskError(place, describe(found))
    tasks = list(found)
    for item in tasks:
        if not isinstance(item, kind) and not (parts and isinstance(item, Part)):
            raise NotATaskError(place, describe(item))
        if _is_element(item):
            raise NotATaskError(place, f"{getattr(item, 'name', item)}, {_ELEMENT}")
    return tasks
