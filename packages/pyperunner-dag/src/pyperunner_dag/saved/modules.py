"""Modules: objects by the names under which a saved pipeline knows them."""

from __future__ import annotations

import builtins
import importlib
import sys
from collections.abc import Iterable
from fnmatch import fnmatchcase
from types import BuiltinFunctionType, FunctionType
from typing import Any

from pyperunner_dag.errors import ModuleRefusedError, TaskLookupError
from pyperunner_dag.saved.values_code import follow
from pyperunner_dag.tasks import Task
from pyperunner_text.inert import find, static_attribute

__all__ = ["Modules"]

_EXCEPTIONS = frozenset(
    name for name, kind in vars(builtins).items() if isinstance(kind, type) and issubclass(kind, BaseException)
)
"""What options name of Python's own; nobody needs to allow it."""


class Modules:
    """Imports the modules that a saved pipeline names, if they are allowed.

    Args:
        allowed: Names or globs of modules; ``None`` for any.
    """

    def __init__(self, allowed: Iterable[str] | None) -> None:
        self.allowed = None if allowed is None else (allowed,) if isinstance(allowed, str) else tuple(allowed)

    def check(self, task: str, module: str, name: str = "") -> None:
        """Raise ``ModuleRefusedError`` if ``task`` may not have ``name`` from a module. Imports nothing."""
        if not self._allows(module) and (module != "builtins" or name not in _EXCEPTIONS):
            raise ModuleRefusedError(task, module, self.allowed or ())

    def module(self, task: str, module: str, name: str) -> Any:
        """Return a module; the running ``__main__`` where it goes by that name, instead of a second copy of it.

        Args:
            task: Task that needs it, for the error.
            module: Its name.
            name: What is wanted from it, for the error.

        Raises:
            ModuleRefusedError: It is not allowed.
            TaskLookupError: It is not there.
        """
        from pyperunner_keys import importable_name

        self.check(task, module, name)
        if importable_name("__main__") == module:
            return sys.modules["__main__"]
        try:
            return importlib.import_module(module)
        except (ImportError, ValueError, TypeError) as error:
            raise TaskLookupError(task, module, name, f"{type(error).__name__}: {error}") from error

    def task_class(self, task: str, module: str, name: str) -> type[Task]:
        """Return the Task class called ``name`` in a module, whatever it is bound to there.

        Raises:
            ModuleRefusedError: The module is not allowed.
            TaskLookupError: The module, or such a class in it, is not there, or there are several.
        """
        found = self.module(task, module, name)
        members = [cls for cls in vars(found).values() if isinstance(cls, type) and issubclass(cls, Task)]
        classes = [cls for cls in dict.fromkeys(members) if cls is not Task and self._may_define(cls)]
        named = [cls for cls in classes if cls.__name__ == name]
        own = [cls for cls in named if cls.__module__ == found.__name__] or named
        if len(own) == 1:
            return own[0]
        known = ", ".join(sorted({cls.__name__ for cls in classes})) or "none"
        problem = f"{len(own)} Task classes have this name" if own else f"it has no such Task class, only: {known}"
        raise TaskLookupError(task, module, name, problem)

    def object(self, task: str, reference: str) -> Any:
        """Return the function or class that ``'module:qualified name'`` stands for.

        Raises:
            ModuleRefusedError: The module is not allowed, or the one in which it is defined.
            TaskLookupError: It is not there.
        """
        module, _, qualname = reference.partition(":")
        home = self.module(task, module, qualname)
        if self.allowed is None:
            try:
                return follow(home, qualname)
            except AttributeError as error:
                raise TaskLookupError(task, module, qualname, str(error)) from error
        # What an allowed module lacks its __getattr__ may import, so nobody is asked.
        outer, found = find(home.__name__, qualname.partition(".")[0]), find(home.__name__, qualname)
        for part in (outer, found) if module != "builtins" else ():
            if part is not None and not self._may_define(part):
                raise ModuleRefusedError(task, _home_of(part) or f"of {reference}", self.allowed)
        if found is None and outer is not None:  # what is no class within a class is nobody's to name
            raise ModuleRefusedError(task, f"of {reference}", self.allowed)
        if found is None:
            raise TaskLookupError(task, module, qualname, f"module {module!r} defines no {qualname!r:.60}")
        return found

    def _may_define(self, found: Any) -> bool:
        """Whether a function or class, and nothing else, is defined in an allowed module, and not just named there."""
        from pyperunner_keys import importable_name

        home = _home_of(found)
        return self.allowed is None or (home is not None and self._allows(importable_name(home)))

    def _allows(self, module: str) -> bool:
        return self.allowed is None or any(fnmatchcase(module, glob) for glob in self.allowed)


def _home_of(found: Any) -> str | None:
    """Return the module in which a function or class is defined, ``None`` for anything else."""
    if issubclass(type(found), type):
        home = static_attribute(found, "__module__")
    else:
        home = found.__module__ if type(found) in (FunctionType, BuiltinFunctionType) else None
    return home if isinstance(home, str) else None
