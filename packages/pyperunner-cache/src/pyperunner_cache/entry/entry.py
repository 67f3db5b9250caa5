"""One entry: its bytes from a value, its value from the bytes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import xxhash

from pyperunner_cache.entry.blobs import BodyBlob
from pyperunner_cache.entry.envelope import (
    CHECKED,
    PLAIN,
    SIGNED,
    BodyHash,
    Envelope,
    body_is_whole,
    build_head,
    build_tail,
    open_envelope,
)
from pyperunner_cache.errors import DamagedEntryError, EntryTooLargeError, ForeignEntryError
from pyperunner_cache.system import usable_cores
from pyperunner_cache.values.pack import unpack

if TYPE_CHECKING:
    from pyperunner_cache.ports import Blob, Buffer, Codec

__all__ = ["Draft", "Policy", "decode_entry", "decode_parts", "read_envelope"]

_STEP = 1 << 20
_HASH_ASIDE_FROM = 16 << 20
"""From this size on the payload is hashed by a thread of its own, while the system writes."""


class Policy(NamedTuple):
    """What a store accepts."""

    codec_named: Callable[[str], Codec]
    pickles: bool
    signing_key: bytes | None
    max_load: int


class Draft:
    """An entry that is being written; its ``digest`` is known once the parts are.

    Args:
        key: Under which it will lie.
        parts: What `pack` made of the value.
        codec: How the parts become a body.
        fields: More for the head, such as ``meta``.
        signing_key: Signs the entry where it is given.
    """

    def __init__(
        self, key: str, parts: Sequence[Buffer], codec: Codec, fields: Mapping[str, Any], signing_key: bytes | None
    ) -> None:
        self._parts, self._codec, self._signing_key = parts, codec, signing_key
        sizes = [len(part) for part in parts]
        self._head = build_head(
            {"key": key, "codec": codec.name, "parts": sizes, "saved": time.time(), **fields}, codec.alignment
        )
        self._payload_size = sum(sizes)
        self._digest = b""

    @property
    def digest(self) -> str:
        """Hex xxh3-128 of the parts, once all chunks have been taken."""
        return self._digest.hex()

    def chunks(self) -> Iterator[Buffer]:
        """Yield the entry's bytes."""
        scheme = SIGNED if self._signing_key else PLAIN if self._codec.verbatim else CHECKED
        body = BodyHash(scheme)
        hashing = None
        if self._payload_size >= _HASH_ASIDE_FROM and usable_cores() > 1:
            hashing = threading.Thread(target=self._hash, name="digest of an entry")
            hashing.start()
        try:
            yield from self._begin(body)
        finally:
            if hashing is not None:
                hashing.join()
        if hashing is None:
            self._hash()
        yield build_tail(self._head, self._digest, self._payload_size, scheme, body, self._signing_key)

    def _hash(self) -> None:
        self._digest = _digest(self._parts)

    def _begin(self, body: BodyHash) -> Iterator[Buffer]:
        yield self._head
        for chunk in self._codec.encode(self._parts):
            body.update(chunk)
            yield chunk


def read_envelope(blob: Blob, key: str, policy: Policy) -> tuple[Envelope, Buffer]:
    """Check an entry's head and tail and that it was written for ``key``.

    Raises:
        DamagedEntryError: It was not, or is not what was written.
        ForeignEntryError: This store must not decode it.
    """
    envelope, first = open_envelope(blob, policy.signing_key)
    if envelope.head["key"] != key:
        raise DamagedEntryError(f"it was written for {envelope.head['key']!r}")
    return envelope, first


def decode_entry(blob: Blob, envelope: Envelope, first: Buffer, policy: Policy) -> Any:
    """Return the value of an entry whose envelope is in order.

    Nothing is decoded before the body, and nothing is rebuilt before the payload, has passed its checksum.

    Raises:
        CacheError: As `decode_parts`, or the parts are no value.
    """
    return unpack(decode_parts(blob, envelope, first, policy), pickles=policy.pickles)


def decode_parts(blob: Blob, envelope: Envelope, first: Buffer, policy: Policy) -> list[Buffer]:
    """Return the checked parts of an entry whose envelope is in order.

    Raises:
        DamagedEntryError: The bytes are not what was written.
        ForeignEntryError: This store must not or cannot decode them.
        EntryTooLargeError: They claim more memory than the store allows.
    """
    sizes = envelope.head["parts"]
    if sum(sizes) != envelope.payload_size or not sizes:
        raise DamagedEntryError("its part sizes contradict each other")
    if envelope.payload_size > policy.max_load:
        limit = f"more than max_load={policy.max_load:,}"
        raise EntryTooLargeError(f"its value takes {envelope.payload_size:,} bytes, {limit}")
    codec = _codec(envelope, policy)
    body = BodyBlob(blob, envelope.body_offset, envelope.body_size, first)
    if envelope.scheme != PLAIN:
        _check_body(body, envelope)
    elif not codec.verbatim:
        raise DamagedEntryError("its body has no checksum")
    parts = codec.decode(body, sizes)
    if [len(part) for part in parts] != sizes or _digest(parts).hex() != envelope.digest:
        raise DamagedEntryError("its payload does not match its checksum")
    return parts


def _codec(envelope: Envelope, policy: Policy) -> Codec:
    name = envelope.head["codec"]
    try:
        return policy.codec_named(name)
    except LookupError as error:
        raise ForeignEntryError(f"it was written with the codec {name!r}: {error}") from None


def _check_body(body: BodyBlob, envelope: Envelope) -> None:
    found = BodyHash(envelope.scheme)
    if body.size <= _STEP:
        found.update(body.read(0, body.size))
    else:
        step = memoryview(bytearray(_STEP))
        for offset in range(0, body.size, _STEP):
            piece = step[: min(_STEP, body.size - offset)]
            if body.readinto(offset, [piece]) != len(piece):
                break
            found.update(piece)
    if not body_is_whole(envelope, found):
        raise DamagedEntryError("its body does not match its checksum")


def _digest(parts: Sequence[Buffer]) -> bytes:
    if len(parts) == 1:
        return xxhash.xxh3_128_digest(parts[0])
    whole = xxhash.xxh3_128()
    for part in parts:
        whole.update(part)
    return whole.digest()
