"""Modules of the user's own that code will import when it runs, but that nobody has imported yet.

Importing them here could start what only a child should start, so their text is read instead. Once a module has been
read like that, it stays so for this process, even if it is loaded later, as long as what is loaded is what was read:
a key must not depend on which of two equal tasks was asked first.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from importlib.machinery import ModuleSpec
from typing import Any

from pyperunner_keys.code.reading.loaded import foreign_code
from pyperunner_keys.code.reading.source import SourceFile, Written, file_source
from pyperunner_keys.project import Names, family, file_of, is_own_file

__all__ = ["Unimported", "absolute_name"]

_read_as_text: dict[str, tuple[SourceFile, object]] = {}
"""By the module's name: the text, and the specification of the module once it was loaded from that."""


class Unimported:
    """Finds modules without importing them; looks at each only once.

    Attributes:
        ask: Says whether all that was found would be found now.
    """

    def __init__(self) -> None:
        self._loaded: dict[str, types.ModuleType | None] = {}
        self._files: dict[str, SourceFile | None] = {}
        self._names: dict[str, dict[str, Any]] = {}
        self.ask = self._is_as_found

    def loaded(self, name: str) -> types.ModuleType | None:
        """Return a module that counts by what it holds, or ``None`` if its text counts or it is not there.

        Args:
            name: Absolute name of a module.
        """
        if name not in self._loaded:
            module = sys.modules.get(name)
            self._loaded[name] = None if module is None or _text_of(name, module) is not None else module
        return self._loaded[name]

    def find(self, name: str) -> SourceFile | None:
        """Return the text of a module of the user's own, or ``None`` where there is none.

        Args:
            name: Absolute name of a module.
        """
        if name not in self._files:
            module = sys.modules.get(name)
            file = None if module is None else _text_of(name, module)
            file = self._files[name] = _find(name) if file is None else file
            if file is not None and module is None:
                _read_as_text[name] = file, None
        return self._files[name]

    def _is_as_found(self) -> bool:
        now = Unimported()
        return all(now.loaded(name) is module for name, module in self._loaded.items()) and all(
            _are_one(now.find(name), file) for name, file in self._files.items()
        )

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


def _text_of(name: str, module: types.ModuleType) -> SourceFile | None:
    """Return the text that a module counts by although it is loaded: that which was read before, if it is what it says.

    Args:
        name: Name of the module.
        module: The module.
    """
    known, spec = _read_as_text.get(name, (None, None))
    if known is None:
        return None
    now = getattr(module, "__spec__", None)
    chosen = [known] if spec is None or spec is now else []
    for file in (*chosen, None if spec is now else _find(name)):
        if file is not None and file.name == known.name and _is_as_written(module, file):
            _read_as_text[name] = file, now
            return file
    return None


def _are_one(file: SourceFile | None, other: SourceFile | None) -> bool:
    if file is None or other is None:
        return file is other
    return (file.name, file.digest) == (other.name, other.digest)


def _is_as_written(module: types.ModuleType, file: SourceFile) -> bool:
    """Say whether the functions, methods and plain constants that a module holds are those of its text."""
    names = vars(module)
    if file.name and file_of(names) != file_of({"__file__": file.name}):
        return False
    if foreign_code(names, file.name, lambda: file.code):
        return False
    return _holds(names, file.written, file)


def _holds(names: Mapping[str, Any], written: Mapping[str, Written], file: SourceFile) -> bool:
    for name, said in written.items():
        held = names.get(name)
        if isinstance(said, str):
            if repr(held) != said:
                return False
        elif isinstance(said, dict):
            if not isinstance(held, type) or not _holds(vars(held), said, file):
                return False
        elif not isinstance(held, types.FunctionType) or file.find(held.__code__) is not said:
            return False
    return True
