"""Modules that nobody has imported yet, found without importing them: what an import of each would run.

Most are texts. Of what is none (byte code alone, an extension, what an importer of the user's own makes) count the
bytes; and where not even those can be had, that is a gap.
"""

from __future__ import annotations

import sys
from importlib.machinery import BuiltinImporter, FrozenImporter, ModuleSpec
from types import CodeType
from typing import TYPE_CHECKING, Any

from pyperunner_keys.code.reading.bytecode import code_form, read_module
from pyperunner_keys.code.reading.module_names import is_reading
from pyperunner_keys.code.reading.references import Facts
from pyperunner_keys.code.reading.source import SourceFile, file_source
from pyperunner_keys.encoding.plain import digest_bytes, encode_plain
from pyperunner_keys.project import family, is_own_class, is_own_file, is_own_module
from pyperunner_text.light_dataclass import light_dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Binary", "find_module"]

_BUILT_IN: tuple[object, ...] = (BuiltinImporter, FrozenImporter)
_ONCE_STANDARD = frozenset({*sys.stdlib_module_names, "distutils"})
"""Names for which an installed package may answer in place of the standard library."""


@light_dataclass(eq=False)
class Binary:
    """A module that has no text.

    Args:
        name: What its functions say that they come from: its file, if it has one.
        digest: Of the bytes of that file; empty where they cannot be had.
        code: What its import runs; ``None`` where that is not known.
        gap: Why this may not be all; empty where it is.
        importer: The user's own object that loads it, if any.
    """

    name: str
    digest: str
    code: CodeType | None
    gap: str
    importer: object

    @property
    def form(self) -> bytes:
        """What counts of it: equal for modules that do the same, as far as that can be told."""
        return self.digest.encode() if self.code is None else encode_plain(code_form(self.code))

    @property
    def facts(self) -> Facts:
        """What its code needs from outside."""
        return Facts() if self.code is None else read_module(self.code)


def find_module(name: str) -> SourceFile | Binary | None:
    """Return what an import of a module of the user's own would run, or ``None`` where there is no such module.

    Args:
        name: Absolute name of the module.
    """
    spec = None if family(name) else _spec(name)
    if spec is None:
        return None
    if spec.loader is None:
        folders = [*(spec.submodule_search_locations or ())]
        return SourceFile("", b"") if folders and all(map(is_own_file, folders)) else None
    if not _is_own(name, spec):
        return None
    path = spec.origin if spec.has_location and spec.origin else f"<{name}>"
    if path.endswith(".py"):
        file = file_source(path)
        if file is not None:
            file.importer = _own_importer(spec.loader)
            return file
    return _of_importer(name, path, spec.loader)


def _is_own(name: str, spec: ModuleSpec) -> bool:
    if spec.has_location and spec.origin:
        return is_own_file(spec.origin)
    first = name.partition(".")[0]
    # A library that makes modules of its own, such as six.moves, makes them below its own name.
    made_in = any(spec.loader is each for each in _BUILT_IN)
    return not made_in and first not in _ONCE_STANDARD and (first == name or is_own_module(first))


def _own_importer(loader: object) -> object:
    kind = loader if isinstance(loader, type) else type(loader)
    return loader if is_own_class(kind) else None


def _of_importer(name: str, path: str, loader: object) -> SourceFile | Binary:
    """Ask an importer for text, byte code or bytes, the first of which it has.

    Args:
        name: Name of the module.
        path: Its file, or what stands for one.
        loader: The importer (``importlib.abc.InspectLoader`` has the methods that it may have).
    """
    importer = _own_importer(loader)
    text = _ask(loader, "get_source", name)
    if isinstance(text, str):
        file = SourceFile(path, text.encode("utf-8", "surrogatepass"))
        if file.tree.body or not text.strip():
            file.importer = importer
            return file
    code = _ask(loader, "get_code", name)
    data = None if path.startswith("<") else _ask(loader, "get_data", path)
    digest = digest_bytes(data) if isinstance(data, bytes) else ""
    if isinstance(code, CodeType):
        read = any(map(is_reading, code.co_names))
        return Binary(path, digest, code, "what it reads at its import does not count" if read else "", importer)
    if digest:
        return Binary(path, digest, None, "what its file means is not known; the bytes of it count", importer)
    return Binary(path, "", None, "its importer gives neither text nor byte code before it is imported", importer)


def _ask(loader: object, method: str, argument: str) -> object:
    ask: Callable[[str], object] | None = getattr(loader, method, None)
    try:
        return None if ask is None else ask(argument)
    except Exception:  # an importer may be anybody's, and the import itself will say what is wrong
        return None


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
