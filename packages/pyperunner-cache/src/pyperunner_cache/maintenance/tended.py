"""The part of a cache that looks after its entries as a whole: list, count, verify, evict, clear."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypedDict

from pyperunner_cache.capabilities import supports
from pyperunner_cache.maintenance.care import Collected, Stat, Verified, collect, describe, verify
from pyperunner_cache.maintenance.file_markers import entries_of, sweep_markers
from pyperunner_cache.ports import Backend, SupportsTally

__all__ = ["EntryInfo", "Tended"]

_PROBE_KEY = f".probe/{0:032x}"


class EntryInfo(TypedDict):
    """What `Cache.entries` says of one entry."""

    key: str
    size: int
    """Bytes the entry takes."""
    modified: float
    """Epoch seconds at which it was stored."""


class Tended:
    """The methods of a cache that concern its entries as a whole; what makes one of them sound is the subclass's."""

    backend: Backend
    _max_size: int | None

    def _check(self, key: str) -> None:
        """Read the entry of ``key`` and check its sums."""
        raise NotImplementedError("a subclass says what a sound entry is")

    def probe(self) -> None:
        """Return if entries can be stored just now: one is made and removed.

        Raises:
            StoreError: They can not, with the cause.
        """
        self.backend.put(_PROBE_KEY, [b"probe"], "result.dump.probe")
        self.backend.delete(_PROBE_KEY)

    def entries(self, name: str | None = None) -> Iterator[EntryInfo]:
        """Yield every entry, or those whose key begins with ``name/``, in no particular order."""
        for info in entries_of(self.backend, name):
            yield {"key": info.key, "size": info.size, "modified": info.modified}

    def stat(self) -> Stat:
        """Count entries, their bytes, damaged entries set aside, and orphans; changes nothing."""
        return describe(self.backend)

    def verify(self, name: str | None = None) -> Verified:
        """Read every entry, or those of ``name``, and check every checksum; what is damaged is set aside.

        Nothing is rebuilt, so no pickle is executed.
        """
        return verify(self.backend, self._check, name)

    def gc(
        self,
        max_size: str | int | None = None,
        max_age: str | float | None = None,
        keep: Iterable[str] = (),
        *,
        dry_run: bool = False,
    ) -> Collected:
        """Remove what dead writers left and what was set aside, then the least recently used entries.

        Safe while others read and write: an entry that goes is a miss to them, and no living writer's file is touched.

        Args:
            max_size: Bytes, or text such as ``"20GB"``, that entries may take afterwards.
            max_age: Seconds, or text such as ``"7d"``, since an entry was last used.
            keep: Keys that stay whatever the limits say.
            dry_run: Only say what would go.

        Raises:
            BadSizeError: A limit says no amount.
        """
        done = collect(self.backend, max_size, max_age, keep, dry_run)
        if self._max_size is not None and not dry_run and supports(self.backend, SupportsTally):
            self.backend.tally(total=sum(info.size for info in self.backend.scan()))
        return done

    def clear(self, name: str | None = None) -> int:
        """Remove all entries, or those of ``name``, and what was set aside; return how many entries went."""
        gone = sum(self.backend.delete(info.key) for info in list(entries_of(self.backend, name)))
        if name is None:
            sweep_markers(self.backend, everything=True)
            self.gc()
        return gone

    def _keep_within(self, limit: int, added: int, key: str) -> None:
        """Evict down to nine tenths of ``limit`` once it is passed, so that not every save has to."""
        if supports(self.backend, SupportsTally) and self.backend.tally(added) > limit:
            collect(self.backend, limit * 9 // 10, None, (key,), False)
            self.backend.tally(total=sum(info.size for info in self.backend.scan()))
