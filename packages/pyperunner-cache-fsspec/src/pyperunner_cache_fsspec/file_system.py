"""File system: the one of fsspec behind a URL, what it can do, and what its errors are to the cache."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import fsspec

from pyperunner_cache import BadURLError, CacheError, ReadOnlyStoreError, StorageError

__all__ = ["FileSystem", "protocol_of", "translating"]

_OBJECT_STORES = frozenset({"s3", "s3a", "gs", "gcs", "az", "abfs", "abfss", "adl"})
_ATOMIC = _OBJECT_STORES | {"memory"}
"""Where an object is there when its upload is complete. Elsewhere a temporary file is renamed."""
_HANG_AFTER_FORK = ("obstore", "fsspec.implementations.arrow", "gcsfs.extended")
"""Where the modules lie whose libraries (Rust's tokio, Java, gRPC) keep threads that a forked child waits for."""


_REFUSALS = ("PreconditionFailed", "ConditionalRequestConflict", "ConditionNotMet", "BlobAlreadyExists")


class FileSystem:
    """A place that fsspec opens, opened when it is needed and again in a process that was forked since.

    Args:
        url: ``protocol://place/path``.
        options: What fsspec is to open it with.
    """

    def __init__(self, url: str, options: Mapping[str, Any]) -> None:
        self.url, self.options = url, dict(options)
        self.protocol = protocol_of(url)
        self._opened: tuple[int, Any, str] | None = None

    @property
    def fs(self) -> Any:
        """The file system."""
        return self._open()[0]

    @property
    def root(self) -> str:
        """The store's folder, as the file system names it."""
        return self._open()[1]

    @property
    def is_atomic(self) -> bool:
        """Whether what is written under a name is there whole or not at all."""
        return self.protocol in _ATOMIC

    @property
    def creates_exclusively(self) -> bool:
        """Whether of several that make an object only one can, by a conditional write."""
        kind = self._kind(self.protocol)
        return (
            self.protocol in _OBJECT_STORES
            and "mode" in inspect.signature(getattr(kind, "_pipe_file", kind.pipe_file)).parameters
        )

    @property
    def hangs_after_fork(self) -> bool:
        """Whether a child that is forked from a process which has used it waits for threads that it does not have."""
        kinds = (self._kind(part.partition("://")[0]) for part in self.url.split("::"))
        return any(cls.__module__.startswith(_HANG_AFTER_FORK) for kind in kinds for cls in kind.__mro__)

    def find(self, under: str) -> dict[str, dict[str, Any]]:
        """Return what is said of each file below a folder, by path."""
        self.fs.invalidate_cache()
        try:
            return dict(self.fs.find(under, detail=True))
        except FileNotFoundError:
            return {}

    def remove(self, path: str) -> bool:
        """Remove a file; say whether it was there, as far as that is known."""
        try:
            self.fs.rm_file(path)
        except FileNotFoundError:
            return False
        return True

    def create(self, path: str, data: bytes) -> bool:
        """Make an object unless there is one; say so."""
        try:
            self.fs.pipe_file(path, data, mode="create")
        except FileExistsError:
            return False
        except Exception as error:
            if _is_refused(error):
                return False
            raise
        return True

    def close(self) -> None:
        """Forget the connection; fsspec keeps its own pool."""
        self._opened = None

    def _open(self) -> tuple[Any, str]:
        if self._opened is None or self._opened[0] != os.getpid():
            fresh = self.protocol != "memory"
            fs, root = fsspec.core.url_to_fs(
                self.url, use_listings_cache=False, skip_instance_cache=fresh, **self.options
            )
            self._opened = os.getpid(), fs, root.rstrip("/")
        return self._opened[1], self._opened[2]

    def _kind(self, protocol: str) -> Any:
        try:
            return fsspec.get_filesystem_class(protocol)
        except (ImportError, ValueError) as error:  # what it needs is not installed, or there is none of that name
            raise BadURLError(self.url, str(error)) from None


def protocol_of(url: str) -> str:
    """Return the protocol that is opened first: ``simplecache`` of ``simplecache::s3://bucket``."""
    return url.partition("::")[0].partition("://")[0].lower()


@contextmanager
def translating(action: str, key: str | None, place: str) -> Iterator[None]:
    """Turn whatever a file system raises in the block into the cache's errors: most have exceptions of their own."""
    try:
        yield
    except (CacheError, MemoryError):
        raise
    except Exception as error:
        writes = isinstance(error, PermissionError) and action in ("save", "delete", "lock")
        kind = ReadOnlyStoreError if writes else StorageError
        name = "" if isinstance(error, OSError) else f"{type(error).__name__}: "
        text = (error.strerror if isinstance(error, OSError) else "") or str(error) or type(error).__name__
        raise kind(action, key, place, name + text) from error


def _is_refused(error: Exception) -> bool:
    """Say whether an error means that a condition of a write was not met (HTTP 412, or 409 beside another write)."""
    statuses = {str(getattr(error, name, "")) for name in ("code", "status", "status_code")}
    text = f"{error} {error.__cause__}"
    return "412" in statuses or any(sign in text for sign in _REFUSALS)
