"""Codec ``gzip``: msgpack in gzip members that are compressed and decompressed side by side.

Each member says in its header's extra field how long it is, packed and unpacked, so that a reader finds the next one
without unpacking it (the idea of BGZF, SAM specification section 4.1). Data that does not compress is stored.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from pyperunner_cache.codecs.deflate import compress, crc32, decompress
from pyperunner_cache.entry.blobs import BytesBlob
from pyperunner_cache.entry.envelope import GZIP_START, STORED_LIMIT, stored_blocks
from pyperunner_cache.errors import BadSizeError, DamagedEntryError
from pyperunner_cache.side_by_side import side_by_side
from pyperunner_cache.system import allocate, usable_cores

if TYPE_CHECKING:
    from pyperunner_cache.ports import Blob, Buffer

__all__ = ["GzipCodec"]

MEMBER = 1 << 20
_ALONE_FROM = 64 << 10
_PARALLEL_FROM = 4 << 20
_COMPRESS_FROM = 192
_SEGMENT = 1 << 30
_HEADER = struct.Struct("<10sH2sHBII")
_DEFLATED, _STORED = 0, 1
_MOST_PER_BYTE = 1040
"""Deflate cannot pack more than 1,032 bytes into one (zlib's technical notes); a claim beyond is a lie."""


class _Member(NamedTuple):
    offset: int
    size: int
    method: int
    unpacked: int
    position: int


class GzipCodec:
    """Compresses; the whole entry is a valid gzip file.

    Args:
        level: 1 (fast, the default) to 9 (small).
    """

    name = "gzip"
    filename = "result.dump.gz"
    alignment = 1
    verbatim = False

    def __init__(self, level: int = 1) -> None:
        if not (isinstance(level, int) and 1 <= level <= 9):
            raise BadSizeError(level, "level=1 (fast) to level=9 (small)")
        self.level = level

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> GzipCodec:
        """Make the codec from the option ``level``."""
        return cls(options.get("level") or 1)

    def encode(self, parts: Sequence[Buffer]) -> Iterator[Buffer]:
        """Yield the members."""
        if len(parts) == 1 and len(parts[0]) <= MEMBER:
            yield from self._member(parts[0])
            return
        pieces = _gather(_stream(parts))
        for member in side_by_side(self._member, pieces, _threads(sum(map(len, parts)))):
            yield from member

    def decode(self, body: Blob, sizes: Sequence[int]) -> list[Buffer]:
        """Return the parts."""
        total = sum(sizes)
        if len(sizes) == 1 and total <= STORED_LIMIT:
            return [_only_member(body, total)]
        if total > body.size * _MOST_PER_BYTE:
            raise DamagedEntryError(f"it claims {total:,} bytes in {body.size:,}, more than gzip can pack")
        target = _Target(sizes)
        members = list(_walk(body, target.size))

        def restore(member: _Member) -> None:
            if member.method == _STORED:
                _read_stored(body, member, target)
            else:
                data = _inflate(body.read(member.offset, member.size), member)
                target.fill(member.position, data)

        for _ in side_by_side(restore, members, _threads(total)):
            pass
        target.check()
        return target.parts

    def _member(self, data: Buffer) -> list[Buffer]:
        """Return one member that holds ``data``, as buffers to be written one after the other."""
        size, method = len(data), _STORED
        blocks: list[Buffer] = []
        if size >= _COMPRESS_FROM and self._is_worth_it(data):
            packed = compress(data, self.level)
            if len(packed) < size - size // 32:
                method, blocks = _DEFLATED, [packed]
        if method == _STORED:
            blocks = stored_blocks(data)
        length = _HEADER.size + sum(map(len, blocks)) + 8
        header = _HEADER.pack(GZIP_START, 13, b"PD", 9, method, length, size)
        return [header, *blocks, struct.pack("<II", crc32(data), size)]

    def _is_worth_it(self, data: Buffer) -> bool:
        """Say whether ``data`` seems to compress, by packing three small samples of it."""
        size = len(data)
        if size < _ALONE_FROM:
            return True
        view = memoryview(data)
        samples = b"".join(view[at : at + 4096] for at in (0, size // 2, size - 4096))
        return len(compress(samples, 1)) < 0.92 * len(samples)


class _Target:
    """The unpacked stream, scattered into its parts while it arrives in any order.

    Args:
        sizes: Bytes of each part.
    """

    def __init__(self, sizes: Sequence[int]) -> None:
        self.parts: list[Buffer] = [allocate(size) for size in sizes]  # type: ignore[misc]
        self._headers: list[tuple[bytes, bytearray]] = []
        self._starts: list[int] = []
        self._views: list[memoryview] = []
        self.size = 0
        self._append(self.parts[0])
        for part in self.parts[1:]:
            view = memoryview(part)
            for start in _segments(len(part)):
                piece = view[start : start + _SEGMENT]
                header = _bin_header(len(piece))
                self._headers.append((header, bytearray(len(header))))
                self._append(self._headers[-1][1])
                self._append(piece)

    def _append(self, buffer: Buffer) -> None:
        self._starts.append(self.size)
        self._views.append(memoryview(buffer))
        self.size += len(buffer)

    def views(self, position: int, size: int) -> list[memoryview]:
        """Return where ``size`` bytes of the stream from ``position`` on belong."""
        from bisect import bisect_right

        found, at = [], bisect_right(self._starts, position) - 1
        while size:
            piece = self._views[at][position - self._starts[at] :][:size]
            if len(piece):
                found.append(piece)
            position, size, at = position + len(piece), size - len(piece), at + 1
        return found

    def fill(self, position: int, data: Buffer) -> None:
        """Put ``data`` where it belongs."""
        source = memoryview(data)
        for view in self.views(position, len(data)):
            view[:] = source[: len(view)]
            source = source[len(view) :]

    def check(self) -> None:
        """Raise `DamagedEntryError` where the stream is not made of the parts it should be."""
        if any(expected != found for expected, found in self._headers):
            raise DamagedEntryError("its buffers have other lengths than its head says")


def _stream(parts: Sequence[Buffer]) -> Iterator[Buffer]:
    """Yield the msgpack stream: the skeleton, then each buffer as one binary object or several."""
    yield parts[0]
    for part in parts[1:]:
        view = memoryview(part)
        for start in _segments(len(part)):
            piece = view[start : start + _SEGMENT]
            yield _bin_header(len(piece))
            yield piece


def _segments(size: int) -> range:
    return range(0, size or 1, _SEGMENT)


def _bin_header(size: int) -> bytes:
    return struct.pack(">BI", 0xC6, size)


def _gather(pieces: Iterable[Buffer]) -> Iterator[Buffer]:
    """Yield ``pieces`` cut or joined to what makes a member."""
    small: list[Buffer] = []
    waiting = 0
    for piece in pieces:
        if len(piece) < _ALONE_FROM:
            small.append(piece)
            waiting += len(piece)
            if waiting < MEMBER:
                continue
        if small:
            yield b"".join(small)
            small, waiting = [], 0
        if len(piece) >= _ALONE_FROM:
            view = memoryview(piece)
            for start in range(0, len(piece), MEMBER):
                yield view[start : start + MEMBER]
    if small:
        yield b"".join(small)


def _threads(total: int) -> int:
    """Return how many threads ``total`` bytes are worth."""
    return usable_cores() if total >= _PARALLEL_FROM else 1


def _walk(body: Blob, size: int) -> Iterator[_Member]:
    """Yield where each member's data lies; together they must unpack to ``size`` bytes."""
    at = position = 0
    while at < body.size:
        header = bytes(body.read(at, _HEADER.size))
        if len(header) < _HEADER.size:
            raise DamagedEntryError("it is cut off in the middle of a member")
        start, extra, mark, length, method, packed, unpacked = _HEADER.unpack(header)
        inside = packed - _HEADER.size - 8
        if (start, extra, mark, length) != (GZIP_START, 13, b"PD", 9) or method > _STORED or inside < 1:
            raise DamagedEntryError("a member does not begin like one")
        if at + packed > body.size or unpacked > MEMBER + _ALONE_FROM or position + unpacked > size:
            raise DamagedEntryError("a member claims more bytes than there are")
        yield _Member(at + _HEADER.size, inside, method, unpacked, position)
        at, position = at + packed, position + unpacked
    if position != size:
        raise DamagedEntryError(f"its members hold {position:,} bytes instead of {size:,}")


def _only_member(body: Blob, size: int) -> Buffer:
    """Return the content of a body that is one member of one part: most entries are."""
    content = bytes(body.read(0, body.size))
    member = next(_walk(BytesBlob(content, 0.0), size), None)
    if member is None or member.unpacked != size or member.offset + member.size + 8 != len(content):
        raise DamagedEntryError("its only part is not in one member")
    inside = content[member.offset : member.offset + member.size]
    if member.method == _DEFLATED:
        return _inflate(inside, member)
    if inside[:5] != struct.pack("<BHH", 1, size, size ^ 0xFFFF) or len(inside) != size + 5:
        raise DamagedEntryError("a stored member does not hold stored blocks")
    return inside[5:]


def _inflate(packed: Buffer, member: _Member) -> bytes:
    try:
        data = decompress(packed, member.unpacked)
    except Exception as error:
        raise DamagedEntryError(f"a member cannot be decompressed: {error}") from None
    if len(data) != member.unpacked:
        raise DamagedEntryError("a member unpacks to another length than it claims")
    return data


def _read_stored(body: Blob, member: _Member, target: _Target) -> None:
    """Read the stored blocks of a member straight into the parts they belong to."""
    scratch: list[memoryview] = []
    targets: list[memoryview] = []
    for start in range(0, member.unpacked or 1, STORED_LIMIT):
        scratch.append(memoryview(bytearray(5)))
        targets.append(scratch[-1])
        targets += target.views(member.position + start, min(STORED_LIMIT, member.unpacked - start))
    if body.readinto(member.offset, targets) != member.size or sum(map(len, targets)) != member.size:
        raise DamagedEntryError("a stored member has another length than it claims")
    for number, block in enumerate(scratch):
        size = min(STORED_LIMIT, member.unpacked - number * STORED_LIMIT)
        if block != struct.pack("<BHH", number == len(scratch) - 1, size, size ^ 0xFFFF):
            raise DamagedEntryError("a stored member does not hold stored blocks")
