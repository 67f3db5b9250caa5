"""Blobs: entries in memory and in files, and the part of an entry that is its body."""

from __future__ import annotations

import os
from collections.abc import Sequence

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.ports import Blob, Buffer, SupportsMap
from pyperunner_cache.system import READ_FLAGS, allocate, other_writers, others_move, pread, preadv

__all__ = ["BodyBlob", "BytesBlob", "FileBlob", "OwnedBlob", "PeekedBlob"]


class BytesBlob:
    """An entry that is in memory already."""

    def __init__(self, data: Buffer, modified: float) -> None:
        self._data = memoryview(data)
        self.size = self._data.nbytes
        self.modified = modified

    def read(self, offset: int, size: int) -> Buffer:
        """Return a view of the bytes."""
        return self._data[offset : offset + size]

    def readinto(self, offset: int, targets: Sequence[memoryview]) -> int:
        """Copy the bytes into ``targets``."""
        start = offset
        for target in targets:
            piece = self._data[offset : offset + target.nbytes]
            target[: piece.nbytes] = piece
            offset += piece.nbytes
        return offset - start

    def close(self) -> None:
        """Do nothing: views stay valid."""


class OwnedBlob(BytesBlob):
    """Bytes in memory that nobody else sees, made for one reader."""

    def map(self) -> memoryview:
        """Return the bytes themselves."""
        return self._data


class FileBlob:
    """An entry in a file of its own.

    Args:
        fd: The open file.
        path: Where it lies.
        is_stand_in: The entry's name leads to a link or a folder; ``fd`` is an empty file in its place.
    """

    def __init__(self, fd: int, path: str, is_stand_in: bool = False) -> None:
        self.fd, self.path = fd, path
        self.is_stand_in = is_stand_in
        self.stat = os.fstat(fd)
        self.size = self.stat.st_size
        self.modified = self.stat.st_mtime

    @property
    def others(self) -> str | None:
        """Say who but the reader may write the file, ``None`` where nobody may."""
        return None if self.is_stand_in else other_writers(self.stat)

    def read(self, offset: int, size: int) -> Buffer:
        """Read from the file."""
        return pread(self.fd, max(0, min(size, self.size - offset)), offset)

    def readinto(self, offset: int, targets: Sequence[memoryview]) -> int:
        """Read from the file into ``targets``."""
        return preadv(self.fd, targets, offset)

    def map(self) -> memoryview:
        """Map the file copy-on-write; where others may put another file in its place, read it."""
        if others_move(self.path):
            memory = memoryview(allocate(self.size))
            if self.readinto(0, [memory]) != self.size:
                raise DamagedEntryError("it ends early")
            return memory
        import mmap

        mapping = mmap.mmap(self.fd, 0, access=mmap.ACCESS_COPY)
        return memoryview(mapping)

    def close(self) -> None:
        """Close the file; a mapping outlives it."""
        fd, self.fd = self.fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        if self.fd >= 0:
            self.close()


class PeekedBlob:
    """The beginning of an entry in a file of its own, which of a small one is all.

    The file is not kept open, so that looks at many entries need no descriptors. What else is asked for is that of
    whatever file is there by then: that serves for a look, which vouches for nothing.

    Args:
        path: Where the file lies.
        first: What it begins with.
        size: How many bytes it has.
    """

    def __init__(self, path: str, first: bytes, size: int) -> None:
        self._path, self._first, self.size = path, first, size

    @property
    def modified(self) -> float:
        """Epoch seconds at which the entry was put."""
        return os.lstat(self._path).st_mtime

    @property
    def others(self) -> str | None:
        """Say who but the reader may write the file, ``None`` where nobody may."""
        try:
            return other_writers(os.lstat(self._path))
        except FileNotFoundError:
            return None

    def read(self, offset: int, size: int) -> Buffer:
        """Return bytes that have been read already, or read them."""
        end = min(offset + size, self.size)
        if end <= len(self._first):
            return self._first[offset:end]
        try:
            fd = os.open(self._path, READ_FLAGS)
        except OSError:
            raise DamagedEntryError("it has gone meanwhile") from None
        try:
            return pread(fd, max(0, end - offset), offset)
        finally:
            os.close(fd)

    def readinto(self, offset: int, targets: Sequence[memoryview]) -> int:
        """Read into ``targets``."""
        return BytesBlob(self.read(offset, sum(target.nbytes for target in targets)), 0.0).readinto(0, targets)

    def close(self) -> None:
        """Do nothing: no file is open."""


class BodyBlob:
    """The body of an entry, seen as a blob of its own.

    Args:
        blob: The whole entry.
        offset: Where its body begins, in bytes.
        size: How many bytes it has.
        first: Bytes from the start of the entry that have been read already.
    """

    def __init__(self, blob: Blob, offset: int, size: int, first: Buffer = b"") -> None:
        self._blob, self._offset, self.size = blob, offset, size
        self.modified = blob.modified
        self._whole = memoryview(first)[offset : offset + size] if offset + size <= len(first) else None

    def read(self, offset: int, size: int) -> Buffer:
        """Return bytes of the body; never more than the body has."""
        if self._whole is not None:
            return self._whole[offset : offset + size]
        return self._blob.read(self._offset + offset, max(0, min(size, self.size - offset)))

    def readinto(self, offset: int, targets: Sequence[memoryview]) -> int:
        """Fill ``targets`` with bytes of the body."""
        if self._whole is not None:
            return BytesBlob(self._whole, self.modified).readinto(offset, targets)
        return self._blob.readinto(self._offset + offset, targets)

    def copied(self) -> BodyBlob:
        """Return the body as it is now, in memory that nobody else sees."""
        if self._whole is not None:
            return self
        memory = allocate(self.size)
        if self.size and self.readinto(0, [memoryview(memory)]) != self.size:
            raise DamagedEntryError("it ends early")
        return BodyBlob(OwnedBlob(memoryview(memory), self.modified), 0, self.size)

    def map_parts(self) -> memoryview | None:
        """Return the body as a copy-on-write mapping, or ``None`` where the medium has none."""
        if not isinstance(self._blob, SupportsMap):
            return None
        return self._blob.map()[self._offset : self._offset + self.size]

    def close(self) -> None:
        """Do nothing: the entry's blob is closed by who opened it."""
