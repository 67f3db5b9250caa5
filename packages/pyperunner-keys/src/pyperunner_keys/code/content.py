"""Content of a part while it is being read: pieces that are hashed, and links to other parts."""

from __future__ import annotations

import functools
import os
import types
from collections.abc import Callable, Mapping
from functools import lru_cache
from pathlib import PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import TYPE_CHECKING, Any, Protocol

import xxhash

from pyperunner_keys.code.kinds import STRUCTURES, held, is_importable, is_own_code, structure_parts, wrapped_parts
from pyperunner_keys.code.reading.loaded import is_imported
from pyperunner_keys.code.reads import MISSING, is_fixed
from pyperunner_keys.encoding.encoders import ENCODERS
from pyperunner_keys.encoding.instances import own_state, write_state
from pyperunner_keys.encoding.objects import encoder_of
from pyperunner_keys.encoding.plain import write_whole
from pyperunner_keys.encoding.writer import EncoderTable, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError
from pyperunner_keys.names import importable_name
from pyperunner_keys.project import Names, file_of, foreign_name, roots_of

if TYPE_CHECKING:
    import ast
    from collections.abc import Sequence
    from collections.abc import Set as AbstractSet

    from pyperunner_keys.code.graph import Part, Slot
    from pyperunner_keys.code.reading.importable import Binary
    from pyperunner_keys.code.reading.source import SourceFile
    from pyperunner_keys.code.reading.unimported import Unimported
    from pyperunner_keys.code.reads import Reads

__all__ = ["Content", "PartSource", "encoders_for"]

_PATHS = (PurePosixPath, PosixPath, PureWindowsPath, WindowsPath)


class PartSource(Protocol):
    """Gives the parts that others refer to; see ``PartBuilder``."""

    deep: bool
    changed: AbstractSet[Slot]
    unimported: Unimported
    imported: dict[object, tuple[list[tuple[str, Part]], Reads]]

    def part(self, obj: Any) -> Part:
        """Return the part of a function, class or module of the user's own."""

    def constant(self, owner: object, name: str, value: Any, title: str, names: Names) -> Part:
        """Return the part of a value that a module or class holds under a name."""

    def statement(self, module: str, file: SourceFile, name: str) -> Part:
        """Return the part of a name in a module that is not loaded."""

    def binary(self, module: str, binary: Binary) -> Part:
        """Return the part of a module that is not loaded and has no text."""

    def effects(self, module: str, file: SourceFile) -> Part:
        """Return the part of what the import of a module that is not loaded does to other modules."""

    def doings(self, name: str, names: Names, file: SourceFile) -> Part:
        """Return the part of what the import of a module does to modules that are not the user's own."""

    def source_file(self, names: Names) -> SourceFile | None:
        """Return the text of a module, or ``None`` where there is none."""

    def foreign_code(self, names: Names) -> str:
        """Return the digest of the byte code that a module was loaded from, where it is that of another text."""

    def table(self, names: Names) -> EncoderTable:
        """Return the encoders for values of a module."""


