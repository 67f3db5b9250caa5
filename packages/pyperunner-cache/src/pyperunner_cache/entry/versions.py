"""Versions: which save of a signed entry is the latest, so that a copy of an older one, or of another store's, is none.

A signature says that whoever has the key wrote an entry at some time, for some store. So a signed entry also names its
store and counts how often its key was saved; and the store keeps both under a name of its own, each signed.
"""

from __future__ import annotations

import contextlib
import os
import struct
import threading
import time
from typing import TYPE_CHECKING

import xxhash

from pyperunner_cache.errors import CacheError, ForeignEntryError
from pyperunner_cache.ports import SupportsLock, SupportsPeek

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from pyperunner_cache.entry.signing import SigningKey
    from pyperunner_cache.ports import Backend
    from pyperunner_cache.schema import Head

__all__ = ["NAME", "STORE", "Versions", "record_of"]

NAME = ".files"
"""The name under which a store keeps what is no entry; 0.2.0 kept nothing but markers of values with files there."""
STORE = f"{NAME}/store"
_FILENAME = "result.dump.gz"
"""Not that it were one: it is the name that is looked for first."""
_MAC = 32
_COUNT = struct.Struct(">Q")
_SECONDS = 10.0


def record_of(key: str) -> str:
    """Return the key under which the count of ``key`` lies."""
    return f"{NAME}/count-{xxhash.xxh3_128_hexdigest(key.encode('utf-8', 'surrogatepass'))}"


class Versions:
    """What a store says of its signed entries.

    Args:
        backend: Where it is kept, beside them.
        signing_key: Signs it.
    """

    def __init__(self, backend: Backend, signing_key: SigningKey) -> None:
        self._backend, self._signing_key = backend, signing_key
        self._open = backend.peek if isinstance(backend, SupportsPeek) else backend.get
        self._store: bytes | None = None
        self._saving: set[tuple[int, str]] = set()

    @contextlib.contextmanager
    def one_at_a_time(self, key: str) -> Iterator[None]:
        """Let one save of ``key`` after the other take its number, put its entry and note the number.

        Else the entry of one and the number of another could be there in the end, and both saves, that have said
        done, be worth nothing. On a medium without locks nothing keeps them apart. A save that comes in the middle of
        another one in its thread, from a signal's handler, waits for none.
        """
        mine = threading.get_ident(), key
        with contextlib.ExitStack() as stack:
            if isinstance(self._backend, SupportsLock) and mine not in self._saving:
                self._saving.add(
                    mine
                )  # before the lock is taken, until it is given back: a handler may come in between
                stack.callback(self._saving.discard, mine)
                with contextlib.suppress(OSError):
                    stack.enter_context(self._backend.lock(record_of(key)))
            yield

    def next(self, key: str) -> tuple[bytes, int]:
        """Return what the next entry of ``key`` says of itself: its store, and the number of its version.

        That is the time, so that it is also above those of entries whose count has gone with them, unless a clock that
        was ahead has given a greater one.
        """
        return self._identity(), max((self._count(key) or 0) + 1, time.time_ns())

    def note(self, key: str, count: int) -> None:
        """Note that the version of that number has been put; earlier ones are worth nothing from now on."""
        self._put(record_of(key), key, _COUNT.pack(count))

    def counts(self, keys: Iterable[str]) -> dict[str, int | None]:
        """Return the number of the latest version of each key, ``None`` where nothing says it."""
        return {key: self._count(key) for key in keys}

    def check(self, key: str, head: Head, counts: Mapping[str, int | None]) -> None:
        """Return if an entry with a valid signature is the latest version of ``key`` in this store.

        Args:
            key: Under which it lies.
            head: What it says of itself.
            counts: What `counts` said of some keys.

        Raises:
            ForeignEntryError: It is not, or nothing says so.
        """
        known = counts[key] if key in counts else self._count(key)
        if "count" not in head and "store" not in head:
            if known is not None:
                raise ForeignEntryError("it is an older version of what was saved last")
            return  # signed by 0.2.0, and not saved since
        if known is None:
            raise ForeignEntryError("nothing in the store says which version of it is the latest")
        if head.get("store") != self._known_store():
            raise ForeignEntryError("it was signed for another store")
        if head.get("count", 0) < known:
            raise ForeignEntryError("it is an older version of what was saved last")

    def _count(self, key: str) -> int | None:
        content = self._get(record_of(key), key)
        if content is None or len(content) != _COUNT.size:
            return None
        count: int = _COUNT.unpack(content)[0]
        return count

    def _known_store(self) -> bytes | None:
        if self._store is None:
            self._store = self._get(STORE, STORE)
        return self._store

    def _identity(self) -> bytes:
        """Return what tells this store from all others; it is drawn when the first entry is signed."""
        known = self._known_store()
        if known is not None:
            return known
        lock = self._backend.lock(STORE, _SECONDS) if isinstance(self._backend, SupportsLock) else None
        with lock or contextlib.nullcontext():
            known = self._known_store()
            if known is None:
                known = self._store = os.urandom(16)
                self._put(STORE, STORE, known)
        return known

    def _get(self, place: str, key: str) -> bytes | None:
        try:
            blob = self._open(place)
        except (KeyError, CacheError):
            return None
        try:
            content = bytes(blob.read(0, 64))
        finally:
            blob.close()
        content, mac = content[:-_MAC], content[-_MAC:]
        return content if self._signing_key.has_signed(_said(key, content), mac) else None

    def _put(self, place: str, key: str, content: bytes) -> None:
        self._backend.put(place, [content + self._signing_key.sign(_said(key, content))], _FILENAME)


def _said(key: str, content: bytes) -> bytes:
    return b"pyperunner version\0" + content + key.encode("utf-8", "surrogatepass")
