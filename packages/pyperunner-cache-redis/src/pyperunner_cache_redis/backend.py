"""Backend: a cache in a server that speaks the protocol of Redis."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from pyperunner_cache import BadURLError
from pyperunner_cache.backends import BytesBlob, key_digest, split_key
from pyperunner_cache.ports import Blob, BlobInfo, Buffer
from pyperunner_cache_redis import scripts
from pyperunner_cache_redis.leases import Lease
from pyperunner_cache_redis.server import Server, translating

__all__ = ["RedisBackend"]

_CHUNK = 32 << 20
"""Bytes of a string on the server, which takes no more than 512 MiB, and whose clients wait while it is moved."""
_UNCOMMITTED_SECONDS = 86_400
_MOST_ASIDE = 20
_TOGETHER = 1000
_TOUCH_AFTER = 60.0
_TRIES = 10


class RedisBackend:
    """Keeps entries in a server of Redis or Valkey, whole or not at all.

    Args:
        url: ``redis://host:6379/0``, or ``rediss://`` for TLS. ``?prefix=`` names the store: what its keys there begin
            with (``pyperunner`` by default), so that several can share a database.
        storage_options: Arguments of ``redis.Redis``, such as ``{"ssl_ca_certs": "ca.pem"}``. They travel to processes
            of a run; a run's record has them without what looks like a secret.
        lease: Seconds without a sign of life of a lock's holder after which another takes the lock over.
    """

    def __init__(self, url: str, *, storage_options: Mapping[str, Any] | None = None, lease: float = 15.0) -> None:
        address, prefix = _address(url)
        self.url = url
        self._lease = lease
        self._server = Server(address, storage_options or {})
        # The braces keep all keys of a store in one slot of a cluster, which scripts ask for.
        self._prefix = b"{" + prefix.encode("utf-8", "surrogatepass") + b"}"
        self._names = self._prefix + b":names"
        self._set_aside = self._prefix + b":aside"

    def __str__(self) -> str:
        return self.url

    @classmethod
    def from_url(cls, url: str, **options: Any) -> RedisBackend:
        """Open the store that ``url`` names; nothing is contacted before it is asked for something."""
        return cls(url, **options)

    def spec(self) -> dict[str, Any]:
        """Return URL and options."""
        return {"url": self.url, "storage_options": dict(self._server.options), "lease": self._lease}

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Ask for the keys of each name, all in one trip."""
        wanted: dict[str, list[str]] = {}
        for key in keys:
            wanted.setdefault(split_key(key)[0], []).append(key)
        absent: set[str] = set()
        if not wanted:
            return absent
        with translating("ask for", None, self.url):
            pipeline = self._server.client.pipeline(transaction=False)
            asked = [(name, some) for name, all_of in wanted.items() for some in _parted(all_of)]
            for name, some in asked:
                pipeline.hmget(self._hash(b"n", name), [_field(key) for key in some])
            for (_, some), found in zip(asked, pipeline.execute(), strict=True):
                absent.update(key for key, text in zip(some, found, strict=True) if text is None)
        return absent

    def get(self, key: str) -> Blob:
        """Fetch the entry; where a save has just put another one in its place, that one."""
        name, _ = split_key(key)
        keys = [self._prefix, self._hash(b"n", name), self._hash(b"u", name)]
        with translating("load", key, self.url):
            for _ in range(_TRIES):
                found = self._server.call(scripts.OPEN, keys, [_field(key)])
                if found is None:
                    raise KeyError(key)
                entry = _Entry.parse(found[0])
                content = self._content(entry, found[2])
                if content is not None:
                    return _RemoteBlob(content, entry, float(found[1] or entry.modified))
        # Nobody replaces an entry so often: its bytes are gone, as of a server that evicts what it likes.
        self._remove(key, entry.version)
        raise KeyError(key)

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Upload the chunks beside what is there, then let them take its place."""
        name, _ = split_key(key)
        version, size, count = os.urandom(12).hex(), 0, 0
        try:
            for piece in _pieces(chunks):
                with translating("save", key, self.url):
                    self._server.client.set(self._chunk(version, count), piece, ex=_UNCOMMITTED_SECONDS)
                size, count = size + len(piece), count + 1
            with translating("save", key, self.url):
                keys = [self._prefix, self._hash(b"n", name), self._hash(b"u", name), self._names]
                self._server.call(scripts.COMMIT, keys, [_bytes(name), _field(key), version, size, count])
        except BaseException:
            self._forget(version, count)
            raise
        return size

    def delete(self, key: str) -> bool:
        """Remove the entry."""
        with translating("delete", key, self.url):
            return self._remove(key, "")

    def remove(self, info: BlobInfo) -> bool:
        """Remove the entry if it is still the listed one, whose version no other has."""
        with translating("delete", info.key, self.url):
            return self._remove(info.key, str(info.version))

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List the entries of a name, or of all names."""
        with translating("list", None, self.url):
            names = [_bytes(name)] if name is not None else sorted(self._server.client.smembers(self._names))
        for each in names:
            text = each.decode("utf-8", "surrogatepass")
            used_at = self._hash(b"u", text)
            for fields in self._listed(self._hash(b"n", text)):
                with translating("list", None, self.url):
                    uses = self._server.client.hmget(used_at, list(fields))
                for (field, entry), used in zip(fields.items(), uses, strict=True):
                    key = f"{text}/{field.decode('utf-8', 'surrogatepass')}"
                    at = entry.modified
                    yield BlobInfo(key, entry.size, at, float(used or at), entry.version)

    def lock(self, key: str, timeout: float | None = None) -> Lease:
        """Hold a lease of the key, which is renewed as long as this process lives."""
        split_key(key)
        return Lease(self._server, self._prefix + b":l:" + key_digest(key).encode(), key, timeout, self._lease)

    def touch(self, key: str, blob: Blob) -> None:
        """Note the time, at most once a minute."""
        if isinstance(blob, _RemoteBlob) and abs(time.time() - blob.used) > _TOUCH_AFTER:
            name, _ = split_key(key)
            try:
                with translating("touch", key, self.url):
                    self._server.call(scripts.TOUCH, [self._hash(b"n", name), self._hash(b"u", name)], [_field(key)])
            except OSError:
                pass  # a server that may only be read

    def tally(self, *, recount: bool = False) -> int:
        """Return the sum that the server keeps."""
        with translating("count the bytes of", None, self.url):
            if recount:
                return int(self._server.call(scripts.RECOUNT, [self._prefix, self._names]))
            return int(self._server.client.get(self._prefix + b":bytes") or 0)

    def set_aside(self, key: str, blob: Blob) -> str | None:
        """Take the entry out of the store; its bytes stay for a look, of the last twenty."""
        if not isinstance(blob, _RemoteBlob):
            return None
        name, _ = split_key(key)
        keys = [self._prefix, self._hash(b"n", name), self._hash(b"u", name), self._names, self._set_aside]
        with translating("set aside", key, self.url):
            args = [_bytes(name), _field(key), blob.entry.version, _MOST_ASIDE]
            gone = self._server.call(scripts.SET_ASIDE, keys, args)
        return f"{self._chunk(blob.entry.version, 0).decode('utf-8', 'replace')} of {self.url}" if gone else None

    def aside(self) -> tuple[int, int]:
        """Count what was set aside."""
        with translating("list", None, self.url):
            kept = [_Entry.parse(text) for text in self._server.client.lrange(self._set_aside, 0, -1)]
        return len(kept), sum(entry.size for entry in kept)

    def sweep(self, *, dry_run: bool = False, aside: bool = False) -> tuple[int, int]:
        """Remove what was set aside; what killed writers have left goes by itself within a day."""
        count = size = 0
        while aside and not dry_run:
            with translating("delete", None, self.url):
                text = self._server.client.lpop(self._set_aside)
                if text is None:
                    break
                entry = _Entry.parse(text)
                self._forget(entry.version, entry.chunks)
            count, size = count + 1, size + entry.size
        return self.aside() if aside and dry_run else (count, size)

    def close(self) -> None:
        """Let go of the connections."""
        self._server.close()

    def _hash(self, kind: bytes, name: str) -> bytes:
        return self._prefix + b":" + kind + b":" + _bytes(name)

    def _chunk(self, version: str, number: int) -> bytes:
        return self._prefix + f":d:{version}:{number}".encode()

    def _content(self, entry: _Entry, first: bytes) -> bytes | bytearray | None:
        """Return the bytes of an entry; ``None`` where they have been replaced meanwhile."""
        if entry.chunks <= 1:
            return first if len(first) == entry.size else None
        content, end = bytearray(entry.size), 0
        for number in range(entry.chunks):
            piece = first if number == 0 else self._server.client.get(self._chunk(entry.version, number))
            if not piece:
                return None
            content[end : end + len(piece)] = piece
            end += len(piece)
        return content if end == len(content) == entry.size else None

    def _remove(self, key: str, version: str) -> bool:
        name, _ = split_key(key)
        keys = [self._prefix, self._hash(b"n", name), self._hash(b"u", name), self._names]
        return bool(self._server.call(scripts.REMOVE, keys, [_bytes(name), _field(key), version]))

    def _forget(self, version: str, count: int) -> None:
        import contextlib

        with contextlib.suppress(Exception):  # they run out by themselves
            for number in range(count + 1):
                self._server.client.delete(self._chunk(version, number))

    def _listed(self, hash_: bytes) -> Iterator[dict[bytes, _Entry]]:
        """Yield the entries of a name in parts, each once: the server may tell of one twice."""
        seen: set[bytes] = set()
        cursor: Any = 0
        while True:
            with translating("list", None, self.url):
                cursor, found = self._server.client.hscan(hash_, cursor, count=_TOGETHER)
            fresh = {field: _Entry.parse(text) for field, text in found.items() if field not in seen}
            seen.update(fresh)
            if fresh:
                yield fresh
            if not cursor:
                return


