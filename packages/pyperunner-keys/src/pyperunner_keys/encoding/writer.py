"""Writer of canonical encodings: the sink that they go to, and the dispatch from a value to its encoder.

The format is a sequence of self-delimiting items: a one-byte tag, then a payload of fixed size, a number closed by
``;``, or a length closed by ``:`` and that many bytes or items. No item is a prefix of another, so the encodings of
distinct values are distinct.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import xxhash

from pyperunner_keys.errors import TooDeepError
from pyperunner_keys.names import type_name

__all__ = [
    "MAX_DEPTH",
    "CodeHook",
    "Encoder",
    "EncoderTable",
    "FileHook",
    "Writer",
    "text_bytes",
    "too_deep",
    "write_item",
    "write_text",
]

MAX_DEPTH = 200
"""Levels of nesting that an encoding may have; a value that contains itself goes past it and is found so: it is written
as a graph."""

_FLUSH = 1 << 16


class Writer:
    """Collects an encoding in ``buffer``, or keeps no more of it than its digest needs.

    Args:
        table: Encoders by exact type.
        code: Writes what stands for a function, class or module.
        file: Returns what stands for the content of a ``File`` or ``Folder``; it is read where this is not given.
        for_digest: Whether only the digest is wanted; what is large then goes to a hasher piece by piece.
    """

    __slots__ = ("_for_digest", "_hasher", "buffer", "code", "depth", "file", "table")

    def __init__(
        self,
        table: EncoderTable,
        code: CodeHook,
        file: FileHook | None = None,
        *,
        for_digest: bool = False,
    ) -> None:
        self.buffer = bytearray()
        self.table = table
        self.code = code
        self.file = file
        self._for_digest = for_digest
        self._hasher: xxhash.xxh3_128 | None = None
        self.depth = 0

    def big(self, data: bytes | memoryview) -> None:
        """Take a large piece, without a copy where a hasher waits for it."""
        if self._for_digest:
            self._flush().update(data)
        else:
            self.buffer += data

    def _flush(self) -> xxhash.xxh3_128:
        """Hand what has been collected to the hasher."""
        if self._hasher is None:
            self._hasher = xxhash.xxh3_128()
        self._hasher.update(self.buffer)
        self.buffer.clear()
        return self._hasher

    def digest(self) -> bytes:
        """Return the xxh3-128 of all that was written."""
        # Most encodings are short, and need no hasher of their own.
        return xxhash.xxh3_128_digest(self.buffer) if self._hasher is None else self._flush().digest()

    def apart(self, value: Any) -> bytes:
        """Return the encoding of ``value`` by itself, for sorting."""
        inner = Writer(self.table, self.code, file=self.file)
        inner.depth = self.depth
        write_item(value, inner)
        return bytes(inner.buffer)

    def enter(self, value: Any) -> None:
        """Count one level of nesting; a container calls this first and ``leave`` last.

        Raises:
            TooDeepError: There are too many levels.
        """
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise too_deep(value)

    def restart(self) -> None:
        """Forget all that was written, and where."""
        self.buffer.clear()
        self.depth = 0
        self._hasher = None

    def leave(self) -> None:
        """Undo ``enter``, and keep what is buffered small."""
        self.depth -= 1
        if self._for_digest and len(self.buffer) > _FLUSH:
            self._flush()


CodeHook = Callable[[Any, Writer], None]
FileHook = Callable[[Any], str]
Encoder = Callable[[Any, Writer], None]


class EncoderTable(dict[type[object], Encoder]):
    """Encoders by exact type.

    Args:
        known: Encoders by type.
        fallback: Finds the encoder of a value whose exact type has none.
    """

    def __init__(self, known: dict[type[object], Encoder], fallback: Callable[[Any], Encoder]) -> None:
        super().__init__(known)
        self.fallback = fallback


def write_item(value: Any, out: Writer) -> None:
    """Write one value of any type."""
    encoder = out.table.get(type(value)) or out.table.fallback(value)
    encoder(value, out)


def too_deep(value: Any) -> TooDeepError:
    """Return the error of a value that stands below too many others."""
    return TooDeepError("", type_name(type(value)), f"it is nested more than {MAX_DEPTH} levels deep")


def write_text(text: str, out: Writer) -> None:
    """Write a string, lone surrogates included."""
    data = text.encode() if text.isascii() else text.encode("utf-8", "surrogatepass")  # the first way is faster
    out.buffer += b"s%d:%b" % (len(data), data)


def text_bytes(text: str) -> bytes:
    """Return the encoding of a string, lone surrogates included."""
    data = text.encode() if text.isascii() else text.encode("utf-8", "surrogatepass")  # the first way is faster
    return b"s%d:%b" % (len(data), data)
