"""Far blobs: entries of the far store that the near one did not take."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pyperunner_cache.entry.envelope import open_envelope
from pyperunner_cache.errors import CacheError

if TYPE_CHECKING:
    from pyperunner_cache.ports import Blob, Buffer

__all__ = ["FarBlob", "filename_of", "is_same", "pieces"]

_STEP = 8 << 20
_SUFFIXES = {"gzip": "gz", "raw": "raw"}


class FarBlob:
    """An entry of the far store, told from those of the near one.

    Args:
        blob: The entry.
        trusted: Whether everybody who can write into the far store is trusted.
    """

    def __init__(self, blob: Blob, trusted: bool) -> None:
        self.blob, self._trusted = blob, trusted
        self.size, self.modified = blob.size, blob.modified

    @property
    def others(self) -> str | None:
        """Say who else may have written it."""
        return None if self._trusted else getattr(self.blob, "others", None)

    def read(self, offset: int, size: int) -> Buffer:
        """Read from the far store."""
        return self.blob.read(offset, size)

    def readinto(self, offset: int, targets: Sequence[memoryview]) -> int:
        """Read from the far store into ``targets``."""
        return self.blob.readinto(offset, targets)

    def close(self) -> None:
        """Let go of it."""
        self.blob.close()


def pieces(blob: Blob) -> Iterator[Buffer]:
    """Yield the bytes of an entry."""
    offset = 0
    while offset < blob.size:
        piece = blob.read(offset, _STEP)
        if not len(piece):
            return
        yield piece
        offset += len(piece)


def filename_of(blob: Blob) -> str:
    """Return what a file with the entry is called: its codec says it."""
    try:
        codec = open_envelope(blob).head["codec"]
    except CacheError:
        codec = "gzip"
    return f"result.dump.{_SUFFIXES.get(codec, codec if codec.isidentifier() else 'entry')}"


def is_same(one: Blob, other: Blob) -> bool:
    """Say whether two entries have the same bytes."""
    return one.size == other.size and all(a == b for a, b in zip(pieces(one), pieces(other), strict=False))
