"""Finds executors by name through the entry points of group ``pyperunner.executors``."""

from __future__ import annotations

from collections.abc import Callable
from importlib.metadata import entry_points
from typing import cast

from pyperunner_runner._errors import UnknownExecutor
from pyperunner_runner.ports import Executor, Session

__all__ = ["ExecutorFactory", "find_executor"]

ExecutorFactory = Callable[[Session], Executor]
_GROUP = "pyperunner.executors"


def find_executor(executor: str | ExecutorFactory) -> ExecutorFactory:
    """Return what makes the executor: the argument itself if it can be called, else what its name stands for.

    Raises:
        UnknownExecutor: No executor of that name is installed; the error lists those that are.
    """
    if not isinstance(executor, str):
        return executor
    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if executor not in found:
        raise UnknownExecutor(executor, sorted(found))
    return cast("ExecutorFactory", found[executor].load())
