"""Envelope: what surrounds the body of an entry in format v1, a head and a tail.

Head and tail are gzip members, so that an entry whose body is made of gzip members too is a valid gzip file. The head
is stored uncompressed and holds one msgpack map; the tail is an empty member whose extra field holds the digests. The
layout is specified in ``docs/format-v1.md``.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from zlib import crc32

import msgpack
import xxhash

from pyperunner_cache.entry.head import read_head
from pyperunner_cache.errors import CacheError, DamagedEntryError, EntryTooLargeError, ForeignEntryError

if TYPE_CHECKING:
    from pyperunner_cache.entry.signing import SigningKey
    from pyperunner_cache.ports import Blob, Buffer
    from pyperunner_cache.schema import Head

__all__ = [
    "CHECKED",
    "FORMAT",
    "GZIP_START",
    "PLAIN",
    "SIGNED",
    "STORED_LIMIT",
    "BodyHash",
    "Envelope",
    "body_is_whole",
    "build_head",
    "build_tail",
    "key_of",
    "open_envelope",
    "payload_digest",
    "stored_blocks",
]

FORMAT = 1
GZIP_START = b"\x1f\x8b\x08\x04\0\0\0\0\0\xff"
"""Magic, deflate, an extra field, no time, unknown system: the first ten bytes of every member."""
EMPTY_DEFLATE = b"\x03\0" + bytes(8)
"""What follows the extra field of an empty member: an empty block, CRC and length of nothing."""
STORED_LIMIT = 65535

PLAIN, CHECKED, SIGNED = 0, 1, 2
"""Who vouches for the body: the payload's digest alone, an xxh3-128 of the body, or a SHA-256 under an HMAC."""

_HEAD = struct.Struct("<10sH2sHBII")
_HEAD_MAX = 16 << 20
_TAIL = struct.Struct("<BQQ16s32s32s")
_TAIL_START = GZIP_START + struct.pack("<H2sH", 4 + _TAIL.size + 16, b"PT", _TAIL.size + 16)
_TAIL_SIZE = len(_TAIL_START) + _TAIL.size + 16 + len(EMPTY_DEFLATE)
_FIRST_READ = 8192


class Envelope(NamedTuple):
    """What head and tail of an entry say."""

    head: Head
    digest: str
    """Hex xxh3-128 of the payload."""
    payload_size: int
    scheme: int
    body_digest: bytes
    body_offset: int
    body_size: int
    first: bytes
    """Bytes from the start of the entry, read already."""


class BodyHash:
    """The checksum of a body, fed chunk by chunk."""

    def __init__(self, scheme: int) -> None:
        self.size = 0
        self._hash = _sha256() if scheme == SIGNED else xxhash.xxh3_128() if scheme == CHECKED else None

    def update(self, chunk: Buffer) -> None:
        """Take in the next chunk."""
        self.size += chunk.nbytes if isinstance(chunk, memoryview) else len(chunk)
        if self._hash is not None:
            self._hash.update(chunk)

    def digest(self) -> bytes:
        """Return 32 bytes, padded with zeros."""
        return b"" if self._hash is None else self._hash.digest()


def _sha256() -> Any:
    import hashlib  # it loads OpenSSL, which stores that sign nothing do without

    return hashlib.sha256()


def stored_blocks(data: Buffer) -> list[Buffer]:
    """Return ``data`` as uncompressed deflate blocks, without copying it (RFC 1951, section 3.2.4)."""
    view, total = memoryview(data), len(data)
    if total <= STORED_LIMIT:
        return [struct.pack("<BHH", 1, total, total ^ 0xFFFF), view]
    blocks: list[Buffer] = []
    for start in range(0, total, STORED_LIMIT):
        size = min(STORED_LIMIT, total - start)
        blocks += [struct.pack("<BHH", start + size == total, size, size ^ 0xFFFF), view[start : start + size]]
    return blocks


def build_head(fields: Mapping[str, object], alignment: int = 1) -> bytes:
    """Return the head member for ``fields``, padded so that what follows begins at a multiple of ``alignment``."""
    content = msgpack.packb(fields, unicode_errors="surrogatepass")
    blocks = b"".join(stored_blocks(content))
    size = _HEAD.size + len(blocks) + 8
    pad = b""
    if size % alignment:
        room = alignment - (size + 4) % alignment
        pad = struct.pack("<2sH", b"PP", room) + bytes(room)
    start = _HEAD.pack(GZIP_START, 13 + len(pad), b"PH", 9, FORMAT, size + len(pad), len(content))
    return b"".join((start, pad, blocks, struct.pack("<II", crc32(content), len(content))))


