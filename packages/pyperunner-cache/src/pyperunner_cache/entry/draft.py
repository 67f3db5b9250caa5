"""Draft: an entry that is being written, from the parts of a value to the bytes of the file."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from pyperunner_cache.entry.envelope import (
    CHECKED,
    PLAIN,
    SIGNED,
    BodyHash,
    build_head,
    build_tail,
    payload_digest,
)
from pyperunner_cache.system import usable_cores

if TYPE_CHECKING:
    from pyperunner_cache.entry.reading import Policy
    from pyperunner_cache.entry.signing import SigningKey
    from pyperunner_cache.ports import Backend, Buffer, Codec
    from pyperunner_cache.schema import Receipt

__all__ = ["Draft", "put_entry"]

_HASH_ASIDE_FROM = 16 << 20
"""From this size on the payload is hashed by a thread of its own, while the system writes."""


_PLAIN_FIELDS = frozenset({"meta"})
"""What a head may hold of an entry that every store loads: no class or pickle, file or other entry, no signature."""
_PLAIN_CODECS = frozenset({"gzip", "raw"})


def put_entry(
    backend: Backend,
    key: str,
    parts: Sequence[Buffer],
    codec: Codec,
    fields: Mapping[str, object],
    policy: Policy,
    for_others: Buffer | None = None,
) -> Receipt:
    """Write an entry; where the store signs, as the next version of its key.

    Args:
        backend: Where it goes.
        key: Under which it will lie.
        parts: What `pack` made of the value.
        codec: How the parts become a body.
        fields: More for the head, such as ``meta``.
        policy: Says how entries are signed.
        for_others: A file that is to lie beside it, where the backend is one of files (``SupportsBeside``).
    """
    put_beside = getattr(backend, "put_beside", None)
    if put_beside is not None:
        put_beside(key, for_others)
    if policy.versions is None:
        return _put(backend, key, parts, codec, fields, policy)
    with policy.versions.one_at_a_time(key):
        store, count = policy.versions.next(key)
        receipt = _put(backend, key, parts, codec, {**fields, "store": store, "count": count}, policy)
        policy.versions.note(key, count)
    return receipt


def _put(
    backend: Backend, key: str, parts: Sequence[Buffer], codec: Codec, fields: Mapping[str, object], policy: Policy
) -> Receipt:
    draft = Draft(key, parts, codec, fields, policy.signing_key)
    # Looking through SupportsPlain with isinstance would take longer.
    plain = codec.name in _PLAIN_CODECS and fields.keys() <= _PLAIN_FIELDS
    put = getattr(backend, "put_plain", backend.put) if plain else backend.put
    size = put(key, draft.chunks(), codec.filename)
    return {"digest": draft.digest, "size": size}


class Draft:
    """An entry that is being written; its ``digest`` is known once all chunks have been taken.

    Args:
        key: Under which it will lie.
        parts: What `pack` made of the value.
        codec: How the parts become a body.
        fields: More for the head, such as ``meta``.
        signing_key: Signs the entry where it is given.
    """

    def __init__(
        self,
        key: str,
        parts: Sequence[Buffer],
        codec: Codec,
        fields: Mapping[str, object],
        signing_key: SigningKey | None,
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
            yield self._head
            for chunk in self._codec.encode(self._parts):
                body.update(chunk)
                yield chunk
        finally:
            if hashing is not None:
                hashing.join()
        if hashing is None:
            self._hash()
        yield build_tail(self._head, self._digest, self._payload_size, scheme, body, self._signing_key)

    def _hash(self) -> None:
        self._digest = payload_digest(self._parts)
