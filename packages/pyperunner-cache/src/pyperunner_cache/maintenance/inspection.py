"""Inspection: what is in a store, and what is wrong with it."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Callable
from contextlib import nullcontext
from itertools import chain, islice
from typing import TYPE_CHECKING

from pyperunner_cache.errors import DamagedEntryWarning, MissingEntryError
from pyperunner_cache.maintenance.file_values import entries_of, survey
from pyperunner_cache.maintenance.progress import Progress, watched
from pyperunner_cache.ports import SupportsSetAside
from pyperunner_cache.side_by_side import WAITING, side_by_side

if TYPE_CHECKING:
    from pyperunner_cache.ports import Backend, BlobInfo
    from pyperunner_cache.schema import Stat, Verified

__all__ = ["describe", "verify"]

_TOGETHER = 50
"""Entries that one thread checks in one go."""
_SMALL = 64 << 10
"""Bytes of an entry of which many may be in memory, unpacked."""


def describe(backend: Backend) -> Stat:
    """Count entries, damaged entries and orphans; changes nothing."""
    count, size, orphans, orphan_bytes = survey(backend)
    aside, aside_bytes = backend.aside() if isinstance(backend, SupportsSetAside) else (0, 0)
    return {
        "entries": count,
        "bytes": size,
        "aside": aside,
        "aside_bytes": aside_bytes,
        "orphans": orphans,
        "orphan_bytes": orphan_bytes,
    }


def verify(
    backend: Backend, check: Callable[[str], None], name: str | None, progress: Progress | None = None
) -> Verified:
    """Run ``check`` on every entry, or on those of ``name``; it raises `MissingEntryError` for an unusable one.

    Many small entries are read at once, for each waits for the disk; of large ones no more than one is in memory.
    """
    alone = threading.Lock()

    def faults(infos: list[BlobInfo]) -> list[tuple[str, MissingEntryError | None]]:
        found = []
        for info in infos:
            with alone if info.size > _SMALL else nullcontext():
                found.append((info.key, _fault(check, info.key)))
        return found

    checked, damaged = 0, {}
    entries = watched(entries_of(backend, name), progress)
    first, rest = list(islice(entries, _TOGETHER)), iter(lambda: list(islice(entries, _TOGETHER)), [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DamagedEntryWarning)
        for found in chain([faults(first)], side_by_side(faults, rest, WAITING)):
            for key, fault in found:
                if fault is not None and fault.absent:
                    continue
                if fault is not None:
                    damaged[key] = fault.reason
                checked += 1
    return {"checked": checked, "damaged": damaged}


def _fault(check: Callable[[str], None], key: str) -> MissingEntryError | None:
    try:
        check(key)
    except MissingEntryError as error:
        return error
    return None
