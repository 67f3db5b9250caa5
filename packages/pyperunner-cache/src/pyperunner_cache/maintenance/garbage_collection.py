"""Collection: entries that are too old or too many go, and what dead writers left."""

from __future__ import annotations

import math
import time
import warnings
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from pyperunner_cache.errors import CacheError, CacheWarning
from pyperunner_cache.maintenance.amounts import parse_duration, parse_size
from pyperunner_cache.maintenance.file_values import entries_of, removed, sweep_markers
from pyperunner_cache.maintenance.progress import Progress, watched
from pyperunner_cache.ports import SupportsSweep, SupportsTally

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend, BlobInfo
    from pyperunner_cache.schema import Collected

__all__ = ["clear", "collect", "keep_within", "recount"]


def collect(
    backend: Backend,
    max_size: str | int | None,
    max_age: str | float | None,
    keep: Iterable[str] = (),
    *,
    dry_run: bool = False,
    progress: Progress | None = None,
) -> Collected:
    """Sweep orphans, then evict what is too old, then the least recently used until the rest is small enough."""
    limit = None if max_size is None else parse_size(max_size)
    oldest = None if max_age is None else parse_duration(max_age)
    orphans = backend.sweep(dry_run=dry_run, aside=True) if isinstance(backend, SupportsSweep) else (0, 0)
    count = size = 0
    if limit is not None or oldest is not None:
        chosen = _evictable(backend, limit, oldest, set(keep), progress)
        for info in chosen if dry_run else removed(backend, chosen):
            count, size = count + 1, size + info.size
    if not dry_run:
        sweep_markers(backend)
    return {"evicted": count, "evicted_bytes": size, "orphans": orphans[0], "orphan_bytes": orphans[1]}


def clear(backend: Backend, name: str | None) -> int:
    """Remove all entries, or those of ``name``; return how many went."""
    gone = sum(1 for _ in removed(backend, entries_of(backend, name)))
    if name is None:
        sweep_markers(backend, everything=True)
    return gone


def keep_within(backend: Backend, limit: int, key: str) -> None:
    """Evict down to nine tenths of ``limit`` once it is passed, so that not every save has to.

    The entry of ``key`` was just saved, and stays saved where this fails: then it is warned of.
    """
    try:
        if isinstance(backend, SupportsTally) and backend.tally() > limit:
            collect(backend, limit * 9 // 10, None, (key,))
            if backend.tally() > limit:
                recount(backend)  # somebody else has removed entries, such as a person
    except CacheError as error:
        warnings.warn(f"the store was not kept within {limit:,} bytes: {error}", CacheWarning, stacklevel=4)


def recount(backend: Backend) -> None:
    """Set the running total of bytes right."""
    if isinstance(backend, SupportsTally):
        backend.tally(recount=True)


def _evictable(
    backend: Backend, limit: int | None, oldest: float | None, keep: set[str], progress: Progress | None
) -> Iterator[BlobInfo]:
    """Yield what is to go, in two walks: a million entries do not fit into memory, their ages and sizes do."""
    now = time.time()
    ages, sizes, total = array("d"), array("q"), 0
    for info in watched(entries_of(backend), progress):
        total += info.size
        if info.key not in keep:
            ages.append(_age(info, now))
            sizes.append(info.size)
    last, left = _youngest_to_go(ages, sizes, math.inf if limit is None else limit - total, oldest)
    for info in watched(entries_of(backend), progress):
        age = _age(info, now)
        if info.key in keep or age < last or (age == last and not left):
            continue
        left -= age == last
        yield info


def _youngest_to_go(
    ages: Sequence[float], sizes: Sequence[int], room: float, oldest: float | None
) -> tuple[float, int]:
    """Return the age of the youngest entry that has to go, and how many of that age.

    Args:
        ages: In seconds.
        sizes: In bytes, in the same order.
        room: How many bytes more could be there; negative where there are too many.
        oldest: The greatest age that may stay.
    """
    last, many = math.inf, 0
    for at in sorted(range(len(ages)), key=ages.__getitem__, reverse=True):
        if room >= 0 and (oldest is None or ages[at] <= oldest):
            break
        room += sizes[at]
        last, many = ages[at], many + 1 if ages[at] == last else 1
    return last, many


def _age(info: BlobInfo, now: float) -> float:
    # What a clock that was ahead has stamped is as old as it is far ahead, or it would never be old.
    return abs(now - info.used)
