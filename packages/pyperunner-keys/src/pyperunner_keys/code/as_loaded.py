"""Modules as they are loaded: the text that each was loaded from, and what it holds that this text does not say."""

from __future__ import annotations

import types
from collections.abc import Iterator, Mapping
from importlib.machinery import SourceFileLoader
from typing import Any

from pyperunner_keys.code.reading.loaded import foreign_code
from pyperunner_keys.code.reading.source import SourceFile, loaded_source
from pyperunner_keys.project import file_of, is_own_globals

__all__ = ["ModuleText", "module_text"]


class ModuleText:
    """The text that a module of the user's own was loaded from, whatever its file holds by now.

    Args:
        module: The module.
        file: The text.
    """

    def __init__(self, module: types.ModuleType, file: SourceFile) -> None:
        self._module = module
        self._file = file

    @property
    def path(self) -> str:
        """Path of the module's file."""
        return self._file.name

    @property
    def data(self) -> bytes:
        """The text."""
        return self._file.data

    def changes(self) -> Iterator[tuple[str, Any]]:
        """Yield what an import of the text may not make: a name, such as ``Config.limit``, and the value it has here.

        Functions differ where their code is not that of the text, or where they stand under another name. Of values,
        only plain ones can be told to be as the text says.
        """
        yield from self._changes(vars(self._module), self._file.written, "")

    def _changes(self, names: Mapping[str, Any], written: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
        for name, value in list(names.items()):
            place = prefix + name
            if (name.startswith("__") and name.endswith("__")) or isinstance(value, types.ModuleType):
                continue
            if isinstance(value, type) and (value.__module__, value.__qualname__) == (self._module.__name__, place):
                inside = written.get(name)
                yield from self._changes(vars(value), inside if isinstance(inside, dict) else {}, f"{place}.")
            elif not self._is_as_written(value, place, written.get(name)):
                yield place, value

    def _is_as_written(self, value: Any, place: str, written: object) -> bool:
        if isinstance(value, property):
            parts = [part for part in (value.fget, value.fset, value.fdel) if part is not None]
            return all(self._is_as_written(part, place, None) for part in parts)
        function, layers = _unwrap(value)
        if function is not None:
            lives_here = function.__globals__ is vars(self._module) and function.__qualname__ == place
            node = self._file.find(function.__code__) if lives_here else None
            return node is not None and layers <= len(getattr(node, "decorator_list", ()))
        return isinstance(written, str) and repr(value) == written

    def lacks(self, value: object) -> bool:
        """Whether a function, or the one inside its decorators, lives in the module without being in the text."""
        function, _ = _unwrap(value)
        return (
            function is not None
            and function.__globals__ is vars(self._module)
            and self._file.find(function.__code__) is None
        )


def _unwrap(value: object) -> tuple[types.FunctionType | None, int]:
    """Return the function inside its decorators, or ``None``, and how many layers they have left around it."""
    layers = 0
    if isinstance(value, (staticmethod, classmethod)):
        value, layers = value.__func__, 1
    if not isinstance(value, types.FunctionType):
        return None, layers
    seen = {id(value)}
    while isinstance(inner := getattr(value, "__wrapped__", None), types.FunctionType) and id(inner) not in seen:
        seen.add(id(inner))
        value, layers = inner, layers + 1
    return value, layers


def module_text(module: types.ModuleType) -> ModuleText | None:
    """Return the text of a module of the user's own that an import has loaded; ``None`` for any other.

    Args:
        module: A loaded module.
    """
    names = vars(module)
    path = file_of(names)
    loader = getattr(names.get("__spec__"), "loader", None)
    if path is None or not isinstance(loader, SourceFileLoader) or not is_own_globals(names):
        return None
    file = loaded_source(names, path)
    if file is None or foreign_code(names, path, lambda: file.code):  # Python took the byte code of another text
        return None
    return ModuleText(module, file)
