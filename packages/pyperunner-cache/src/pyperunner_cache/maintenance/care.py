"""Looking after a store: what is in it, what is wrong with it, what can go."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypedDict

from pyperunner_cache.capabilities import supports
from pyperunner_cache.errors import DamagedEntryWarning, MissingEntryError
from pyperunner_cache.maintenance.amounts import parse_duration, parse_size
from pyperunner_cache.maintenance.file_markers import entries_of, sweep_markers
from pyperunner_cache.ports import SupportsSetAside, SupportsSweep

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend, BlobInfo

__all__ = ["Collected", "Stat", "Verified", "collect", "describe", "verify"]


class Stat(TypedDict):
    """What `Cache.stat` counts."""

    entries: int
    bytes: int
    """Bytes that all entries take."""
    aside: int
    """Damaged entries kept for inspection."""
    aside_bytes: int
    orphans: int
    """What killed writers left behind."""
    orphan_bytes: int


class Verified(TypedDict):
    """What `Cache.verify` found."""

    checked: int
    damaged: dict[str, str]
    """Key and what is wrong, for each unusable entry."""


class Collected(TypedDict):
    """What `Cache.gc` removed."""

    evicted: int
    evicted_bytes: int
    orphans: int
    """Leftovers of dead writers and damaged entries."""
    orphan_bytes: int


def describe(backend: Backend) -> Stat:
    """Count entries, damaged entries and orphans; changes nothing."""
    count = size = 0
    for info in entries_of(backend):
        count, size = count + 1, size + info.size
    aside = backend.aside() if supports(backend, SupportsSetAside) else (0, 0)
    orphans = backend.sweep(dry_run=True) if supports(backend, SupportsSweep) else (0, 0)
    return {
        "entries": count,
        "bytes": size,
        "aside": aside[0],
        "aside_bytes": aside[1],
        "orphans": orphans[0],
        "orphan_bytes": orphans[1],
    }


def verify(backend: Backend, check: Callable[[str], None], name: str | None) -> Verified:
    """Run ``check`` on every entry, or on those of ``name``; it raises `MissingEntryError` for an unusable one."""
    checked, damaged = 0, {}
    for info in list(entries_of(backend, name)):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", DamagedEntryWarning)
                check(info.key)
        except MissingEntryError as error:
            if error.absent:
                continue
            damaged[info.key] = error.reason
        checked += 1
    return {"checked": checked, "damaged": damaged}


def collect(
    backend: Backend,
    max_size: str | int | None,
    max_age: str | float | None,
    keep: Iterable[str],
    dry_run: bool,
) -> Collected:
    """Sweep orphans, then evict what is too old, then the least recently used until the rest is small enough."""
    limit = None if max_size is None else parse_size(max_size)
    oldest = None if max_age is None else time.time() - parse_duration(max_age)
    orphans = backend.sweep(dry_run=dry_run, aside=True) if supports(backend, SupportsSweep) else (0, 0)
    evicted = [] if limit is None and oldest is None else _choose(backend, limit, oldest, set(keep))
    count = size = 0
    for info in evicted:
        if dry_run or backend.delete(info.key):
            count, size = count + 1, size + info.size
    if not dry_run:
        sweep_markers(backend)
    return {"evicted": count, "evicted_bytes": size, "orphans": orphans[0], "orphan_bytes": orphans[1]}


def _choose(backend: Backend, limit: int | None, oldest: float | None, keep: set[str]) -> list[BlobInfo]:
    entries = sorted(entries_of(backend), key=lambda info: info.used)
    total = sum(info.size for info in entries)
    chosen = []
    for info in entries:
        too_old = oldest is not None and info.used < oldest
        too_much = limit is not None and total > limit
        if (too_old or too_much) and info.key not in keep:
            chosen.append(info)
            total -= info.size
    return chosen
