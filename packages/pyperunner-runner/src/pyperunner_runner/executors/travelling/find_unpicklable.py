"""Search for the part of a task that can't be pickled."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

__all__ = ["find_unpicklable"]

_DEPTH = 20


def find_unpicklable(task: Any, dumps: Callable[[Any], object]) -> tuple[str, Exception] | None:
    """Return the path to the innermost part of a task that can't be pickled, such as ``params['lock']``, and why.

    Args:
        task: The task.
        dumps: Pickles a value, or raises.
    """
    found = None
    parts = _parts_of_task(task)
    for _ in range(_DEPTH):
        guilty = next(filter(None, (_try(path, part, dumps) for path, part in parts)), None)
        if guilty is None:
            break
        path, part, error = guilty
        found = path, error
        parts = _parts(path, part)
    return found


def _try(path: str, part: Any, dumps: Callable[[Any], object]) -> tuple[str, Any, Exception] | None:
    try:
        dumps(part)
    except Exception as error:
        return path, part, error
    return None


def _parts_of_task(task: Any) -> Iterator[tuple[str, Any]]:
    yield from ((f"params[{name!r}]", value) for name, value in task.params.items())
    yield from ((f"inputs[{name!r}]", value) for name, value in task.inputs.items())
    yield "options", task.options
    yield from ((f"attribute {name!r}", value) for name, value in vars(task).items() if name != "params")
    yield "run", type(task).run.__wrapped__
    yield from ((f"class attribute {name!r}", value) for name, value in vars(type(task)).items() if name != "run")


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        yield from ((f"{path}[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, (list, tuple)):
        yield from ((f"{path}[{index}]", item) for index, item in enumerate(value))
    elif isinstance(value, FunctionType):
        names = inspect.getclosurevars(value)
        yield from ((f"{path}: variable {name!r}", item) for name, item in names.nonlocals.items())
        yield from ((f"{path}: global {name!r}", item) for name, item in names.globals.items())
    elif not isinstance(value, type) and hasattr(value, "__dict__"):
        yield from ((f"{path}.{name}", item) for name, item in vars(value).items())
