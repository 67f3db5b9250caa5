"""Tiered backend: reads fill a near store, writes go to both; what is there, the far one says."""

from __future__ import annotations

import contextlib
import os
import warnings
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple

from pyperunner_cache.backends.names import split_key
from pyperunner_cache.errors import (
    BadURLError,
    CacheError,
    CacheWarning,
    LockTimeoutError,
    ReadOnlyStoreError,
    StorageError,
    StoreFullError,
)
from pyperunner_cache.maintenance.amounts import parse_size
from pyperunner_cache.maintenance.file_values import remove
from pyperunner_cache.maintenance.garbage_collection import collect
from pyperunner_cache.ports import (
    Backend,
    Blob,
    BlobInfo,
    Buffer,
    ForbidsFork,
    SupportsFork,
    SupportsLock,
    SupportsPeek,
    SupportsRemove,
    SupportsSetAside,
    SupportsSweep,
    SupportsTally,
    SupportsTouch,
)
from pyperunner_cache.registry import open_backend
from pyperunner_cache.tiered.address import Address
from pyperunner_cache.tiered.far_blob import FarBlob, filename_of, is_same, pieces
from pyperunner_cache.tiered.owed import Owed, is_marker

__all__ = ["TieredBackend"]

_FAILURES = (StorageError, LockTimeoutError)
_PATIENCE = 10.0
_TOGETHER = 1000