class _Entry(NamedTuple):
    """What the server says of an entry."""

    version: str
    size: int
    chunks: int
    modified: float

    @classmethod
    def parse(cls, text: bytes) -> _Entry:
        version, size, chunks, modified = text.decode().split(" ")
        return cls(version, int(size), int(chunks), float(modified))


class _RemoteBlob(BytesBlob):
    def __init__(self, data: Buffer, entry: _Entry, used: float) -> None:
        super().__init__(data, entry.modified)
        self.entry, self.used = entry, used


def _address(url: str) -> tuple[str, str]:
    """Return the server's own URL, and the prefix.

    Raises:
        BadURLError: It is no such URL, or has credentials in it.
    """
    parts = urlsplit(url)
    if "@" in parts.netloc:
        place = f"{parts.scheme}://…"
        raise BadURLError(place, "credentials belong into REDIS_USERNAME and REDIS_PASSWORD, or into storage_options")
    number = parts.path.strip("/")
    if not parts.netloc or (number and not number.isdecimal()) or parts.fragment:
        raise BadURLError(url, "write redis://host:6379/0, or rediss:// for TLS, and ?prefix=… for a store of its own")
    query = parse_qsl(parts.query, keep_blank_values=True)
    for name, _ in query:
        if name in ("username", "password"):
            raise BadURLError(f"{parts.scheme}://{parts.netloc}…", "credentials belong into the environment")
    prefix = dict(query).get("prefix", "pyperunner")
    if not prefix or any(char in prefix for char in "{}"):
        raise BadURLError(url, "its prefix is empty or has braces in it")
    rest = urlencode([(name, value) for name, value in query if name != "prefix"])
    return urlunsplit((parts.scheme, parts.netloc, parts.path, rest, "")), prefix


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _field(key: str) -> bytes:
    return _bytes(split_key(key)[1])


def _parted(keys: list[str]) -> Iterator[list[str]]:
    left = iter(keys)
    while some := list(islice(left, _TOGETHER)):
        yield some


def _pieces(chunks: Iterable[Buffer]) -> Iterator[bytes]:
    """Yield the joined chunks in pieces of at most ``_CHUNK`` bytes; one that is empty for nothing at all."""
    waiting, size, some = [], 0, False
    for chunk in chunks:
        view = memoryview(chunk).cast("B") if memoryview(chunk).nbytes else memoryview(b"")
        while len(view):
            part = view[: _CHUNK - size]
            waiting.append(part)
            size, view = size + len(part), view[len(part) :]
            if size == _CHUNK:
                yield b"".join(waiting)
                waiting, size, some = [], 0, True
    if waiting or not some:
        yield b"".join(waiting)
