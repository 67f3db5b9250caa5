"""Modules of the user's own that code will import when it runs, but that nobody has imported yet.

Importing them here could start what only a child should start, so their text is read instead. Once a module has been
read like that, it stays so for this process, even if it is loaded later, as long as what is loaded is what was read:
a key must not depend on which of two equal tasks was asked first.
"""

from __future__ import annotations

import ast
import sys
import types
from importlib.machinery import ModuleSpec
from typing import Any

from pyperunner_keys.code.reading.loaded import foreign_code
from pyperunner_keys.code.reading.source import SourceFile, file_source
from pyperunner_keys.project import Names, family, is_own_file

__all__ = ["Unimported", "absolute_name"]

_read_as_text: dict[str, tuple[str, str]] = {}
"""File and digest of the text, by the module's name."""


class Unimported:
    """Finds modules without importing them; looks at each only once."""

    def __init__(self) -> None:
        self._files: dict[str, SourceFile | None] = {}
        self._names: dict[str, dict[str, Any]] = {}

    def loaded(self, name: str) -> types.ModuleType | None:
        """Return a module that counts by what it holds, or ``None`` if its text counts or it is not there.

        Args:
            name: Absolute name of a module.
        """
        module = sys.modules.get(name)
        if module is None or name not in _read_as_text:
            return module
        file = self.find(name)
        if file is None or (file.name, file.digest) != _read_as_text[name]:
            return module
        if foreign_code(vars(module), file.name, lambda: file.code) or not _is_as_written(module, file):
            return module
        return None

    def find(self, name: str) -> SourceFile | None:
        """Return the text of a module of the user's own, or ``None`` where there is none.

        Args:
            name: Absolute name of a module.
        """
        if name not in self._files:
            self._files[name] = _find(name)
        file = self._files[name]
        if file is not None and name not in sys.modules:
            _read_as_text[name] = (file.name, file.digest)
        return file

    def names(self, name: str) -> dict[str, Any]:
        """Return the globals that the import system would give to a module.

        Args:
            name: Absolute name of a module that ``find`` knows.
        """
        if name not in self._names:
            file = self.find(name)
            path = "" if file is None else file.name
            package = name if path.endswith("__init__.py") or not path else name.rpartition(".")[0]
            self._names[name] = {"__name__": name, "__package__": package, **({"__file__": path} if path else {})}
        return self._names[name]


def absolute_name(module: str, level: int, names: Names) -> str:
    """Return the absolute name of a module that is imported with leading dots.

    Args:
        module: The name after the dots.
        level: Number of dots.
        names: Globals of the importing module.
    """
    if not level:
        return module
    package = names.get("__package__")
    if package is None:
        own = str(names.get("__name__", ""))
        package = own if "__path__" in names else own.rpartition(".")[0]
    parts = str(package).split(".")
    base = parts[: len(parts) - level + 1]
    return ".".join([*base, module] if module else base)


def _find(name: str) -> SourceFile | None:
    spec = None if family(name) else _spec(name)
    if spec is None:
        return None
    if spec.origin is not None and spec.has_location:
        return file_source(spec.origin) if is_own_file(spec.origin) else None
    folders = [*(spec.submodule_search_locations or ())]
    return SourceFile("", b"") if folders and all(map(is_own_file, folders)) else None


def _spec(name: str) -> ModuleSpec | None:
    parent = name.rpartition(".")[0]
    path: Any = None
    if parent:
        above = sys.modules.get(parent)
        # A module is not asked for its path: a __getattr__ of its own might answer.
        path = (
            getattr(_spec(parent), "submodule_search_locations", None) if above is None else vars(above).get("__path__")
        )
        if path is None:
            return None
    for finder in sys.meta_path:
        find_spec = getattr(finder, "find_spec", None)
        spec: ModuleSpec | None = find_spec(name, path) if find_spec else None
        if spec is not None:
            return spec
    return None


def _is_as_written(module: types.ModuleType, file: SourceFile) -> bool:
    """Say whether the functions and plain constants that a module holds are those of its text."""
    for statement in file.tree.body:
        if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)) and not statement.decorator_list:
            held = vars(module).get(statement.name)
            if not isinstance(held, types.FunctionType) or held.__code__.co_firstlineno != statement.lineno:
                return False
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            try:
                written = ast.literal_eval(statement.value)
            except (ValueError, TypeError):
                continue
            if repr(vars(module).get(statement.targets[0].id)) != repr(written):
                return False
    return True
