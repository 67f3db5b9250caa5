"""Modules of the user's own that code will import when it runs, but that nobody has imported yet.

Importing them here could start what only a child should start, so their text is read instead. Once a module has been
read like that, it stays so for this process, even if it is loaded later, as long as what is loaded is what was read:
a key must not depend on which of two equal tasks was asked first.
"""

from __future__ import annotations

import sys
import types
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from pyperunner_keys.code.reading.importable import Binary, find_module
from pyperunner_keys.code.reading.loaded import foreign_code
from pyperunner_keys.code.reading.source import SourceFile, Written
from pyperunner_keys.project import Names, file_of
from pyperunner_text.light_dataclass import light_dataclass

__all__ = ["Unimported", "absolute_name"]

_read: dict[str, _Read] = {}
"""By the module's name: what was read of it before it was imported."""


@light_dataclass
class _Read:
    """What a module was read as before it was loaded.

    Args:
        found: Its text or byte code.
        spec: The specification of the module once it was loaded from that.
        held: What it held then under those names of which ``found`` does not say what they hold.
    """

    found: SourceFile | Binary
    spec: object = None
    held: dict[str, Any] = field(default_factory=dict)


class Unimported:
    """Finds modules without importing them; looks at each only once.

    Attributes:
        ask: Says whether all that was found would be found now.
    """

    def __init__(self) -> None:
        self._loaded: dict[str, types.ModuleType | None] = {}
        self._files: dict[str, SourceFile | Binary | None] = {}
        self._names: dict[str, dict[str, Any]] = {}
        self.ask = self._is_as_found

    def loaded(self, name: str) -> types.ModuleType | None:
        """Return a module that counts by what it holds, or ``None`` if its text counts or it is not there.

        Args:
            name: Absolute name of a module.
        """
        if name not in self._loaded:
            module = sys.modules.get(name)
            self._loaded[name] = None if module is None or _read_before(name, module) is not None else module
        return self._loaded[name]

    def find(self, name: str) -> SourceFile | None:
        """Return the text of a module of the user's own, or ``None`` where there is none.

        Args:
            name: Absolute name of a module.
        """
        found = self._find(name)
        return found if isinstance(found, SourceFile) else None

    def binary(self, name: str) -> Binary | None:
        """Return a module of the user's own that has no text, or ``None`` where there is none.

        Args:
            name: Absolute name of a module.
        """
        found = self._find(name)
        return found if isinstance(found, Binary) else None

    def knows(self, name: str) -> bool:
        """Say whether there is such a module of the user's own, with a text or without.

        Args:
            name: Absolute name of a module.
        """
        return self._find(name) is not None

    def _find(self, name: str) -> SourceFile | Binary | None:
        if name not in self._files:
            module = sys.modules.get(name)
            found = None if module is None else _read_before(name, module)
            found = self._files[name] = find_module(name) if found is None else found
            if found is not None and module is None:
                _read[name] = _Read(found)
        return self._files[name]

    def _is_as_found(self) -> bool:
        now = Unimported()
        return all(now.loaded(name) is module for name, module in self._loaded.items()) and all(
            _are_one(now._find(name), file) for name, file in self._files.items()
        )

    def names(self, name: str) -> dict[str, Any]:
        """Return the globals that the import system would give to a module.

        Args:
            name: Absolute name of a module that is known.
        """
        if name not in self._names:
            found = self._find(name)
            path = "" if found is None else found.name
            base = path.replace("\\", "/").rpartition("/")[2]
            package = name if base.startswith("__init__.") or not path else name.rpartition(".")[0]
            has_file = path and not path.startswith("<")
            self._names[name] = {"__name__": name, "__package__": package, **({"__file__": path} if has_file else {})}
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


def _read_before(name: str, module: types.ModuleType) -> SourceFile | Binary | None:
    """Return what a module counts by although it is loaded: what was read before, if the module is still what it says.

    Args:
        name: Name of the module.
        module: The module.
    """
    known = _read.get(name)
    if known is None:
        return None
    now = getattr(module, "__spec__", None)
    chosen = [known.found] if known.spec is None or known.spec is now else []
    for found in (*chosen, None if known.spec is now else find_module(name)):
        if found is None or type(found) is not type(known.found) or found.name != known.found.name:
            continue
        if known.spec is not now and _is_as_read(module, found):
            _read[name] = _Read(found, now, _unsaid(vars(module), found))
            return found
        if known.spec is now and _is_as_read(module, found) and _are_held(vars(module), known.held):
            return found
    return None


def _are_one(found: SourceFile | Binary | None, other: SourceFile | Binary | None) -> bool:
    if found is None or other is None:
        return found is other
    if isinstance(found, Binary) and isinstance(other, Binary):
        return (found.name, found.form) == (other.name, other.form)
    return (found.name, found.digest) == (other.name, other.digest)


def _is_as_read(module: types.ModuleType, found: SourceFile | Binary) -> bool:
    """Say whether the functions, methods and plain constants that a module holds are those that were read."""
    names = vars(module)
    if found.name and not found.name.startswith("<") and file_of(names) != file_of({"__file__": found.name}):
        return False
    if isinstance(found, Binary):
        return True
    if foreign_code(names, found.name, lambda: found.code):
        return False
    return _holds(names, found.written, found)


def _unsaid(names: Names, found: SourceFile | Binary) -> dict[str, Any]:
    """Return what a module holds that is not plain to see in what was read, unless its own code changes that."""
    if isinstance(found, Binary):
        said = {name for use in found.facts.changed for name in use[:1]}
    else:
        said = {*found.written, *found.top.changed}
    return {name: _code_of(value) for name, value in names.items() if name[:2] != "__" and name not in said}


def _code_of(value: Any) -> Any:
    return (value, value.__code__) if isinstance(value, types.FunctionType) else (value, None)


def _are_held(names: Names, held: dict[str, Any]) -> bool:
    for name, (value, code) in held.items():
        now = _code_of(names.get(name))
        if now[0] is not value or now[1] is not code:
            return False
    return True


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
