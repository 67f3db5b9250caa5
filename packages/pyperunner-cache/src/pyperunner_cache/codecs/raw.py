"""Codec ``raw``: the parts as they are, aligned, so that a reader can map them instead of reading them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pyperunner_cache.entry.blobs import BodyBlob
from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.system import allocate

if TYPE_CHECKING:
    from pyperunner_cache.ports import Blob, Buffer

__all__ = ["RawCodec"]

_ALIGN = 64
"""A cache line, and what numpy's widest vector instructions want."""
_MAP_FROM = 64 << 10


class RawCodec:
    """Stores without compression; buffers of an entry in a file are mapped copy-on-write, shared by many processes."""

    name = "raw"
    filename = "result.dump.raw"
    alignment = _ALIGN
    verbatim = True

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> RawCodec:
        """Make the codec; it has no options."""
        return cls()

    def encode(self, parts: Sequence[Buffer]) -> Iterator[Buffer]:
        """Yield the parts, each padded with zeros to the next aligned offset."""
        for at, part in enumerate(parts):
            yield part
            if at < len(parts) - 1 and len(part) % _ALIGN:
                yield bytes(_ALIGN - len(part) % _ALIGN)

    def decode(self, body: Blob, sizes: Sequence[int]) -> list[Buffer]:
        """Return the parts as views of the mapped file, or read where there is none."""
        starts, end = [], 0
        for size in sizes:
            starts.append(end + -end % _ALIGN)
            end = starts[-1] + size
        if end != body.size:
            raise DamagedEntryError(f"its body has {body.size:,} bytes instead of {end:,}")
        whole: Buffer | None = None
        if isinstance(body, BodyBlob) and end >= _MAP_FROM:
            whole = body.map_parts()
        if whole is None:
            whole = memoryview(allocate(end))
            if end and body.readinto(0, [whole]) != end:
                raise DamagedEntryError("it ends early")
        last = 0
        for start, size in zip(starts, sizes, strict=True):
            if any(whole[last:start]):
                raise DamagedEntryError("its padding is not empty")
            last = start + size
        return [whole[start : start + size] for start, size in zip(starts, sizes, strict=True)]
