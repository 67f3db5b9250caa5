"""Registry of executors: finds them by name through the entry points of group ``pyperunner.executors``."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, cast

from pyperunner_runner.errors import UnknownExecutor, UnknownExecutorOption

if TYPE_CHECKING:
    from pyperunner_runner.ports import Executor, ExecutorFactory, Session

__all__ = ["find_executor"]

_GROUP = "pyperunner.executors"
_BUILT_IN = {
    "inline": "pyperunner_runner.executors.inline:InlineExecutor",
    "pool": "pyperunner_runner.executors.pool:PoolExecutor",
    "process": "pyperunner_runner.executors.process:ProcessExecutor",
}
"""The same as this package's entry points: reading the metadata of all that is installed takes milliseconds."""


def find_executor(executor: str | ExecutorFactory, options: Mapping[str, Any] | None = None) -> ExecutorFactory:
    """Return what makes the executor: the argument itself if it can be called, else what its name stands for.

    Those of this package are imported when the first job starts; a run that has nothing to do needs none.

    Args:
        executor: Its name, or what makes it.
        options: What it is given besides the session, by name.

    Raises:
        UnknownExecutor: No executor of that name is installed; the error lists those that are.
        UnknownExecutorOption: It takes no such option.
    """
    return _with_options(_find(executor), executor, options) if options else _find(executor)


def _with_options(
    factory: ExecutorFactory, executor: str | ExecutorFactory, options: Mapping[str, Any]
) -> ExecutorFactory:
    from pyperunner_text.signatures import signature_of

    name = executor if isinstance(executor, str) else getattr(executor, "__qualname__", repr(executor))
    if isinstance(executor, str) and executor in _BUILT_IN:
        module, _, of = _BUILT_IN[executor].partition(":")
        factory = getattr(importlib.import_module(module), of)
    taken = [each.name for each in signature_of(factory).parameters.values() if each.kind is each.KEYWORD_ONLY]
    for option in options:
        if option not in taken:
            raise UnknownExecutorOption(name, option, tuple(taken))

    def make(session: Session) -> Executor:
        return cast("Executor", cast("Any", factory)(session, **options))

    cast("Any", make).places_resources = getattr(factory, "places_resources", False)
    return make


def _find(executor: str | ExecutorFactory) -> ExecutorFactory:
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
