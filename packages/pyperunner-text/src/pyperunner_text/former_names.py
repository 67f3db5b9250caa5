"""Former names: classes and functions that stay known by the module that an earlier version defined them in."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from importlib import import_module
from types import ModuleType
from typing import Any

__all__ = ["keep_former_modules", "keep_former_name"]


class _FormerModule(ModuleType):
    """A module that has the names of another, which it imports when it is asked for one."""

    def __init__(self, name: str, home: str) -> None:
        super().__init__(name, f"Kept for stores written by 0.2.0: pickles in them name this module, now {home}.")
        self._home = home

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__all__":  # whoever looks through all loaded modules is not to import one
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return getattr(import_module(self._home), name)


def keep_former_modules(package: str, homes: Mapping[str, str]) -> None:
    """Let the names of modules that are gone lead to where their classes and functions are now, for good.

    To be called by the package when it is imported, which comes before the import of any of its modules.

    Args:
        package: The package's name.
        homes: By the name of each former module the present one, both within the package.
    """
    for former, home in homes.items():
        sys.modules.setdefault(f"{package}.{former}", _FormerModule(f"{package}.{former}", f"{package}.{home}"))


def keep_former_name(module: str, *things: Any) -> None:
    """Have classes and functions go by the name of the module in which they were when stores and keys were written.

    To be called by the module that defines them now. The former name leads there at once, without an import: who looks
    for the module of a class among those that are loaded, as cloudpickle does, would else take it for one made on the
    fly, and send all of it.

    Args:
        module: The former module's name. A file of that name stays for whoever has loaded nothing yet, or
            ``keep_former_modules`` has it.
        things: Classes and functions.
    """
    sys.modules.setdefault(module, sys.modules[things[0].__module__])
    for thing in things:
        thing.__module__ = module
