"""Arrow files: a look at what one claims, before a library believes it.

Arrow's readers take memory for as many rows, and for as many bytes of a compressed buffer, as a file says there are.
The messages are FlatBuffers; of these only what stands here is read (Arrow's ``File.fbs``, ``Message.fbs``).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from pyperunner_cache.errors import DamagedEntryError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["checked"]

_MAGIC = b"ARROW1"
_FREE_ROWS = 1 << 16
"""Rows that may be claimed without bytes for them, as by columns of nothing."""
_DICTIONARIES, _BATCHES = 2, 3
_HEADER = 2
_OF_DICTIONARY = 1
_NODES, _COMPRESSION = 1, 3


def checked(content: Buffer) -> Buffer:
    """Return the file.

    Raises:
        DamagedEntryError: It is none, is compressed, or claims more rows than it has bits.
    """
    view = memoryview(content).cast("B")
    try:
        if view[:6] != _MAGIC or view[-6:] != _MAGIC:
            raise ValueError("it has not its marks")
        (size,) = struct.unpack_from("<i", view, len(view) - 10)
        footer = _Table.root(view, len(view) - 10 - size)
        for header in (*_batches(view, footer, _DICTIONARIES), *_batches(view, footer, _BATCHES)):
            _check(header, 8 * len(view) + _FREE_ROWS)
    except (ValueError, struct.error) as error:
        raise DamagedEntryError(f"its Arrow data cannot be read: {error}") from None
    return content


def _batches(view: memoryview, footer: _Table, field: int) -> Iterator[_Table]:
    """Yield the record batches that the footer's list of dictionaries, or that of batches, leads to."""
    for at in footer.vector(field, 24):
        (offset,) = struct.unpack_from("<q", view, at)
        header = _Table.root(view, offset + 8).table(_HEADER)
        batch = header.table(_OF_DICTIONARY) if header and field == _DICTIONARIES else header
        if batch is None:
            raise ValueError("a message holds nothing")
        yield batch


def _check(batch: _Table, most: int) -> None:
    if batch.field(_COMPRESSION):
        raise ValueError("it is compressed, which no release has written")
    for at in batch.vector(_NODES, 16):
        if not 0 <= struct.unpack_from("<q", batch.view, at)[0] <= most:
            raise ValueError("it claims more rows than it has bits")


class _Table:
    """A table of FlatBuffers.

    Args:
        view: The file.
        at: Where the table is.
    """

    def __init__(self, view: memoryview, at: int) -> None:
        self.view, self._at = view, _inside(view, at)
        self._fields = _inside(view, at - struct.unpack_from("<i", view, at)[0])

    @classmethod
    def root(cls, view: memoryview, at: int) -> _Table:
        """Return the table that a message at ``at`` begins with."""
        return cls(view, at + struct.unpack_from("<I", view, _inside(view, at))[0])

    def field(self, number: int) -> int:
        """Return where a field is, 0 where it is not there."""
        place = 4 + 2 * number
        if place >= struct.unpack_from("<H", self.view, self._fields)[0]:
            return 0
        offset: int = struct.unpack_from("<H", self.view, self._fields + place)[0]
        return self._at + offset if offset else 0

    def table(self, number: int) -> _Table | None:
        """Return the table in a field."""
        at = self.field(number)
        return _Table(self.view, at + struct.unpack_from("<I", self.view, at)[0]) if at else None

    def vector(self, number: int, size: int) -> range:
        """Return where the items of the vector in a field are, each of so many bytes."""
        at = self.field(number)
        if not at:
            return range(0)
        at += struct.unpack_from("<I", self.view, at)[0]
        (count,) = struct.unpack_from("<I", self.view, _inside(self.view, at))
        return range(at + 4, _inside(self.view, at + 4 + count * size), size)


def _inside(view: memoryview, at: int) -> int:
    if not 0 <= at <= len(view):
        raise ValueError("it leads out of itself")
    return at