class TieredBackend:
    """A near backend before a far one.

    The far store says what there is, gives the locks, and keeps to the limits of the store. The near one holds copies,
    within a limit of its own, and what the far one has not taken yet. Its abilities are those that its parts have.

    Args:
        near: The backend that is asked first.
        far: The backend that counts.
        near_max_size: Bytes, or text such as ``"20GB"``, above which copies leave ``near``, least recently used first.
        writes: ``"both"``; or ``"later"``: a save is done when ``near`` has it, and ``gc()`` hands it on.
    """

    def __init__(
        self, near: Backend, far: Backend, *, near_max_size: str | int | None = None, writes: str = "both"
    ) -> None:
        self.parts = near, far
        self._near, self._far = near, far
        self._limit = None if near_max_size is None else parse_size(near_max_size)
        self._near_max_size, self._writes = near_max_size, writes
        self._owed = Owed(near)
        self._settled = False
        self._said: set[str] = set()
        shared = [part.shared for part in self.parts if hasattr(part, "shared")]
        self.shared = bool(shared) and all(shared)
        self.survives_fork = all(isinstance(part, SupportsFork) and part.survives_fork for part in self.parts)
        self.forbids_fork = any(isinstance(part, ForbidsFork) and part.forbids_fork for part in self.parts)
        roots = [root for part in self.parts if isinstance(root := getattr(part, "root", None), str)]
        if roots:
            self.root = roots[0]
        self._take_abilities()

    def _take_abilities(self) -> None:
        near, far = self._near, self._far
        if isinstance(far, SupportsLock):
            self.lock = far.lock
        if isinstance(far, SupportsTally):
            self.tally = far.tally
        if isinstance(far, SupportsRemove):
            self.remove = self._remove
        if isinstance(near, SupportsTouch):
            self.touch = self._touch
        if isinstance(far, SupportsSetAside):
            self.set_aside, self.aside = self._set_aside, far.aside
        if any(isinstance(part, SupportsSweep) for part in self.parts):
            self.sweep = self._sweep
        if isinstance(near, SupportsPeek) and isinstance(far, SupportsPeek):
            self.peek = self._peek

    def __str__(self) -> str:
        return f"{self._far} (near: {self._near})"

    @classmethod
    def from_url(
        cls,
        url: str,
        *,
        near: str | os.PathLike[str] | None = None,
        far: str | os.PathLike[str] | None = None,
        near_max_size: str | int | None = None,
        writes: str | None = None,
        storage_options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> TieredBackend:
        """Open ``tiered://?near=/scratch/cache&far=s3://bucket/cache``; each part may be an option instead.

        Args:
            url: The address.
            near: The near store, where the address does not say it.
            far: The far store.
            near_max_size: See the class.
            writes: See the class.
            storage_options: The options of each part: ``{"far": {"storage_options": {"endpoint_url": …}}}``.
        """
        given = {"near": near, "far": far, "near_max_size": near_max_size, "writes": writes}
        address = Address.parse(url, {name: value for name, value in given.items() if value is not None})
        options = dict(storage_options or {})
        parts = [
            open_backend(place, options.pop(name, {})) for name, place in address._asdict().items() if name in _PARTS
        ]
        if options:
            raise TypeError(f"storage_options are those of 'near' and of 'far', not of {next(iter(options))!r}")
        if parts[0].spec() is not None and parts[0].spec() == parts[1].spec():
            raise BadURLError(url, "near and far are the same store")
        if address.near_max_size is not None and not isinstance(parts[0], SupportsTally):
            raise BadURLError(url, "near_max_size needs a near store in files, in SQLite or in memory")
        return cls(*parts, near_max_size=address.near_max_size, writes=address.writes)

    def spec(self) -> dict[str, Any] | None:
        """Return one URL, and the options of both parts."""
        near, far = self._near.spec(), self._far.spec()
        if near is None or far is None:
            return None
        limit = None if self._near_max_size is None else str(self._near_max_size)
        url = Address(near.pop("url"), far.pop("url"), limit, self._writes).url()
        options = {name: value for name, value in (("near", near), ("far", far)) if value}
        return {"url": url, "storage_options": options} if options else {"url": url}

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Ask the far store, and of what it has not got, whether that is owed; where it is down, the near one."""
        wanted = list(keys)
        if not self._owed.is_down():
            try:
                absent = self._far.missing(wanted)
            except _FAILURES as error:
                self._note_failure("asked", error)
            else:
                return absent - self._owed.among(absent)
        return self._near.missing(wanted)

    def get(self, key: str) -> Blob:
        """Open the near copy; without one, make it."""
        return self._found(key, self._near.get, self._far.get)

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Write into both; where only the near store takes it, it is owed to the far one."""
        split_key(key)
        content = list(chunks)
        size = sum(memoryview(chunk).nbytes for chunk in content)
        near_fault = self._put_near(key, content, filename)
        if near_fault is None and (self._writes == "later" or self._owed.is_down()):
            self._owe(key, content, filename)
            return size
        try:
            self._far.put(key, content, filename)
        except _FAILURES as error:
            if near_fault is not None:
                raise
            self._note_failure("written to", error)
            self._owe(key, content, filename)
            return size
        with contextlib.suppress(StorageError):
            self._owed.forget(key)
            if not self._settled:
                self._settle()
        return size

    def delete(self, key: str) -> bool:
        """Remove the entry from the far store, then the near copy."""
        found = self._far.delete(key)
        with self._alone(key):
            copied = self._near.delete(key)
            if not self._owed.among([key]):
                return found
            self._owed.forget(key)
            return found or copied

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List the far store, and what it is owed."""
        yield from self._far.scan(name)
        owed = self._owed.everything()
        owed = self._far.missing(owed) if owed else owed
        for info in self._near.scan(name) if owed else ():
            if info.key in owed:
                yield info._replace(version=_NearVersion(info.version))

    def close(self) -> None:
        """Let go of both."""
        self._near.close()
        self._far.close()

    def _found(self, key: str, near: Any, far: Any) -> Blob:
        try:
            found: Blob = near(key)
            return found
        except KeyError:
            pass
        except StorageError as error:
            self._warn("near", f"the near store {self._near} cannot be read: {error}")
        if self._owed.is_down():
            raise StorageError("load", key, str(self._far), "it did not answer a moment ago")
        try:
            blob = FarBlob(far(key), bool(getattr(self._far, "shared", False)))
        except _FAILURES as error:
            self._note_failure("read", error)
            raise
        if blob.others is not None:
            return blob  # a copy would no longer say who may have written it
        try:
            self._fill(key, blob)
            copied: Blob = near(key)
        except (KeyError, StorageError) as error:
            if isinstance(error, StorageError):
                self._warn("near", f"the near store {self._near} takes no copies: {error}")
            return blob
        blob.close()
        return copied

    def _peek(self, key: str) -> Blob:
        assert isinstance(self._near, SupportsPeek)
        assert isinstance(self._far, SupportsPeek)
        try:
            return self._near.peek(key)
        except KeyError:
            return FarBlob(self._far.peek(key), bool(getattr(self._far, "shared", False)))

    def _fill(self, key: str, blob: FarBlob) -> None:
        with self._alone(key):
            if self._near.missing([key]):  # or somebody has just saved a newer one
                self._near.put(key, pieces(blob), filename_of(blob))
        self._keep_within(key)

    def _put_near(self, key: str, content: list[Buffer], filename: str) -> StorageError | None:
        try:
            with self._alone(key):
                self._near.put(key, content, filename)
            self._keep_within(key)
        except StorageError as error:
            with contextlib.suppress(StorageError):
                self._near.delete(key)
            if not self._near.missing([key]):
                raise  # the old copy would be read instead of the new entry
            self._warn("near", f"the near store {self._near} takes no copies: {error}")
            return error
        return None

    def _keep_within(self, key: str) -> None:
        if self._limit is not None and isinstance(self._near, SupportsTally) and self._near.tally() > self._limit:
            keep = {key, *self._owed.everything(), *self._owed.markers()}
            collect(self._near, self._limit * 9 // 10, None, keep)

    def _owe(self, key: str, content: list[Buffer], filename: str) -> None:
        with self._alone(key):
            self._owed.note(key)
            if self._near.missing([key]):  # somebody has removed it as a copy meanwhile
                self._near.put(key, content, filename)
        self._settled = False

    def _settle(self) -> None:
        """Hand on what is owed."""
        self._settled = True
        for key in self._owed.everything():
            with self._alone(key), contextlib.suppress(KeyError):
                if not self._owed.among([key]):
                    continue
                with contextlib.closing(self._near.get(key)) as blob:
                    self._far.put(key, pieces(blob), filename_of(blob))
            self._owed.forget(key)
        self._owed.note_up()

    def _remove(self, info: BlobInfo) -> bool:
        if isinstance(info.version, _NearVersion):
            with self._alone(info.key):
                gone = remove(self._near, info._replace(version=info.version.version))
                if gone:
                    self._owed.forget(info.key)
            return gone
        gone = remove(self._far, info)
        if gone:
            with self._alone(info.key):
                if not self._owed.among([info.key]):
                    self._near.delete(info.key)
        return gone

    def _touch(self, key: str, blob: Blob) -> None:
        if isinstance(self._near, SupportsTouch) and not isinstance(blob, FarBlob):
            self._near.touch(key, blob)

    def _set_aside(self, key: str, blob: Blob) -> str | None:
        """Set the far entry aside if it is damaged in the same way; if not, only the copy is, and goes."""
        assert isinstance(self._far, SupportsSetAside)
        if isinstance(blob, FarBlob):
            return self._far.set_aside(key, blob.blob)
        place = None
        with contextlib.suppress(KeyError), contextlib.closing(self._far.get(key)) as other:
            if is_same(blob, other):
                place = self._far.set_aside(key, other)
        with self._alone(key), contextlib.suppress(KeyError), contextlib.closing(self._near.get(key)) as now:
            if is_same(blob, now):
                self._near.delete(key)
                self._owed.forget(key)
        return place

    def _sweep(self, *, dry_run: bool = False, aside: bool = False) -> tuple[int, int]:
        """Hand on what is owed; sweep both; remove copies of what the far store has not got any more."""
        if not dry_run:
            self._settle()
        found = [part.sweep(dry_run=dry_run, aside=aside) for part in self.parts if isinstance(part, SupportsSweep)]
        infos = (info for info in self._near.scan() if not is_marker(info.key))
        while some := list(islice(infos, _TOGETHER)):
            absent = self._far.missing([info.key for info in some])
            stale = [info for info in some if info.key in absent - self._owed.among(absent)]
            found += [(1, info.size) for info in stale if dry_run or remove(self._near, info)]
        return sum(count for count, _ in found), sum(size for _, size in found)

    @contextlib.contextmanager
    def _alone(self, key: str) -> Iterator[None]:
        """Keep others away from a near copy for a moment, as far as the near store can."""
        with contextlib.ExitStack() as stack:
            if isinstance(self._near, SupportsLock):
                with contextlib.suppress(CacheError):
                    stack.enter_context(self._near.lock(key, _PATIENCE))
            yield

    def _note_failure(self, what: str, error: Exception) -> None:
        is_down = not isinstance(error, (ReadOnlyStoreError, StoreFullError))
        if not is_down or self._owed.note_down():
            kept = "what is saved stays in the near store, which hands it on later"
            self._warn(
                "far", f"the far store {self._far} cannot be {what}, so the near one stands in ({kept}): {error}"
            )

    def _warn(self, part: str, text: str) -> None:
        if part not in self._said:
            self._said.add(part)
            warnings.warn(text, CacheWarning, stacklevel=6)


_PARTS = ("near", "far")


class _NearVersion(NamedTuple):
    """The version of an entry that only the near store has."""

    version: Any
