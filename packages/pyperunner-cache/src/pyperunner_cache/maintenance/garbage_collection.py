"""Collection: entries that are too old or too many go, and what dead writers left."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterable
from typing import TYPE_CHECKING

from pyperunner_cache.errors import CacheError, CacheWarning
from pyperunner_cache.maintenance.amounts import parse_duration, parse_size
from pyperunner_cache.maintenance.file_values import entries_of, sweep_markers
from pyperunner_cache.ports import SupportsRemove, SupportsSweep, SupportsTally

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend, BlobInfo
    from pyperunner_cache.schema import Collected

__all__ = ["clear", "collect", "keep_within", "recount"]


def collect(
    backend: Backend,
    max_size: str | int | None,
    max_age: str | float | None,
    keep: Iterable[str],
    dry_run: bool,
) -> Collected:
    """Sweep orphans, then evict what is too old, then the least recently used until the rest is small enough."""
    limit = None if max_size is None else parse_size(max_size)
    oldest = None if max_age is None else parse_duration(max_age)
    orphans = backend.sweep(dry_run=dry_run, aside=True) if isinstance(backend, SupportsSweep) else (0, 0)
    evicted = [] if limit is None and oldest is None else _choose(backend, limit, oldest, set(keep))
    count = size = 0
    for info in evicted:
        if dry_run or _remove(backend, info):
            count, size = count + 1, size + info.size
    if not dry_run:
        sweep_markers(backend)
    return {"evicted": count, "evicted_bytes": size, "orphans": orphans[0], "orphan_bytes": orphans[1]}


def clear(backend: Backend, name: str | None) -> int:
    """Remove all entries, or those of ``name``; return how many went."""
    gone = sum(_remove(backend, info) for info in list(entries_of(backend, name)))
    if name is None:
        sweep_markers(backend, everything=True)
    return gone


def _remove(backend: Backend, info: BlobInfo) -> bool:
    """Remove a listed entry, and not one that has replaced it since where the backend can tell them apart."""
    return backend.remove(info) if isinstance(backend, SupportsRemove) else backend.delete(info.key)


def keep_within(backend: Backend, limit: int, key: str) -> None:
    """Evict down to nine tenths of ``limit`` once it is passed, so that not every save has to.

    The entry of ``key`` was just saved, and stays saved where this fails: then it is warned of.
    """
    try:
        if isinstance(backend, SupportsTally) and backend.tally() > limit:
            collect(backend, limit * 9 // 10, None, (key,), False)
            recount(backend)
    except CacheError as error:
        warnings.warn(f"the store was not kept within {limit:,} bytes: {error}", CacheWarning, stacklevel=4)


def recount(backend: Backend) -> None:
    """Set the running total of bytes right."""
    if isinstance(backend, SupportsTally):
        backend.tally(recount=True)


def _choose(backend: Backend, limit: int | None, oldest: float | None, keep: set[str]) -> list[BlobInfo]:
    now = time.time()
    # What a clock that was ahead has stamped is as old as it is far ahead, or it would never be old.
    entries = sorted(entries_of(backend), key=lambda info: abs(now - info.used), reverse=True)
    total = sum(info.size for info in entries)
    chosen = []
    for info in entries:
        too_old = oldest is not None and abs(now - info.used) > oldest
        too_much = limit is not None and total > limit
        if (too_old or too_much) and info.key not in keep:
            chosen.append(info)
            total -= info.size
    return chosen
