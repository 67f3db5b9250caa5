"""Backend: a cache over any file system that fsspec opens."""

from __future__ import annotations

import os
import posixpath
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pyperunner_cache import BadURLError
from pyperunner_cache.backends import BytesBlob, key_of, safe_name, split_key, unsafe_name
from pyperunner_cache.backends.file import FileBackend
from pyperunner_cache.ports import Backend, Blob, BlobInfo, Buffer
from pyperunner_cache_fsspec.file_system import FileSystem, protocol_of, translating
from pyperunner_cache_fsspec.leases import Lease

__all__ = ["FsspecBackend", "LeasingBackend"]

_PREFIX = "result.dump."
_TEMPORARY = ".tmp-"
_QUARANTINE = ".quarantine"
_MOST_ASIDE = 20
_OWN_SCHEME = "fsspec:"
_SPOOL = 64 << 20
_LIST_EACH = 20
"""Up to this many names each name's folder is listed by itself, above it the whole store is."""
_DEAD_SECONDS = 86400.0
"""A temporary file to which nobody has written for so long has no writer any more, whatever the clocks say."""


class FsspecBackend:
    """Keeps each entry in an object ``<root>/<safe name>/<hash>/result.dump.<when and who>.gz``.

    No save uses a name that another has used. So a removal by name removes the very entry that was looked at, on any
    medium: a new entry lies beside it until whoever has saved it removes what it replaces. The newest one counts.

    Args:
        url: ``s3://bucket/path`` and the like; ``fsspec:<url>`` for a protocol without a scheme of its own here, such
            as ``fsspec:memory://cache``.
        storage_options: What fsspec is to open it with, such as ``{"endpoint_url": "http://localhost:9000"}``. They
            travel to the processes of a run; a run's record has them without what looks like a secret.
        lease: Seconds without a sign of life of a lock's holder after which another takes the lock over, where there
            are locks: on S3, Google Cloud Storage and Azure.
    """

    def __init__(self, url: str, *, storage_options: Mapping[str, Any] | None = None, lease: float = 15.0) -> None:
        self.url = url
        self._lease = lease
        self._system = FileSystem(url, storage_options or {})

    def __str__(self) -> str:
        return self.url

    @classmethod
    def from_url(cls, url: str, **options: Any) -> Backend:
        """Open the place that ``url`` names; nothing is contacted before it is asked for something.

        A folder of this machine is opened as one: with its modes, its locks, and nothing left behind.
        """
        target = url.removeprefix(_OWN_SCHEME)
        protocol, _, place = target.partition("://")
        if not place:
            raise BadURLError(url, "write scheme://place/path, such as 's3://bucket/cache'")
        if protocol_of(target) in ("file", "local") and "::" not in protocol:
            return FileBackend(place)
        if "@" in place.partition("/")[0]:
            raise BadURLError(f"{protocol}://…", "credentials belong into the environment")
        backend = cls(target, **options)
        return LeasingBackend(target, **options) if backend._system.creates_exclusively else backend

    @property
    def forbids_fork(self) -> bool:
        """Whether the library behind it hangs in a child of a process that has used it."""
        return self._system.hangs_after_fork

    def spec(self) -> dict[str, Any] | None:
        """Return URL and storage options; ``None`` for what lives in this process's memory."""
        if self._system.protocol == "memory":
            return None
        return {"url": _OWN_SCHEME + self.url, "storage_options": dict(self._system.options), "lease": self._lease}

    def missing(self, keys: Iterable[str]) -> set[str]:
        """List the folders that the keys lie in, or the whole store where they are many."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            wanted[safe_name(split_key(key)[0])].append(key)
        with translating("ask for", None, self.url):
            names = wanted if len(wanted) <= _LIST_EACH else [""]
            there = {found.folder for name in names for found in self._found(f"{self._system.root}/{name}".rstrip("/"))}
            return {key for some in wanted.values() for key in some if self._folder(key) not in there}

    def get(self, key: str) -> Blob:
        """Fetch the object; where a save has just put another one in its place, that one."""
        split_key(key)
        with translating("load", key, self.url):
            tried = None
            while (newest := self._newest(key)) is not None and newest.path != tried:
                try:
                    return _RemoteBlob(self._system.fs.cat_file(newest.path), newest)
                except FileNotFoundError:
                    tried = newest.path
        raise KeyError(key)

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Collect the chunks, upload them when they are complete, remove what was there before."""
        folder, suffix = self._folder(key), filename.removeprefix(_PREFIX)
        path = f"{folder}/{_PREFIX}{time.time_ns():x}-{os.urandom(4).hex()}.{suffix}"
        with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
            for chunk in chunks:
                with translating("save", key, "a temporary file of this machine"):
                    spool.write(chunk)
            size = spool.tell()
            spool.seek(0)
            with translating("save", key, self.url):
                old = self._found(folder)
                self._upload(spool, size, path)
                for each in old:
                    self._system.remove(each.path)
        return size

    def delete(self, key: str) -> bool:
        """Remove the object."""
        with translating("delete", key, self.url):
            return sum(self._system.remove(each.path) for each in self._found(self._folder(key))) > 0

    def remove(self, info: BlobInfo) -> bool:
        """Remove the object, whose name no other entry ever has."""
        with translating("delete", info.key, self.url):
            for each in self._found(self._folder(info.key)):
                if each.version == info.version:
                    return self._system.remove(each.path)
        return False

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List the store, or the folder of ``name``."""
        root = self._system.root
        with translating("list", None, self.url):
            found = self._found(root if name is None else f"{root}/{safe_name(name)}")
        for each in {each.folder: each for each in found}.values():
            key = self._key(each)
            if key is not None and (name is None or split_key(key)[0] == name):
                yield BlobInfo(key, each.size, each.modified, each.modified, each.version)

    def set_aside(self, key: str, blob: Blob) -> str | None:
        """Move the object into ``<root>/.quarantine``, where the last twenty stay."""
        if not isinstance(blob, _RemoteBlob):
            return None
        name = f"{time.time_ns():x}-{safe_name(key)[:150]}-{posixpath.basename(blob.found.path)}"
        target = f"{self._system.root}/{_QUARANTINE}/{name}"
        with translating("set aside", key, self.url):
            try:
                self._system.fs.mv(blob.found.path, target)
            except FileNotFoundError:
                return None
            for path in sorted(self._aside())[:-_MOST_ASIDE]:
                self._system.remove(path)
        return target

    def aside(self) -> tuple[int, int]:
        """Count the objects in ``<root>/.quarantine``."""
        with translating("list", None, self.url):
            kept = self._aside()
        return len(kept), sum(kept.values())

    def sweep(self, *, dry_run: bool = False, aside: bool = False) -> tuple[int, int]:
        """Remove what killed writers left: entries that a newer one has replaced, temporary files a day old."""
        gone = {}
        with translating("list", None, self.url):
            everything = self._system.find(self._system.root)
            found = self._entries(everything)
            newest = {each.folder: each.path for each in found}
            gone = {each.path: each.size for each in found if newest[each.folder] != each.path}
            for path, info in everything.items():
                if posixpath.basename(path).startswith(_TEMPORARY) and _when(info) < time.time() - _DEAD_SECONDS:
                    gone[path] = int(info["size"])
            gone |= self._aside() if aside else {}
        if not dry_run:
            with translating("delete", None, self.url):
                for path in gone:
                    self._system.remove(path)
        return len(gone), sum(gone.values())

    def close(self) -> None:
        """Forget the connection."""
        self._system.close()

    def _folder(self, key: str) -> str:
        name, digest = split_key(key)
        return f"{self._system.root}/{safe_name(name)}/{safe_name(digest)}"

    def _found(self, under: str) -> list[_Found]:
        """List the objects with entries below a folder, the newest one of each key last."""
        return self._entries(self._system.find(under))

    def _entries(self, listing: Mapping[str, Mapping[str, Any]]) -> list[_Found]:
        root, found = self._system.root, []
        for path, info in listing.items():
            parts = path.removeprefix(root).strip("/").split("/")
            if len(parts) == 3 and parts[2].startswith(_PREFIX):
                found.append(_Found(_when(info), path, int(info["size"]), _etag(info)))
        return sorted(found)

    def _newest(self, key: str) -> _Found | None:
        return max(self._found(self._folder(key)), default=None)

    def _key(self, found: _Found) -> str | None:
        own, digest = (unsafe_name(part) for part in found.folder.split("/")[-2:])
        if own is not None and digest is not None:
            return f"{own}/{digest}"
        with translating("list", None, self.url):  # the name was cut: the entry itself says it
            try:
                return key_of(BytesBlob(self._system.fs.cat_file(found.path), 0.0))
            except FileNotFoundError:
                return None

    def _aside(self) -> dict[str, int]:
        listing = self._system.find(f"{self._system.root}/{_QUARANTINE}")
        return {path: int(info["size"]) for path, info in listing.items()}

    def _upload(self, spool: Any, size: int, path: str) -> None:
        if self._system.is_atomic:
            self._write(spool, size, path)
            return
        folder = posixpath.dirname(path)
        self._system.fs.makedirs(folder, exist_ok=True)
        temporary = f"{folder}/{_TEMPORARY}{os.urandom(8).hex()}"
        try:
            self._write(spool, size, temporary)
            self._system.fs.mv(temporary, path)
        except BaseException:
            self._system.remove(temporary)
            raise

    def _write(self, spool: Any, size: int, path: str) -> None:
        if size <= _SPOOL:
            self._system.fs.pipe_file(path, spool.read())
            return
        spool.rollover()
        with self._system.fs.open(path, "wb") as target:
            while block := spool.read(8 << 20):
                target.write(block)


class LeasingBackend(FsspecBackend):
    """The same where an object can be made on condition that there is none, which locks are built of."""

    def lock(self, key: str, timeout: float | None = None) -> Lease:
        """Hold a lease of the key, which is renewed as long as this process lives."""
        split_key(key)
        return Lease(self._system, key, timeout, self._lease)


class _Found(NamedTuple):
    """An object with an entry; of two, the greater one is the newer."""

    modified: float
    path: str
    size: int
    etag: str

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def version(self) -> tuple[str, str, float]:
        # Entries of 0.2.0 were all called alike.
        return posixpath.basename(self.path), self.etag, self.modified


class _RemoteBlob(BytesBlob):
    def __init__(self, data: bytes, found: _Found) -> None:
        super().__init__(data, found.modified)
        self.found = found


def _when(info: Mapping[str, Any]) -> float:
    """Return epoch seconds of an object's last change, under whichever name the file system tells it."""
    for name in ("LastModified", "last_modified", "mtime", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, (int, float)):
            return float(value)
    return time.time()


def _etag(info: Mapping[str, Any]) -> str:
    """Return what the store says of an object's content, under whichever name."""
    return str(next((info[name] for name in ("ETag", "etag", "generation", "ino") if info.get(name)), ""))
