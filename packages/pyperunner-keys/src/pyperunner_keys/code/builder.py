"""Builder of parts: made on demand and filled from a queue, so that neither long chains nor circles recurse.

All that a builder has read it keeps: it shows every value as it was when it was first asked for.
"""

from __future__ import annotations

import sys
import types
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.content import Content, encoders_for
from pyperunner_keys.code.graph import Part
from pyperunner_keys.code.parts.classes import fill_class
from pyperunner_keys.code.parts.constants import fill_changed, fill_constant
from pyperunner_keys.code.parts.functions import fill_function
from pyperunner_keys.code.parts.modules import fill_binary, fill_doings, fill_effects, fill_module, fill_statement
from pyperunner_keys.code.reading.loaded import foreign_code
from pyperunner_keys.code.reading.source import SourceFile, loaded_source
from pyperunner_keys.code.reading.unimported import Unimported
from pyperunner_keys.names import importable_name
from pyperunner_keys.project import Names, file_of

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from pyperunner_keys.code.graph import Slot
    from pyperunner_keys.code.reading.importable import Binary
    from pyperunner_keys.code.reads import Reads
    from pyperunner_keys.encoding.writer import EncoderTable

__all__ = ["PartBuilder"]

_NO_NAMES: Names = {}
Fill = Callable[[Content], None]


class PartBuilder:
    """Makes and keeps parts.

    Args:
        deep: Whether names that code takes from outside itself are followed.
        changed: What the code changes while it runs: it counts by the statements that make it.

    Attributes:
        unimported: Finds modules without importing them.
        imported: What the import of a module does to others, and what was looked at to tell, by the module.
    """

    def __init__(self, deep: bool = True, changed: AbstractSet[Slot] = frozenset()) -> None:
        self.deep = deep
        self.changed = changed
        self.unimported = Unimported()
        self.imported: dict[object, tuple[list[tuple[str, Part]], Reads]] = {}
        self._parts: dict[Any, Part] = {}
        self._files: dict[str, SourceFile | None] = {}
        self._tables: dict[int, EncoderTable] = {}
        self._queue: deque[tuple[Content, Fill]] = deque()
        self._constants: deque[tuple[Content, Fill]] = deque()

    def settle(self, constants: bool = True) -> None:
        """Fill the parts that have been asked for, and those that they refer to.

        Args:
            constants: Whether constants are filled as well; they may be large.
        """
        while self._queue or (constants and self._constants):
            content, fill = (self._queue or self._constants).popleft()
            fill(content)
            content.close()

    def source_file(self, names: Names) -> SourceFile | None:
        """Return the text that a module was loaded from, or ``None`` where there is none.

        Args:
            names: The module's globals.
        """
        return None if self.foreign_code(names) else self._text(names)

    def foreign_code(self, names: Names) -> str:
        """Return the digest of the byte code that a module was loaded from, where it is that of another text.

        Args:
            names: The module's globals.
        """
        file = self._text(names)
        return "" if file is None else foreign_code(names, file.name, lambda: file.code)

    def _text(self, names: Names) -> SourceFile | None:
        path = file_of(names)
        if path is None or not path.endswith(".py"):
            return None
        if path not in self._files:
            self._files[path] = loaded_source(names, path)
        return self._files[path]

    def table(self, names: Names) -> EncoderTable:
        """Return the encoders for values of a module.

        Args:
            names: The module's globals.
        """
        known = self._tables.get(id(names))
        if known is None:
            known = self._tables[id(names)] = encoders_for(names)
        return known

    def part(self, obj: Any) -> Part:
        """Return the part of a function, class or module of the user's own."""
        known = self._parts.get(id(obj))
        if known is not None:
            return known
        if isinstance(obj, types.ModuleType):
            return self._make(id(obj), importable_name(obj.__name__), obj, vars(obj), fill_module)
        # What exec made has no module.
        name = f"{importable_name(obj.__module__)}.{obj.__qualname__}" if obj.__module__ else obj.__qualname__
        if isinstance(obj, types.FunctionType):
            return self._make(id(obj), name, obj, obj.__globals__, fill_function)
        return self._make(id(obj), name, obj, vars(sys.modules.get(obj.__module__, types)), fill_class)

    def constant(self, owner: object, name: str, value: Any, title: str, names: Names) -> Part:
        """Return the part of a value that a module or class holds under a name.

        Args:
            owner: What holds it: the globals of a module, or a class.
            name: Its name there.
            value: The value.
            title: The part's name.
            names: Globals of the module that it belongs to.
        """
        key = (id(owner), name)
        fill = fill_changed if key in self.changed else fill_constant
        return self._parts.get(key) or self._make(key, title, (owner, name, value), names, fill)

    def statement(self, module: str, file: SourceFile, name: str) -> Part:
        """Return the part of a name in a module that is not loaded.

        Args:
            module: The module's name.
            file: Its text.
            name: A name that its statements bind.
        """
        return self._of_text((module, name), f"{module}.{name}", (module, file, name), fill_statement)

    def binary(self, module: str, binary: Binary) -> Part:
        """Return the part of a module that is not loaded and has no text.

        Args:
            module: The module's name.
            binary: What is known of it.
        """
        return self._of_text((module, "<bytes>"), module, (module, binary, ""), fill_binary)

    def effects(self, module: str, file: SourceFile) -> Part:
        """Return the part of what the import of a module that is not loaded does to other modules.

        Args:
            module: The module's name.
            file: Its text.
        """
        return self._of_text((module, ""), f"{module}.<import>", (module, file, ""), fill_effects)

    def doings(self, name: str, names: Names, file: SourceFile) -> Part:
        """Return the part of what the import of a module does to modules that are not the user's own.

        Args:
            name: The module's name.
            names: Its globals.
            file: Its text.
        """
        known = self._parts.get((name, "<import>"))
        subject = (names if "__spec__" in names else name, file, "")
        title = f"{importable_name(name)}.<import>"
        return known or self._make((name, "<import>"), title, subject, names, fill_doings)

    def _of_text(self, key: tuple[str, str], title: str, subject: Any, fill: Fill) -> Part:
        return self._parts.get(key) or self._make(key, title, subject, self.unimported.names(key[0]), fill)

    def value(self, value: Any, title: str) -> Part:
        """Return the part of a value by itself.

        Args:
            value: Any value.
            title: The part's name.
        """
        key = ("value", id(value))
        return self._parts.get(key) or self._make(key, title, (None, "", value), _NO_NAMES, fill_constant)

    def _make(self, key: Any, title: str, subject: Any, names: Names, fill: Fill) -> Part:
        part = self._parts[key] = Part(title, subject)
        queue = self._constants if fill is fill_constant else self._queue
        queue.append((Content(self, part, names), fill))
        return part
