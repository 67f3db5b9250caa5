"""Backend: a cache over any file system that fsspec opens."""

from __future__ import annotations

import contextlib
import os
import posixpath
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

import fsspec

from pyperunner_cache import BadURLError
from pyperunner_cache.backends import BytesBlob, key_of, safe_name, split_key, translating, unsafe_name
from pyperunner_cache.ports import Blob, BlobInfo, Buffer

__all__ = ["FsspecBackend"]

_PREFIX = "result.dump."
_OWN_SCHEME = "fsspec:"
_ATOMIC = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl", "memory"})
"""Object stores: an object is there when its upload is complete. Elsewhere a temporary file is renamed."""
_SPOOL = 64 << 20
_LIST_EACH = 20
"""Up to this many names each name's folder is listed by itself, above it the whole store is."""


class FsspecBackend:
    """Keeps each entry in an object ``<root>/<safe name>/<hash>/result.dump.gz``.

    There are no locks: no file system that fsspec opens promises one across machines. Two makers of one entry both
    make it, and the last one's stays.

    Args:
        url: ``s3://bucket/path`` and the like; ``fsspec:<url>`` for a protocol without a scheme of its own here, such
            as ``fsspec:memory://cache``.
        storage_options: What fsspec is to open it with, such as ``{"endpoint_url": "http://localhost:9000"}``.
            Secrets belong into the environment: these options are part of `spec`.
    """

    def __init__(self, url: str, *, storage_options: Mapping[str, Any] | None = None) -> None:
        self.url = url
        self._options = dict(storage_options or {})
        self._opened: tuple[int, Any, str] | None = None

    def __str__(self) -> str:
        return self.url

    @classmethod
    def from_url(cls, url: str, **options: Any) -> FsspecBackend:
        """Open the place that ``url`` names; nothing is contacted before it is asked for something."""
        target = url.removeprefix(_OWN_SCHEME)
        if "://" not in target or not target.partition("://")[2]:
            raise BadURLError(url, "write scheme://place/path, such as 's3://bucket/cache'")
        if "@" in target.partition("://")[2].partition("/")[0]:
            raise BadURLError(target.partition("://")[0] + "://…", "credentials belong into the environment")
        return cls(target, **options)

    def spec(self) -> dict[str, Any] | None:
        """Return URL and storage options; ``None`` for what lives in this process's memory."""
        if self.url.startswith("memory://"):
            return None
        return {"url": _OWN_SCHEME + self.url, "storage_options": dict(self._options)}

    def missing(self, keys: Iterable[str]) -> set[str]:
        """List the folders that the keys lie in, or the whole store where they are many."""
        wanted: dict[str, list[str]] = defaultdict(list)
        for key in keys:
            wanted[safe_name(split_key(key)[0])].append(key)
        there = self._folders("") if len(wanted) > _LIST_EACH else set().union(*map(self._folders, wanted))
        return {key for some in wanted.values() for key in some if self._folder(key) not in there}

    def get(self, key: str) -> Blob:
        """Fetch the object."""
        with translating("load", key, self.url):
            path = self._located(key)
            if path is None:
                raise KeyError(key)
            fs = self._fs()[0]
            try:
                content = fs.cat_file(path)
                modified = _when(fs.info(path))
            except FileNotFoundError:
                raise KeyError(key) from None
            return BytesBlob(content, modified)

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Collect the chunks, upload them when they are complete, remove what lay there under another name."""
        folder = self._folder(key)
        with tempfile.SpooledTemporaryFile(_SPOOL) as spool:
            for chunk in chunks:
                spool.write(chunk)
            size = spool.tell()
            spool.seek(0)
            with translating("save", key, f"{self.url}: {folder}/{filename}"):
                old = self._files(folder)
                self._upload(spool, size, f"{folder}/{filename}")
                for path in old:
                    if posixpath.basename(path) != filename:
                        self._remove(path)
        return size

    def delete(self, key: str) -> bool:
        """Remove the object."""
        with translating("delete", key, self.url):
            return any(self._remove(path) for path in self._files(self._folder(key)))

    def remove(self, info: BlobInfo) -> bool:
        """Remove the object if it is still the listed one by size and time; not all stores tell more."""
        with translating("delete", info.key, self.url):
            for path, found in self._find(self._folder(info.key)).items():
                if posixpath.basename(path).startswith(_PREFIX):
                    same = (int(found["size"]), _when(found)) == (info.size, info.modified)
                    return same and self._remove(path)
        return False

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List the store, or the folder of ``name``."""
        fs, root = self._fs()
        under = root if name is None else f"{root}/{safe_name(name)}"
        with translating("list", None, self.url):
            found = self._find(under)
        for path, info in found.items():
            parts = path.removeprefix(root).strip("/").split("/")
            if len(parts) != 3 or not parts[2].startswith(_PREFIX):
                continue
            own, digest = unsafe_name(parts[0]), unsafe_name(parts[1])
            key: str | None
            key = key_of(BytesBlob(fs.cat_file(path), 0.0)) if own is None or digest is None else f"{own}/{digest}"
            if key is not None and (name is None or split_key(key)[0] == name):
                modified = _when(info)
                yield BlobInfo(key, int(info["size"]), modified, modified)

    def close(self) -> None:
        """Forget the connection; fsspec keeps its own pool."""
        self._opened = None

    def _fs(self) -> tuple[Any, str]:
        """Return file system and root, opened by this process: a connection does not survive a fork."""
        if self._opened is None or self._opened[0] != os.getpid():
            fresh = not self.url.startswith("memory:")
            fs, root = fsspec.core.url_to_fs(
                self.url, use_listings_cache=False, skip_instance_cache=fresh, **self._options
            )
            self._opened = os.getpid(), fs, root.rstrip("/")
        return self._opened[1], self._opened[2]

    def _folder(self, key: str) -> str:
        name, digest = split_key(key)
        return f"{self._fs()[1]}/{safe_name(name)}/{safe_name(digest)}"

    def _find(self, under: str) -> dict[str, Any]:
        fs = self._fs()[0]
        fs.invalidate_cache()
        try:
            return dict(fs.find(under, detail=True))
        except FileNotFoundError:
            return {}

    def _folders(self, name: str) -> set[str]:
        with translating("ask for", None, self.url):
            found = self._find(f"{self._fs()[1]}/{name}".rstrip("/"))
        return {posixpath.dirname(path) for path in found if posixpath.basename(path).startswith(_PREFIX)}

    def _files(self, folder: str) -> list[str]:
        return [path for path in self._find(folder) if posixpath.basename(path).startswith(_PREFIX)]

    def _located(self, key: str) -> str | None:
        files = self._files(self._folder(key))
        return max(files) if files else None

    def _upload(self, spool: Any, size: int, path: str) -> None:
        fs = self._fs()[0]
        protocol = {fs.protocol} if isinstance(fs.protocol, str) else set(fs.protocol)
        if protocol & _ATOMIC:
            self._write(fs, spool, size, path)
            return
        fs.makedirs(posixpath.dirname(path), exist_ok=True)
        temporary = f"{posixpath.dirname(path)}/.tmp-{os.urandom(8).hex()}"
        try:
            self._write(fs, spool, size, temporary)
            fs.mv(temporary, path)
        except BaseException:
            self._remove(temporary)
            raise

    @staticmethod
    def _write(fs: Any, spool: Any, size: int, path: str) -> None:
        if size <= _SPOOL:
            fs.pipe_file(path, spool.read())
            return
        spool.rollover()
        with fs.open(path, "wb") as target:
            while block := spool.read(8 << 20):
                target.write(block)

    def _remove(self, path: str) -> bool:
        fs = self._fs()[0]
        with contextlib.suppress(FileNotFoundError):
            fs.rm_file(path)
            return True
        return False


def _when(info: Mapping[str, Any]) -> float:
    """Return epoch seconds of an object's last change, under whichever name the file system tells it."""
    for name in ("LastModified", "last_modified", "mtime", "updated", "created"):
        value = info.get(name)
        if isinstance(value, datetime):
            return value.timestamp()
        if isinstance(value, (int, float)):
            return float(value)
    return time.time()
