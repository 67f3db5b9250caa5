"""Loaded modules: whether what Python has loaded is what the text of the file says.

Python takes the byte code that is beside a text for that of the text when the text's time, in whole seconds, and its
size are those noted in it (PEP 552 has the format). After a second edit within one second, or where a tool gives all
files one time, it runs what the text no longer says; and so it does until the file gets another time.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.machinery import SourceFileLoader
from types import CodeType
from typing import TYPE_CHECKING

from pyperunner_keys.encoding.plain import digest_bytes, encode_plain

if TYPE_CHECKING:
    from pyperunner_keys.project import Names

__all__ = ["foreign_code", "is_imported"]

_known: dict[str, tuple[object, str]] = {}
"""By the path of a module: its specification, which each import makes anew, and the answer."""


def is_imported(names: Names) -> bool:
    """Say whether a module comes from a text, or its byte code, by an import: no script, no loader of another kind.

    Args:
        names: The module's globals.
    """
    return type(getattr(names.get("__spec__"), "loader", None)) is SourceFileLoader


def foreign_code(names: Names, path: str, compiled: Callable[[], CodeType]) -> str:
    """Return the digest of the byte code that a module was loaded from, or ``""`` where that is the code of its text.

    Args:
        names: The module's globals.
        path: Its file.
        compiled: Compiles the text of the file.
    """
    if not is_imported(names):
        return ""
    known, spec = _known.get(path), names["__spec__"]
    if known is None or known[0] is not spec:
        code = _ByteCode.of(path)
        known = spec, "" if code is None or code == compiled() else _digest(code)
        # The first answer stays: what becomes of the files later does not change what is loaded.
        _known[path] = known
    return known[1]


class _ByteCode(SourceFileLoader):
    """Finds byte code as Python does; compiles nothing and writes nothing."""

    @classmethod
    def of(cls, path: str) -> CodeType | None:
        """Return the byte code that an import of a file would run, or ``None`` if that would compile the text."""
        try:
            return cls("", path).get_code("")
        except (ImportError, EOFError, OSError):
            return None

    def source_to_code(self, *_: object, **options: object) -> CodeType:  # type: ignore[override]
        raise ImportError("the text would be compiled")


def _digest(code: CodeType) -> str:
    from pyperunner_keys.code.reading.bytecode import code_form  # it needs dis, and is seldom needed itself

    return digest_bytes(encode_plain(code_form(code)))