def build_tail(
    head: bytes, digest: bytes, payload_size: int, scheme: int, body: BodyHash, signing_key: SigningKey | None
) -> bytes:
    """Return the tail member that closes an entry."""
    signature = bytes(32)
    fields = [scheme, body.size, payload_size, digest, body.digest(), signature]
    if scheme == SIGNED and signing_key is not None:
        fields[5] = signing_key.sign(head + _TAIL.pack(*fields))
    packed = _TAIL.pack(*fields)
    return b"".join((_TAIL_START, packed, xxhash.xxh3_128_digest(head + packed), EMPTY_DEFLATE))


def open_envelope(blob: Blob, signing_key: SigningKey | None = None) -> Envelope:
    """Read head and tail of an entry and check them.

    Raises:
        DamagedEntryError: They are not what was written.
        ForeignEntryError: The entry has a newer format, or no valid signature where the store demands one.
        EntryTooLargeError: The head claims an absurd size.
    """
    total = blob.size
    first = bytes(blob.read(0, min(total, _FIRST_READ)))
    version, head_size, content = _check_head_start(first, total)
    if head_size > len(first):
        first = bytes(blob.read(0, head_size))
        version, head_size, content = _check_head_start(first, total)
    tail = first[total - _TAIL_SIZE :] if total <= len(first) else bytes(blob.read(total - _TAIL_SIZE, _TAIL_SIZE))
    head = first[:head_size]
    packed = _check_tail(head, tail)
    if version != FORMAT:
        raise ForeignEntryError(f"its format is version {version}, this release reads version {FORMAT}")
    scheme, body_size, payload_size, digest, body_digest, signature = _TAIL.unpack(packed)
    if head_size + body_size + _TAIL_SIZE != total:
        raise DamagedEntryError(f"it has {total} bytes instead of {head_size + body_size + _TAIL_SIZE}")
    if signing_key is not None:
        unsigned = packed[: -len(signature)] + bytes(len(signature))
        if scheme != SIGNED or not signing_key.has_signed(head + unsigned, signature):
            raise ForeignEntryError("it is not signed with this store's key")
    fields = _read_fields(head, content)
    return Envelope(fields, digest.hex(), payload_size, scheme, body_digest, head_size, body_size, first)


def key_of(blob: Blob) -> str | None:
    """Return the key that an entry was written for, ``None`` where it cannot be told."""
    try:
        return open_envelope(blob).head["key"]
    except CacheError:
        return None


def body_is_whole(envelope: Envelope, found: BodyHash) -> bool:
    """Say whether the body that went through ``found`` is the one that was written."""
    return found.digest().ljust(32, b"\0") == envelope.body_digest


def payload_digest(parts: Sequence[Buffer]) -> bytes:
    """Return the xxh3-128 of ``parts``, one after the other."""
    if len(parts) == 1:
        return xxhash.xxh3_128_digest(parts[0])
    whole = xxhash.xxh3_128()
    for part in parts:
        whole.update(part)
    return whole.digest()


def _check_head_start(first: bytes, total: int) -> tuple[int, int, int]:
    if len(first) < _HEAD.size:
        raise DamagedEntryError("it is empty" if not first else f"it ends after {total} bytes")
    start, _extra, mark, length, version, head_size, content = _HEAD.unpack_from(first)
    if start != GZIP_START or mark != b"PH" or length != 9:
        raise DamagedEntryError("it does not begin like an entry")
    if head_size + _TAIL_SIZE > total or content > head_size:
        raise DamagedEntryError(f"it is cut off after {total} bytes")
    if head_size > _HEAD_MAX:
        raise EntryTooLargeError(f"its head claims {head_size:,} bytes")
    return version, head_size, content


def _check_tail(head: bytes, tail: bytes) -> bytes:
    start, end = len(_TAIL_START), len(tail) - len(EMPTY_DEFLATE)
    if not tail.startswith(_TAIL_START) or tail[end:] != EMPTY_DEFLATE:
        raise DamagedEntryError("its end is not that of an entry: cut off, appended to or overwritten")
    packed, seal = tail[start : end - 16], tail[end - 16 : end]
    if xxhash.xxh3_128_digest(head + packed) != seal:
        raise DamagedEntryError("head and tail do not match their checksum")
    return packed


def _read_fields(head: bytes, size: int) -> Head:
    at = 12 + struct.unpack_from("<H", head, 10)[0]
    if size <= STORED_LIMIT:
        content = head[at + 5 : at + 5 + size]
    else:
        step = STORED_LIMIT + 5
        content = b"".join(head[start + 5 : start + step] for start in range(at, len(head) - 8, step))[:size]
    try:
        return read_head(content)
    except Exception as error:
        raise DamagedEntryError(f"its head cannot be read: {error!s:.200}") from None