class Content:
    """Collects the content of one part.

    Args:
        parts: Gives the parts that this one refers to.
        part: The part to fill.
        names: Globals of the module it belongs to.
    """

    def __init__(self, parts: PartSource, part: Part, names: Names) -> None:
        self.parts = parts
        self.part = part
        self.names = names
        self._out = bytearray()
        self._labels: dict[str, Part] = {}

    @property
    def unimported(self) -> Unimported:
        """Finds modules without importing them; that it was asked is noted."""
        self.part.reads.answer(self.parts.unimported.ask, True)
        return self.parts.unimported

    @property
    def module(self) -> str:
        """Importable name of the module."""
        return importable_name(str(self.names.get("__name__", "")))

    def add(self, *pieces: str | bytes) -> None:
        """Let texts count."""
        self._out += b"%d(" % len(pieces)
        for piece in pieces:
            data = piece.encode("utf-8", "surrogatepass") if isinstance(piece, str) else piece
            self._out += b"%d:" % len(data)
            self._out += data

    def foreign(self, label: str, name: str) -> None:
        """Let the name of something count that is not the user's own."""
        self.part.packages.add(name.partition(":")[0].partition(".")[0])
        self.add("foreign", label, name)

    def gap(self, name: str, reason: str) -> None:
        """Note what could not be followed."""
        self.part.gaps[name] = reason

    def source(self, file: SourceFile, nodes: Sequence[ast.AST], without: Sequence[ast.AST] = ()) -> None:
        """Note the text that the part was read from.

        Args:
            file: The text.
            nodes: Nodes in it.
            without: Nodes inside them that are parts of their own.
        """
        self.part.text = lambda: file.segment(nodes, without)
        if file.name and not file.name.startswith("<"):
            self.part.files[file.name] = file.digest
            self.part.module, self.part.file_name = self.module, file.name.rpartition(os.sep)[2]

    def edited(self, path: str) -> None:
        """Note that the part is not what its file says any more, so that no other process can load it from there.

        Args:
            path: The file that its code names.
        """
        # What a script defines travels to other processes by value.
        if path == file_of(self.names) and is_imported(self.names) and self.names["__name__"] != "__main__":
            self.part.files[path] = ""

    def link(self, label: str, target: Part) -> str:
        """Let another part count, and return the label that it has got: distinct parts have distinct ones."""
        chosen, count = label, 1
        while self._labels.setdefault(chosen, target) is not target:
            count += 1
            chosen = f"{label}#{count}"
        return chosen

    def refer(self, label: str, target: Part) -> None:
        """Let another part count under a label that counts as well."""
        self.add("part", self.link(label, target))

    def held(self, names: Mapping[str, Any], name: str) -> Any:
        """Return what a namespace holds under a name, ``MISSING`` where there is none, and note that it was read."""
        self.part.reads.name(names, name)
        return held(names, name, MISSING)

    def value(
        self,
        label: str,
        value: Any,
        otherwise: Callable[[], None] | None = None,
        now: Callable[[], Any] | None = None,
    ) -> None:
        """Let a value count; code inside it becomes links.

        Args:
            label: What the value is here.
            value: Any value; one without a stable encoding is a gap.
            otherwise: Called where the value has no stable encoding, to let something else stand for it.
            now: Returns the value as it is at any moment, where it is none that lives.
        """
        try:
            digest = self._digest(value)
        except UnencodableError as error:
            self.gap(self._place(label) + error.path, f"{error.type_name}: {error.reason}")
        else:
            self.add("value", label, digest)
            if now is not None:
                self.part.reads.answer(lambda: self._digest_now(now()), digest)
            elif not is_fixed(value):
                self.part.reads.answer(lambda: self._digest_now(value), digest)
            return
        self.add("gap", label)
        if otherwise is not None:
            otherwise()

    def _digest(self, value: Any) -> str:
        out = Writer(self.parts.table(self.names), self.write_code, for_digest=True)
        write_whole(value, out)
        return out.digest().hex()

    def _digest_now(self, value: Any) -> str:
        """Return the digest of a value as it is now, nothing if it has none any more.

        The labels of code are those of before, so that the digest is the same for the same code only.
        """
        try:
            return self._digest(value)
        except UnencodableError:
            return ""

    def close(self) -> None:
        """Give the part its digest and its edges."""
        foreign = self.parts.foreign_code(self.names)
        if foreign:
            # The text is not what was loaded, so no part of it says what this one is.
            self.add("byte code", foreign)
            self.part.files[str(file_of(self.names))] = foreign
        if "__file__" in self.names:
            self.part.reads.name(self.names, "__spec__")  # which says whether the module was loaded anew
        self.part.local = xxhash.xxh3_128_hexdigest(self._out)
        self.part.edges = [*self._labels.items()]

    def _place(self, label: str) -> str:
        return f"{self.part.name}.{label}" if label else self.part.name

    def write_code(self, value: Any, out: Writer) -> None:
        """Write what stands for a piece of code: a link where it is the user's own, its name where it is not.

        Args:
            value: A value of one of the types in ``objects.CODE_TYPES``.
            out: The encoding that it is a part of.
        """
        out.enter(value)
        out.buffer += b"K"
        if is_own_code(value):
            # The last part of the name: what it is nested in differs between versions of Python.
            name = value.__name__ if isinstance(value, types.ModuleType) else value.__qualname__.rpartition(".")[2]
            write_text(self.link(f"in {name}", self.parts.part(value)), out)
        elif isinstance(value, types.MethodType) and not is_importable(value):
            _write_parts("method", (value.__func__, value.__self__), out)
        elif isinstance(value, types.BuiltinFunctionType):
            self._write_builtin(value, out)
        elif isinstance(value, types.MethodWrapperType):
            _write_parts("method wrapper", (value.__name__, value.__self__), out)
        else:
            self._write_structure(value, out)
        out.leave()

    def _write_structure(self, value: Any, out: Writer) -> None:
        kind = next((kind for kind in STRUCTURES if isinstance(value, kind)), None)
        if kind is None:
            parts = wrapped_parts(value)
            if parts:
                _write_parts(_wrapper_name(value), parts, out)
            else:
                self._write_foreign(foreign_name(value), out)
            return
        kept = {"attrname", "func", "lock", *STRUCTURES[kind]}  # by the kind itself
        state = {name: own for name, own in own_state(value).items() if name not in kept}
        if kind is not functools.partial or "__wrapped__" in state:
            state = {name: own for name, own in state.items() if name[:2] != "__"}
        if type(value) is not kind:
            # What a subclass makes of the parts is its own business.
            write_item(type(value), out)
        if type(value) is not kind or state:
            write_state(state, value, out)
        _write_parts(foreign_name(kind), structure_parts(value, kind), out)

    def _write_foreign(self, name: str, out: Writer) -> None:
        self.part.packages.add(name.partition(":")[0].partition(".")[0])
        write_text(name, out)

    def _write_builtin(self, value: types.BuiltinFunctionType, out: Writer) -> None:
        owner = value.__self__
        if isinstance(owner, types.ModuleType) and is_own_code(owner):
            write_text(self.link(f"in {owner.__name__}", self.parts.part(owner)), out)
            write_text(value.__qualname__, out)
        elif owner is None or isinstance(owner, (type, types.ModuleType)) or is_importable(value):
            self._write_foreign(foreign_name(value), out)
        else:
            _write_parts("builtin method", (value.__name__, owner), out)


