"""Former modules: the names under which pickles and keys made by 0.2.0 know what is public here.

A pickle names the module of each class and function in it, a key that of each instance in a param. So what is public
keeps the module name of then, and a module of that name stands in its place for good.
"""

from __future__ import annotations

import importlib
import sys

TYPE_CHECKING = False  # type checkers take it for true
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeVar

    _T = TypeVar("_T")

__all__ = ["formerly", "keep_former_modules"]

_PACKAGE = __name__.rpartition(".")[0]

_MODULES = {
    "_diff": ("comparing.run_diff", "comparing.comparison"),
    "_drift": ("comparing.drift",),
    "_environment": ("writing.environment",),
    "_errors": ("errors",),
    "_folder": ("writing.folder",),
    "_history": ("reading.history",),
    "_outputs": ("reading.outputs",),
    "_pipeline_result": ("reading.pipeline_result",),
    "_process": ("process",),
    "_record": ("reading.record",),
    "_report._write": ("report.page",),
    "_run_section": ("writing.run_section",),
    "_task_result": ("reading.task_result",),
    "_text": ("credentials",),
    "_times": ("reading.task_times",),
}
"""By the name of each former module: those that have its names now."""


def formerly(module: str) -> Callable[[_T], _T]:
    """Return a decorator that lets a class or function keep the name of its former module."""

    def decorate(named: _T) -> _T:
        named.__module__ = f"{_PACKAGE}.{module}"
        return named

    return decorate


class _FormerModule(type(sys)):  # type: ignore[misc]
    """A module that has the names of others, which it imports when it is asked for one."""

    def __getattr__(self, name: str) -> Any:
        for home in _MODULES[self.__name__.removeprefix(f"{_PACKAGE}.")]:
            module = importlib.import_module(f"{_PACKAGE}.{home}")
            if hasattr(module, name):
                return getattr(module, name)
        raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")


def keep_former_modules() -> None:
    """Let what 0.2.0 has written find everything where it left it."""
    for former in _MODULES:
        sys.modules[f"{_PACKAGE}.{former}"] = _FormerModule(f"{_PACKAGE}.{former}")
