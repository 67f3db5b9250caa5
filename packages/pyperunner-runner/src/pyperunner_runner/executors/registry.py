"""Registry of executors: finds them by name through the entry points of group ``pyperunner.executors``."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, cast

from pyperunner_runner.errors import UnknownExecutor

if TYPE_CHECKING:
    from pyperunner_runner.ports import Executor, ExecutorFactory

__all__ = ["find_executor"]

_GROUP = "pyperunner.executors"
_BUILT_IN = {
    "inline": "pyperunner_runner.executors.inline:InlineExecutor",
    "pool": "pyperunner_runner.executors.pool:PoolExecutor",
    "process": "pyperunner_runner.executors.process:ProcessExecutor",
}
"""The same as this package's entry points: reading the metadata of all that is installed takes milliseconds."""


def find_executor(executor: str | ExecutorFactory) -> ExecutorFactory:
    """Return what makes the executor: the argument itself if it can be called, else what its name stands for.

    Those of this package are imported when the first job starts; a run that has nothing to do needs none.

    Raises:
        UnknownExecutor: No executor of that name is installed; the error lists those that are.
    """
    if not isinstance(executor, str):
        return executor
    if executor in _BUILT_IN:
        module, _, name = _BUILT_IN[executor].partition(":")
        return lambda session: cast("Executor", getattr(importlib.import_module(module), name)(session))
    from importlib.metadata import entry_points

    found = {entry.name: entry for entry in entry_points(group=_GROUP)}
    if executor not in found:
        raise UnknownExecutor(executor, tuple(sorted(found)))
    return cast("ExecutorFactory", found[executor].load())