def _write_parts(kind: str, parts: tuple[Any, ...], out: Writer) -> None:
    write_text(kind, out)
    for part in parts:
        write_item(part, out)


def _wrapper_name(value: Any) -> str:
    code = getattr(value, "__code__", None)
    if code is None:
        return foreign_name(type(value))
    package = str(value.__globals__.get("__name__", "")).partition(".")[0]
    return f"{package}:{code.co_name}"


def encoders_for(names: Names) -> EncoderTable:
    """Return encoders for which paths below a module's project are relative to it.

    Args:
        names: Globals of the module.
    """
    file = file_of(names)
    return _encoders_below(roots_of(importable_name(str(names.get("__name__", ""))), file) if file else ())


@lru_cache(maxsize=64)
def _encoders_below(roots: tuple[tuple[str, str], ...]) -> EncoderTable:
    if not roots:
        return ENCODERS

    def relative(text: str) -> tuple[str, str] | None:
        for kind, root in roots:
            if text.startswith(root) and text[len(root) : len(root) + 1] in ("", os.sep):
                return kind, text[len(root) :].replace(os.sep, "/")
        return None

    def write_str(value: str, out: Writer) -> None:
        found = relative(value) if os.sep in value else None
        if found is None:
            write_text(value, out)
        else:
            out.buffer += b"r"
            write_text(found[0], out)
            write_text(found[1], out)

    def write_path(value: PurePath, out: Writer) -> None:
        found = relative(str(value))
        if found is None:
            encoder_of(value)(value, out)
        else:
            out.buffer += b"R"
            write_text(found[0], out)
            write_text(found[1], out)

    return EncoderTable({**ENCODERS, str: write_str, **dict.fromkeys(_PATHS, write_path)}, ENCODERS.fallback)
